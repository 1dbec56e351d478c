package io.shigoto.internal.job;

import io.shigoto.event.JobEvent;
import io.shigoto.event.JobListener;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.BufferOverflowStrategy;
import reactor.core.publisher.Flux;
import reactor.core.publisher.FluxSink;
import reactor.core.scheduler.Scheduler;

/** Tells everybody who listens. Costs next to nothing while nobody does. */
public final class Events {

  private static final Logger LOG = LoggerFactory.getLogger(Events.class);

  /** How many are handed over at once, beside those in the buffer. */
  private static final int HANDED_OVER = 256;

  private final String node;
  private final List<JobListener> listeners;

  public Events(String node, List<JobListener> listeners) {
    this.node = node;
    this.listeners = new CopyOnWriteArrayList<>(listeners);
  }

  /** Whether anybody listens. */
  public boolean heard() {
    return !listeners.isEmpty();
  }

  /**
   * From now on, until cancelled, on a thread of the subscriber's own: however long it takes for an
   * event, nobody else waits. What it does not take in time beyond {@code buffer} is dropped,
   * oldest first.
   *
   * @param scheduler where subscribers are called, each on a thread of its own
   */
  public Flux<JobEvent> stream(int buffer, Scheduler scheduler) {
    return Flux.defer(
        () -> {
          AtomicLong dropped = new AtomicLong();
          return Flux.create(this::join, FluxSink.OverflowStrategy.IGNORE)
              .onBackpressureBuffer(
                  buffer, event -> drop(dropped), BufferOverflowStrategy.DROP_OLDEST)
              .doOnCancel(() -> tellDropped(dropped.get()))
              .publishOn(scheduler, HANDED_OVER)
              // The node has stopped: nothing more will happen.
              .onErrorResume(RejectedExecutionException.class, stopped -> Flux.never());
        });
  }

  private void join(FluxSink<JobEvent> sink) {
    JobListener listener = sink::next;
    listeners.add(listener);
    sink.onDispose(() -> listeners.remove(listener));
  }

  private void drop(AtomicLong dropped) {
    if (dropped.getAndIncrement() == 0) {
      LOG.atWarn()
          .addKeyValue("node", node)
          .log("a subscriber to events is behind, the oldest are dropped");
    }
  }

  private void tellDropped(long dropped) {
    if (dropped > 0) {
      LOG.atWarn()
          .addKeyValue("node", node)
          .addKeyValue("count", dropped)
          .log("events were dropped for a subscriber");
    }
  }

  public void ofRun(
      JobEvent.Kind kind, RunKey run, @Nullable Duration took, @Nullable String detail) {
    if (heard()) {
      tell(
          new JobEvent(
              kind, node, run.id(), run.queue(), run.worker(), run.attempt(), null, took, detail));
    }
  }

  public void ofProgress(RunKey run, int percent) {
    if (heard()) {
      tell(
          new JobEvent(
              JobEvent.Kind.PROGRESS,
              node,
              run.id(),
              run.queue(),
              run.worker(),
              run.attempt(),
              percent,
              null,
              null));
    }
  }

  public void ofJob(
      JobEvent.Kind kind, long id, String queue, String worker, @Nullable String detail) {
    if (heard()) {
      tell(new JobEvent(kind, node, id, queue, worker, null, null, null, detail));
    }
  }

  public void ofQueue(JobEvent.Kind kind, String queue, int count, Duration took) {
    if (heard()) {
      tell(new JobEvent(kind, node, null, queue, null, null, count, took, null));
    }
  }

  public void ofQueue(JobEvent.Kind kind, String queue) {
    if (heard()) {
      tell(new JobEvent(kind, node, null, queue, null, null, null, null, null));
    }
  }

  public void ofShedding(String queue, int level, @Nullable String lowest) {
    if (heard()) {
      tell(
          new JobEvent(
              JobEvent.Kind.LOAD_SHED, node, null, queue, null, null, level, null, lowest));
    }
  }

  public void ofWorker(
      JobEvent.Kind kind,
      String worker,
      @Nullable Integer count,
      @Nullable Duration time,
      @Nullable String detail) {
    if (heard()) {
      tell(new JobEvent(kind, node, null, null, worker, null, count, time, detail));
    }
  }

  public void ofBroadcast(
      JobEvent.Kind kind,
      String topic,
      @Nullable Integer attempt,
      @Nullable Duration took,
      String detail) {
    if (heard()) {
      tell(new JobEvent(kind, node, null, null, topic, attempt, null, took, detail));
    }
  }

  public void ofNode(JobEvent.Kind kind, String detail) {
    if (heard()) {
      tell(new JobEvent(kind, node, null, null, null, null, null, null, detail));
    }
  }

  public void of(Aftermath what) {
    if (heard()) {
      RunKey job = what.run();
      Integer count = what.count() == 0 ? null : (int) what.count();
      tell(
          new JobEvent(
              what.kind(),
              node,
              job.id(),
              job.queue(),
              job.worker(),
              job.attempt(),
              count,
              null,
              what.detail()));
    }
  }

  private void tell(JobEvent event) {
    for (JobListener listener : listeners) {
      try {
        listener.on(event);
      } catch (Throwable broken) {
        LOG.atWarn()
            .addKeyValue("event", event.kind())
            .addKeyValue("error", broken.getClass().getName())
            .addKeyValue("at", Failure.place(broken))
            .log("a listener failed");
      }
    }
  }
}
