package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static io.shigoto.worker.Unique.Field.ARGS;
import static io.shigoto.worker.Unique.Field.WORKER;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.r2dbc.spi.Connection;
import io.r2dbc.spi.R2dbcTimeoutException;
import io.shigoto.event.JobEvent;
import io.shigoto.job.Job;
import io.shigoto.job.JobState;
import io.shigoto.job.NewJob;
import io.shigoto.job.Receipt;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.worker.Outcome;
import io.shigoto.worker.Unique;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/** How long a job holds its key. */
class UniqueLifeIT {

  private static final Unique SAME = Unique.by(WORKER, ARGS);
  private static final Outcome LATER = Outcome.snooze(Duration.ofHours(1));

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Told told = new Told();
  private final Map<Long, Sinks.One<Outcome>> runs = new ConcurrentHashMap<>();

  @Test
  void aJobHoldsItsKeyUntilItHasEnded() {
    Shigoto node = start();
    long id = enqueue(node, SAME).id();
    assertHeldBy(id, node, SAME);

    started(id);
    assertHeldBy(id, node, SAME);
    ends(id, Outcome.failed("not yet"), JobEvent.Kind.FAILED);
    assertHeldBy(id, node, SAME);
    becomesDue(id);
    started(id);
    ends(id, LATER, JobEvent.Kind.SNOOZED);
    assertHeldBy(id, node, SAME);
    becomesDue(id);
    started(id);
    ends(id, Outcome.done(), JobEvent.Kind.COMPLETED);

    // One that is left behind would be taken away by whoever wants it next.
    assertThat(db.number("SELECT count(*) FROM shigoto.unique_keys")).isZero();
    assertThat(enqueue(node, SAME)).isInstanceOf(Receipt.Inserted.class);
  }

  @ParameterizedTest
  @EnumSource(Unique.End.class)
  void aJobMayHoldItsKeyAfterItsEnd(Unique.End end) {
    Unique after = SAME.alsoAfter(end).within(Duration.ofHours(1));
    Map<Unique.End, Outcome> outcomes =
        Map.of(
            Unique.End.COMPLETED, Outcome.done(),
            Unique.End.DISCARDED, Outcome.discard("of no use"),
            Unique.End.CANCELLED, Outcome.cancel("not wanted"));
    Shigoto node = start();

    for (Unique.End other : Unique.End.values()) {
      long id = enqueue(node, after).id();
      started(id);
      ends(id, outcomes.get(other), JobEvent.Kind.valueOf(other.name()));
      if (other == end) {
        assertHeldBy(id, node, after);
        db.sql("UPDATE shigoto.unique_keys SET until = now()");
      }
    }
    assertThat(enqueue(node, after)).isInstanceOf(Receipt.Inserted.class);
  }

  @Test
  void aKeyThatIsHeldWithoutEndIsForgottenWithTheHistory() {
    Unique once = SAME.alsoAfter(Unique.End.COMPLETED);
    Shigoto node = start();
    long id = enqueue(node, once).id();
    started(id);
    ends(id, Outcome.done(), JobEvent.Kind.COMPLETED);
    db.sql("UPDATE shigoto.unique_keys SET ended_at = now() - interval '15 days'");
    assertHeldBy(id, node, once);

    start();

    Await.until(LIMIT, () -> keys() == 0);
    assertThat(enqueue(node, once)).isInstanceOf(Receipt.Inserted.class);
  }

  @Test
  void howLongIsSaidOfTheStateInWhichItsJobEnded() {
    Shigoto node = start();
    long done = enqueue(node, SAME.alsoAfter(Unique.End.COMPLETED)).id();
    started(done);
    ends(done, Outcome.done(), JobEvent.Kind.COMPLETED);
    long failed = enqueue(node, Unique.by(WORKER).alsoAfter(Unique.End.DISCARDED)).id();
    started(failed);
    ends(failed, Outcome.discard("no"), JobEvent.Kind.DISCARDED);
    db.sql("UPDATE shigoto.unique_keys SET ended_at = now() - interval '5 days'");

    nodes.start(builder("keeps").retention(JobState.COMPLETED, Duration.ofDays(3)));

    Await.until(LIMIT, () -> keys() == 1);
    assertThat(db.number("SELECT job_id FROM shigoto.unique_keys")).isEqualTo(failed);
  }

