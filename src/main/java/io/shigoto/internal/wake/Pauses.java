package io.shigoto.internal.wake;

import io.shigoto.event.JobEvent;
import io.shigoto.internal.flow.Nudge;
import io.shigoto.internal.job.Bell;
import io.shigoto.internal.job.Events;
import io.shigoto.internal.job.News;
import java.util.Set;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;

/**
 * Which queues are paused, as far as this node has seen. What it does not know yet does no harm:
 * the claim asks the table itself.
 */
public final class Pauses implements Bell {

  private static final Logger LOG = LoggerFactory.getLogger(Pauses.class);

  private final Wakeups wakeups;
  private final Events events;
  private final Nudge changed = new Nudge();
  private volatile Set<String> paused = Set.of();

  public Pauses(Wakeups wakeups, Events events) {
    this.wakeups = wakeups;
    this.events = events;
  }

  /** Whether a queue is paused. */
  public boolean isPaused(String queue) {
    return paused.contains(queue);
  }

  /** Reasons to look which queues are paused. */
  public Flux<Boolean> looks() {
    return changed.looks();
  }

  /** These are paused, and no others. Not for two threads at once. */
  public void saw(Set<String> now) {
    Set<String> before = paused;
    paused = Set.copyOf(now);
    now.stream()
        .filter(Predicate.not(before::contains))
        .forEach(queue -> tell(JobEvent.Kind.QUEUE_PAUSED, "paused", queue));
    before.stream()
        .filter(Predicate.not(now::contains))
        .forEach(queue -> tell(JobEvent.Kind.QUEUE_RESUMED, "resumed", queue));
  }

  @Override
  public void ring(News news) {
    if (news.pauses()) {
      changed.give();
    }
  }

  @Override
  public void everything() {
    changed.give();
  }

  private void tell(JobEvent.Kind kind, String what, String queue) {
    LOG.atInfo().addKeyValue("queue", queue).log("queue {}", what);
    events.ofQueue(kind, queue);
    wakeups.queue(queue);
  }
}
