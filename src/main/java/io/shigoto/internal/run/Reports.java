package io.shigoto.internal.run;

import io.shigoto.internal.flow.Detached;
import io.shigoto.internal.flow.GroupCommit;
import io.shigoto.internal.flow.KeepGoing;
import io.shigoto.internal.job.Events;
import io.shigoto.internal.postgres.Database;
import io.shigoto.internal.postgres.Sql;
import io.shigoto.internal.postgres.Statements;
import java.time.Duration;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Scheduler;

/**
 * {@code progress.sql}: writes how far the runs of a node are, the latest word of each, in one
 * statement for all that have something new to say. Between two statements there is a pause, unless
 * a run that has ended waits for its last word to be written.
 */
public final class Reports {

  private static final Duration PAUSE = Duration.ofMillis(200);
  private static final Duration FIRST_PAUSE_OF_LAST_WORDS = Duration.ofMillis(5);
  private static final int TRIES_OF_LAST_WORDS = 5;
  private static final int GROUP_SIZE = 10_000;

  private final Database database;
  private final Sql progress;
  private final Events events;
  private final Scheduler timer;
  private final KeepGoing keepGoing;
  private final GroupCommit<Run, Boolean> group;
  private final AtomicInteger hurrying = new AtomicInteger();
  private volatile Sinks.Empty<Void> pauseEnds = Sinks.empty();
  private volatile boolean closed;

  public Reports(Database database, Statements sql, Events events, Scheduler timer) {
    this.database = database;
    this.progress = sql.get("progress");
    this.events = events;
    this.timer = timer;
    this.keepGoing = new KeepGoing("progress", timer);
    this.group = new GroupCommit<>(this::write, error -> false, run -> 0, GROUP_SIZE, 1);
  }

  /** A run has something new to say. */
  void add(Run run) {
    Detached.start(group.submit(run).onErrorComplete());
  }

  /**
   * Completes when the last word of a run is written, or cannot be: its lease is lost, or its row
   * is held for long.
   */
  public Mono<Void> lastWord(Run run) {
    return run.howFar().isUnwritten() ? Mono.defer(() -> hurry(run)) : Mono.empty();
  }

  /** Takes no more; completes when what it has taken is written. */
  public Mono<Void> close() {
    return Mono.defer(
        () -> {
          closed = true;
          pauseEnds.tryEmitEmpty();
          return group.close();
        });
  }

  private Mono<Void> hurry(Run run) {
    hurrying.incrementAndGet();
    pauseEnds.tryEmitEmpty();
    return group
        .submit(run)
        .repeatWhen(
            tries ->
                tries
                    .takeWhile(emitted -> run.howFar().isUnwritten())
                    .take(TRIES_OF_LAST_WORDS)
                    .concatMap(emitted -> Mono.delay(FIRST_PAUSE_OF_LAST_WORDS, timer)))
        .then()
        .onErrorComplete()
        .doFinally(end -> hurrying.decrementAndGet());
  }

  private Mono<List<Boolean>> write(List<Run> runs) {
    List<Run> ordered =
        runs.stream()
            .distinct()
            .sorted(
                Comparator.<Run>comparingLong(run -> run.key().id())
                    .thenComparingLong(run -> run.key().lease()))
            .toList();
    return keepGoing
        .until(Mono.defer(() -> writeLatest(ordered)), () -> !closed)
        .then(Mono.defer(this::pause))
        .thenReturn(Collections.nCopies(runs.size(), true));
  }

  private Mono<Set<Long>> writeLatest(List<Run> runs) {
    Short[] percents = runs.stream().map(run -> (short) run.howFar().take()).toArray(Short[]::new);
    Long[] ids = runs.stream().map(run -> run.key().id()).toArray(Long[]::new);
    Long[] leases = runs.stream().map(run -> run.key().lease()).toArray(Long[]::new);
    return database
        .list(
            progress,
            statement -> statement.bind(0, ids).bind(1, leases).bind(2, percents),
            row -> Objects.requireNonNull(row.get(0, Long.class)))
        .map(Set::copyOf)
        .doOnNext(written -> wrote(runs, percents, written));
  }

  private void wrote(List<Run> runs, Short[] percents, Set<Long> written) {
    for (int i = 0; i < percents.length; i++) {
      Run run = runs.get(i);
      if (written.contains(run.key().id())) {
        run.howFar().wrote(percents[i]);
        events.ofProgress(run.key(), percents[i]);
      } else if (!run.hasEnded() && run.howFar().queue()) {
        add(run);
      }
    }
  }

  /** Whoever hurries either is seen here or sees the pause. */
  private Mono<Void> pause() {
    Sinks.Empty<Void> ends = Sinks.empty();
    pauseEnds = ends;
    return hurrying.get() > 0 || closed
        ? Mono.empty()
        : Mono.delay(PAUSE, timer)
            .takeUntilOther(ends.asMono())
            // The timer goes with the node, and the pause with the timer.
            .onErrorComplete(RejectedExecutionException.class)
            .then();
  }
}
