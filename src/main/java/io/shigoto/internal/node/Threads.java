package io.shigoto.internal.node;

import io.shigoto.internal.thread.Answering;
import io.shigoto.internal.thread.Crew;
import io.shigoto.internal.thread.Persistent;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/** The threads of a node, each for a purpose, so that none holds up another. */
final class Threads {

  /** Timeouts, pauses and periods; nothing of the application is called here. */
  final Scheduler timer = Schedulers.newSingle("shigoto-timer", true);

  /** Renews the lease, and sees when it is lost; nothing else, so that nothing can hold it up. */
  final Scheduler leasing = Schedulers.newSingle("shigoto-lease", true);

  /** Where the application is called because of something outside of its runs. */
  final Crew aside;

  /** Where subscribers to events are called. */
  final Crew listening;

  /** Where workers are called. */
  final Scheduler running;

  /**
   * Where calls of the application are answered. Never the application's own scheduler: that may be
   * full of runs which block, and which wait for these very answers.
   */
  final Crew answering;

  /** How they are. */
  final Answering answers;

  /**
   * @param running where workers are called, if the application says so; it stays its own
   * @param nanos a clock for elapsed time
   */
  Threads(@Nullable Scheduler running, LongSupplier nanos) {
    this.aside = Crew.aside("shigoto-aside", timer, nanos);
    this.listening = Crew.aside("shigoto-events", timer, nanos);
    this.answering =
        Crew.parallel(running != null ? "shigoto-answer" : "shigoto-worker", timer, nanos);
    this.answers = new Answering(answering);
    this.running = running != null ? new Persistent(running, aside) : answering;
  }

  /**
   * Ends them all, on one of them that may wait, as whoever ends a pool of threads has to;
   * completes there. Answers that wait are still given, and what is called has a while to end.
   */
  Mono<Void> close() {
    return Mono.<Void>fromRunnable(this::end).subscribeOn(aside);
  }

  private void end() {
    timer.dispose();
    leasing.dispose();
    answering.end();
    listening.end();
    aside.end();
  }
}
