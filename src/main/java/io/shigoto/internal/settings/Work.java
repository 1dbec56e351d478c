package io.shigoto.internal.settings;

import io.shigoto.internal.context.Propagation;
import io.shigoto.job.ContextEntry;
import io.shigoto.worker.Middleware;
import io.shigoto.worker.ReactiveWorker;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import reactor.core.scheduler.Scheduler;
import tools.jackson.databind.json.JsonMapper;

/**
 * What is run, and how.
 *
 * @param middleware around all runs, the outermost first
 * @param travelling entries of the Context that a run has from its enqueue
 * @param json writes and reads what the application gives
 * @param maxPayload how many bytes each of that may have
 * @param scheduler where it is called; null: one of the node's own
 */
public record Work(
    List<ReactiveWorker<?>> workers,
    List<Middleware> middleware,
    List<ContextEntry<?>> travelling,
    JsonMapper json,
    int maxPayload,
    @Nullable Scheduler scheduler) {

  public Work {
    workers = List.copyOf(workers);
    middleware = List.copyOf(middleware);
    travelling = List.copyOf(travelling);
    Objects.requireNonNull(json, "mapper");
    if (maxPayload < 2) {
      throw new IllegalArgumentException(
          "maxPayload must be at least 2 bytes, but is " + maxPayload);
    }
  }

  /** No workers. */
  public static Work none(int maxPayload) {
    return new Work(
        List.of(), List.of(), List.of(), JsonMapper.builder().build(), maxPayload, null);
  }

  /** With one more. */
  public Work worker(ReactiveWorker<?> worker) {
    return new Work(
        with(workers, Objects.requireNonNull(worker, "worker")),
        middleware,
        travelling,
        json,
        maxPayload,
        scheduler);
  }

  /** With one more. */
  public Work middleware(Middleware inner) {
    return new Work(
        workers,
        with(middleware, Objects.requireNonNull(inner, "middleware")),
        travelling,
        json,
        maxPayload,
        scheduler);
  }

  /** With one more. */
  public Work propagate(ContextEntry<?> entry) {
    String name = Objects.requireNonNull(entry, "entry").name();
    if (Propagation.isOfTrace(name)) {
      throw new IllegalArgumentException("the trace context travels by itself: '" + name + "'");
    }
    if (travelling.stream().anyMatch(other -> other.name().equals(name))) {
      throw new IllegalArgumentException("Context entry is given twice: '" + name + "'");
    }
    return new Work(workers, middleware, with(travelling, entry), json, maxPayload, scheduler);
  }

  /** Written and read by this. */
  public Work json(JsonMapper mapper) {
    return new Work(workers, middleware, travelling, mapper, maxPayload, scheduler);
  }

  /** So long at most. */
  public Work maxPayload(int bytes) {
    return new Work(workers, middleware, travelling, json, bytes, scheduler);
  }

  /** Called there. */
  public Work on(Scheduler scheduler) {
    return new Work(
        workers,
        middleware,
        travelling,
        json,
        maxPayload,
        Objects.requireNonNull(scheduler, "scheduler"));
  }

  private static <T> List<T> with(List<T> those, T another) {
    return Stream.concat(those.stream(), Stream.of(another)).toList();
  }
}
