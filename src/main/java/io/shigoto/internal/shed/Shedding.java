package io.shigoto.internal.shed;

import io.shigoto.control.LoadShedding;
import io.shigoto.internal.job.Brought;
import io.shigoto.internal.job.Claimed;
import io.shigoto.internal.job.Events;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What one queue of this node does not claim because of overload. Costs nothing while it is off.
 *
 * <p>The protocol: all that is known stands in one immutable {@link Overload}, changed by compare
 * and set; whoever changed its level tells of it.
 */
public final class Shedding {

  private static final Logger LOG = LoggerFactory.getLogger(Shedding.class);

  private final String queue;
  private final boolean on;
  private final Targets targets;
  private final Events events;
  private final LongSupplier nanos;
  private final AtomicReference<Overload> overload;

  /**
   * @param nanos a clock for elapsed time
   */
  public Shedding(String queue, LoadShedding options, Events events, LongSupplier nanos) {
    this.queue = queue;
    this.on = options.isOn();
    this.targets = Targets.of(options);
    this.events = events;
    this.nanos = nanos;
    this.overload = new AtomicReference<>(Overload.none(nanos.getAsLong()));
  }

  /** Whether it may ever shed anything. */
  public boolean isOn() {
    return on;
  }

  /** The lowest priority that may be claimed now. */
  public int floor() {
    return now().floor();
  }

  /** Whether anything is shed, or was a while ago and may be again soon. */
  public boolean isTroubled() {
    return now().isTroubled();
  }

  /**
   * A claim tells how it is.
   *
   * @param full whether it brought all that it asked for
   * @param limited jobs that may have waited because of a limit of their worker
   * @param took nanoseconds
   */
  public void claimed(Brought brought, boolean full, Predicate<Claimed> limited, long took) {
    if (on) {
      Sample sample =
          Sample.of(
              brought.jobs().stream().map(job -> waited(job, limited.test(job))).toList(),
              full,
              took);
      change(present -> present.heard(sample, nanos.getAsLong(), targets));
    }
  }

  /**
   * Time has passed. To be called from time to time: nobody else looks at the clock while nothing
   * is claimed.
   *
   * @return whether more may be claimed than before
   */
  public boolean tick() {
    int before = floor();
    change(present -> present.at(nanos.getAsLong(), targets));
    return floor() < before;
  }

  /** The queue is not served any more. */
  public void end() {
    change(present -> Overload.none(nanos.getAsLong()));
  }

  private static Sample.Waited waited(Claimed job, boolean limited) {
    return new Sample.Waited(
        job.priority(), Duration.between(job.scheduledAt(), job.claimedAt()).toNanos(), limited);
  }

  private void change(UnaryOperator<Overload> how) {
    while (true) {
      Overload before = now();
      Overload after = how.apply(before);
      if (overload.compareAndSet(before, after)) {
        tell(before, after);
        return;
      }
    }
  }

  private void tell(Overload before, Overload after) {
    if (!before.isTroubled() && after.isTroubled()) {
      boolean slow = before.window().isSlow(targets);
      LOG.atWarn()
          .addKeyValue("queue", queue)
          .addKeyValue("cause", slow ? "the database is slow" : "jobs wait too long")
          .addKeyValue("lowest_priority", after.floor())
          .log("load shedding begins");
    } else if (before.isTroubled() && !after.isTroubled()) {
      LOG.atInfo().addKeyValue("queue", queue).log("load shedding ends");
    }
    if (before.floor() != after.floor()) {
      events.ofShedding(
          queue, after.level(), after.level() == 0 ? null : Integer.toString(after.floor()));
    }
  }

  private Overload now() {
    return Objects.requireNonNull(overload.get());
  }
}