  @Test
  void keysWhosePeriodIsOverAreForgotten() {
    Shigoto node = nodes.build(builder("enqueues only"));
    enqueue(node, SAME.within(Duration.ofMillis(1)));
    enqueue(node, Unique.by(WORKER).within(Duration.ofHours(1)));

    start();

    Await.until(LIMIT, () -> keys() == 1);
  }

  /** Who took it away has given it back, but it is over all the same. */
  @Test
  void aKeyWhosePeriodIsOverKeepsNobodyOutThoughWhoHadTakenItRollsBack() {
    Shigoto node = nodes.build(builder("enqueues only"));
    Unique brief = SAME.within(Duration.ofMillis(1));
    enqueue(node, brief);
    Await.until(
        LIMIT,
        () ->
            db.number("SELECT count(*) FROM shigoto.unique_keys WHERE until < clock_timestamp()")
                == 1);
    Connection first = Open.begin(db.connectionFactory());
    node.enqueue(job(brief), first).block(LIMIT);
    Connection second = Open.begin(db.connectionFactory());
    CompletableFuture<Receipt> waits = node.enqueue(job(brief), second).toFuture();
    Await.until("it waits", LIMIT, () -> Open.kept(db) == 1);

    Open.end(first, false);

    assertThat(Mono.fromFuture(waits).block(LIMIT)).isInstanceOf(Receipt.Inserted.class);
    Open.end(second, true);
  }

