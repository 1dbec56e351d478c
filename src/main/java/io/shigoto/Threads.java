package io.shigoto;

import io.shigoto.internal.flow.Crew;
import io.shigoto.internal.flow.Detached;
import io.shigoto.internal.flow.Persistent;
import org.jspecify.annotations.Nullable;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/** The threads of a node, each for a purpose, so that none holds up another. */
final class Threads {

  private static final int MOST_LISTENING = 16;
  private static final int IDLE_SECONDS = 10;

  /** Timeouts, pauses and periods; nothing of the application is called here. */
  final Scheduler timer = Schedulers.newSingle("shigoto-timer", true);

  /** Renews the lease, and sees when it is lost; nothing else, so that nothing can hold it up. */
  final Scheduler leasing = Schedulers.newSingle("shigoto-lease", true);

  /** Where the application is called because of something outside of its runs. */
  final Crew aside = Crew.aside(timer);

  /** Where subscribers to events are called. */
  final Scheduler listening =
      Schedulers.newBoundedElastic(
          MOST_LISTENING, Integer.MAX_VALUE, "shigoto-events", IDLE_SECONDS, true);

  /** Where workers are called. */
  final Scheduler running;

  /**
   * Where calls of the application are answered. Never the application's own scheduler: that may be
   * full of runs which block, and which wait for these very answers.
   */
  final Scheduler answering;

  /**
   * @param running where workers are called, if the application says so; it stays its own
   */
  Threads(@Nullable Scheduler running) {
    this.answering = Crew.parallel(running != null ? "shigoto-answer" : "shigoto-worker", timer);
    this.running = running != null ? new Persistent(running, aside) : answering;
  }

  void close() {
    timer.dispose();
    leasing.dispose();
    Detached.start(aside.disposeGracefully());
    Detached.start(listening.disposeGracefully());
    answering.dispose();
  }
}
