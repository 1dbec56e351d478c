package io.shigoto.batch;

import io.shigoto.job.IfNotCompleted;
import io.shigoto.job.Name;
import io.shigoto.job.NewJob;
import io.shigoto.worker.ReactiveWorker;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A batch to be opened: who is called back when all its jobs have ended. Immutable; its text form
 * leaves out args.
 */
public final class NewBatch {

  private final NewJob callback;

  private NewBatch(NewJob callback) {
    this.callback = callback;
  }

  /**
   * A batch with a callback that this node has registered.
   *
   * @param callback the worker's class; its name and defaults are taken from the registered
   *     instance, except that a callback is not unique
   * @param args what the callback finds in {@link FinishedBatch#args}: anything Jackson can write
   */
  public static <A> NewBatch of(
      Class<? extends ReactiveWorker<FinishedBatch<A>>> callback, A args) {
    @SuppressWarnings("unchecked") // the rest of what the worker takes is put around it
    Class<? extends ReactiveWorker<A>> worker =
        (Class<? extends ReactiveWorker<A>>) (Class<?>) callback;
    return new NewBatch(NewJob.of(Objects.requireNonNull(worker, "callback"), args));
  }

  /**
   * A batch with a callback by its name; this node need not know it, another may serve it.
   *
   * @param callback the worker's name, 1 to 255 characters
   * @param args what the callback finds in {@link FinishedBatch#args}: anything Jackson can write
   */
  public static NewBatch of(String callback, Object args) {
    return new NewBatch(NewJob.of(Name.require("callback", callback), args));
  }

  /**
   * The same batch with options for the job of its callback: queue, priority, maxAttempts, tags,
   * meta, partitionKey. It runs when the batch has finished, so it has no time of its own; it
   * belongs to no batch, depends on nothing, and is not unique.
   *
   * @param options such as {@code job -> job.queue("reports").priority(5)}
   * @throws IllegalArgumentException for any other option, and for another worker or other args
   */
  public NewBatch callback(UnaryOperator<NewJob> options) {
    NewJob changed =
        Objects.requireNonNull(
            Objects.requireNonNull(options, "options").apply(callback), "callback");
    NewJob.Options given = changed.options();
    refuse("another worker", isFor(changed, callback) ? null : changed);
    refuse("other args", changed.args() == callback.args() ? null : "some");
    refuse("scheduledAt", given.scheduledAt());
    refuse("delay", given.delay());
    refuse("unique", given.unique());
    refuse("batch", given.batch());
    refuse("dependsOn", given.dependsOn().isEmpty() ? null : given.dependsOn());
    refuse(
        "ifNotCompleted",
        given.ifNotCompleted() == IfNotCompleted.RUN ? null : given.ifNotCompleted());
    return new NewBatch(changed);
  }

  private static boolean isFor(NewJob one, NewJob other) {
    return Objects.equals(one.workerClass(), other.workerClass())
        && Objects.equals(one.workerName(), other.workerName());
  }

  private static void refuse(String option, @Nullable Object value) {
    if (value != null) {
      throw new IllegalArgumentException(
          "the callback of a batch cannot have " + option + ", but has " + value);
    }
  }

  /** The job of its callback, with the arguments that were given. */
  public NewJob callback() {
    return callback;
  }

  @Override
  public String toString() {
    return "NewBatch[callback=" + callback + "]";
  }
}