  @Test
  void aKeyIsGivenUpAtTheStartAndTakenAgainByTheRunThatComesBack() {
    Unique waiting = SAME.untilStarted();
    Shigoto node = start();
    for (Outcome outcome : List.of(Outcome.failed("not yet"), LATER)) {
      long id = enqueue(node, waiting).id();
      started(id);
      assertThat(keys()).isZero();

      runs.remove(id).tryEmitValue(outcome);
      Await.until(LIMIT, () -> keys() == 1);

      assertHeldBy(id, node, waiting);
      becomesDue(id);
      started(id);
      ends(id, Outcome.discard("enough"), JobEvent.Kind.DISCARDED);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"failed", "snoozed", "given back", "lost"})
  void aRunThatComesBackIsCancelledIfAnotherJobHasItsKey(String how) {
    Unique waiting = SAME.untilStarted();
    Shigoto node = start();
    long first = enqueue(node, waiting).id();
    started(first);
    long second = enqueue(node, waiting.debounce(Duration.ofHours(1))).id();
    assertThat(second).isNotEqualTo(first);

    switch (how) {
      case "failed" -> runs.get(first).tryEmitValue(Outcome.failed("not yet"));
      case "snoozed" -> runs.get(first).tryEmitValue(LATER);
      case "given back" -> node.stop(Duration.ZERO).block(LIMIT);
      default ->
          db.sql(
              "UPDATE shigoto.jobs SET owner = gen_random_uuid(), lease = lease + 1 WHERE id = "
                  + first);
    }

    Shigoto other = how.equals("given back") ? nodes.build(builder("other")) : node;
    Await.until(LIMIT, () -> find(other, first).state() == JobState.CANCELLED);
    Job cancelled = find(other, first);
    assertThat(cancelled.errors().get(cancelled.errors().size() - 1).message())
        .isEqualTo("job " + second + " has its unique key");
    assertThat(cancelled.errors()).hasSize(how.equals("failed") || how.equals("lost") ? 2 : 1);
    assertThat(find(other, second).state()).isEqualTo(JobState.SCHEDULED);
    assertHeldBy(second, other, waiting);
    told.await(how.equals("lost") ? JobEvent.Kind.RESCUED : JobEvent.Kind.CANCELLED);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aRunThatComesBackWaitsForTheTransactionThatHasItsKey(boolean commits) {
    Unique waiting = SAME.untilStarted();
    Shigoto node = start();
    long first = enqueue(node, waiting).id();
    started(first);
    Connection caller = Open.begin(db.connectionFactory());
    assertThat(node.enqueue(job(waiting.debounce(Duration.ofHours(1))), caller).block(LIMIT))
        .isInstanceOf(Receipt.Inserted.class);

    runs.get(first).tryEmitValue(Outcome.failed("not yet"));
    long other = enqueue(node, Unique.none()).id();
    started(other);
    ends(other, LATER, JobEvent.Kind.SNOOZED);
    assertThat(find(node, first).state()).isEqualTo(JobState.EXECUTING);
    Open.end(caller, commits);

    JobEvent.Kind kind = commits ? JobEvent.Kind.CANCELLED : JobEvent.Kind.FAILED;
    assertThat(told.await(kind).jobId()).isEqualTo(first);
    assertThat(told.count(JobEvent.Kind.SUPERSEDED)).isZero();
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void anEnqueueWaitsForTheTransactionThatHasItsKeyAndNobodyWaitsWithIt(boolean commits) {
    Shigoto node = nodes.build(builder("enqueues only"));
    Connection caller = Open.begin(db.connectionFactory());
    long uncommitted = node.enqueue(job(SAME), caller).block(LIMIT).id();

    Mono<Receipt> waits = node.enqueue(job(SAME)).cache();
    List<Receipt> others =
        Flux.range(0, 500)
            .concatMap(i -> node.enqueue(NewJob.of("work", i).unique(SAME)), 0)
            .mergeWith(waits.ignoreElement().timeout(Duration.ofMillis(1)).onErrorComplete())
            .collectList()
            .block(LIMIT);
    assertThat(others).hasSize(500).allMatch(Receipt.Inserted.class::isInstance);
    Open.end(caller, commits);

    Receipt receipt = waits.block(LIMIT);
    if (commits) {
      assertThat(receipt).isEqualTo(Receipt.conflict(uncommitted, Set.of()));
    } else {
      assertThat(receipt).isInstanceOf(Receipt.Inserted.class);
    }
  }

  @Test
  void whoWaitsTooLongFailsAlone() {
    Shigoto node = nodes.build(builder("short").statementTimeout(Duration.ofMillis(500)));
    Connection caller = Open.begin(db.connectionFactory());
    node.enqueue(job(SAME), caller).block(LIMIT);

    assertThatThrownBy(() -> enqueue(node, SAME))
        .isInstanceOf(R2dbcTimeoutException.class)
        .hasMessageContaining("'work'");
    assertThat(enqueue(node, Unique.by(WORKER))).isInstanceOf(Receipt.Inserted.class);
    Open.end(caller, true);
  }

  @Test
  void aStopDoesNotWaitForThoseThatWait() {
    Shigoto node = nodes.build(builder("stopped"));
    Connection caller = Open.begin(db.connectionFactory());
    node.enqueue(job(SAME), caller).block(LIMIT);
    Mono<Receipt> waits = node.enqueue(job(SAME)).cache();
    waits.timeout(Duration.ofMillis(1)).onErrorComplete().block(LIMIT);

    node.stop(Duration.ZERO).block(LIMIT);

    assertThatThrownBy(() -> waits.block(LIMIT)).isInstanceOf(IllegalStateException.class);
    Open.end(caller, false);
  }

  private ShigotoBuilder builder(String name) {
    return Shigoto.builder(db.connectionFactory())
        .name(name)
        .listener(told)
        .pollInterval(Duration.ofMillis(100));
  }

  private Shigoto start() {
    return nodes.start(
        builder("runs")
            .worker(
                new Scripted(
                    "work",
                    job -> {
                      Sinks.One<Outcome> run = Sinks.one();
                      runs.put(job.id(), run);
                      return run.asMono();
                    }) {
                  @Override
                  public Duration backoff(int attempt, Throwable error) {
                    return Duration.ofHours(1);
                  }
                })
            .queue("default", 10));
  }

  private static NewJob job(Unique unique) {
    return NewJob.of("work", Map.of()).unique(unique);
  }

  private static Receipt enqueue(Shigoto node, Unique unique) {
    return node.enqueue(job(unique)).block(LIMIT);
  }

  private static Job find(Shigoto node, long id) {
    return node.jobs().find(id).block(LIMIT);
  }

  private static void assertHeldBy(long id, Shigoto node, Unique unique) {
    assertThat(node.enqueue(job(unique).delay(Duration.ofHours(1))).block(LIMIT))
        .isEqualTo(Receipt.conflict(id, Set.of()));
  }

  private void started(long id) {
    Await.until("run of job " + id, LIMIT, () -> runs.containsKey(id));
  }

  private void ends(long id, Outcome outcome, JobEvent.Kind kind) {
    runs.remove(id).tryEmitValue(outcome);
    Await.until(
        kind + " of job " + id,
        LIMIT,
        () -> told.all(kind).stream().anyMatch(event -> event.jobId() == id));
  }

  private static void becomesDue(long id) {
    db.sql("UPDATE shigoto.jobs SET scheduled_at = now() WHERE id = " + id);
  }

  private static long keys() {
    return db.number("SELECT count(*) FROM shigoto.unique_keys");
  }
}
