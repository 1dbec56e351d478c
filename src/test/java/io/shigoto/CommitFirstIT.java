package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import io.r2dbc.spi.Connection;
import io.shigoto.event.JobEvent.Kind;
import io.shigoto.job.NewJob;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.worker.Outcome;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/** No event before its commit. Commits are held up by a lock of another session. */
class CommitFirstIT {

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Told told = new Told();

  static Stream<Arguments> outcomes() {
    return Stream.of(
        Arguments.of(Outcome.done(), Kind.COMPLETED),
        Arguments.of(Outcome.done(17), Kind.COMPLETED),
        Arguments.of(Outcome.failed("no"), Kind.FAILED),
        Arguments.of(Outcome.snooze(Duration.ofHours(1)), Kind.SNOOZED),
        Arguments.of(Outcome.cancel("no"), Kind.CANCELLED),
        Arguments.of(Outcome.discard("no"), Kind.DISCARDED));
  }

  @ParameterizedTest
  @MethodSource("outcomes")
  void howARunEndedIsToldAfterItsCommit(Outcome outcome, Kind kind) {
    Sinks.Empty<Void> end = Sinks.empty();
    Shigoto node = start(end.asMono().thenReturn(outcome));
    node.enqueue(NewJob.of("work", Scripted.NOTHING)).block(LIMIT);
    told.await(Kind.STARTED);

    Connection other = locked("SELECT id FROM shigoto.jobs FOR UPDATE");
    end.tryEmitEmpty();
    awaitStatementThatWaitsForALock();

    assertThat(told.count(kind)).isZero();
    Open.end(other, false);
    told.await(kind);
  }

  @Test
  void insertIsToldAndAnsweredAfterItsCommit() {
    Shigoto node = nodes.build(Shigoto.builder(db.connectionFactory()).listener(told));
    Connection other = locked("LOCK TABLE shigoto.jobs IN SHARE MODE");

    CompletableFuture<?> answer = node.enqueue(NewJob.of("work", Scripted.NOTHING)).toFuture();
    awaitStatementThatWaitsForALock();

    assertThat(answer).isNotDone();
    assertThat(told.count(Kind.INSERTED)).isZero();
    Open.end(other, false);
    answer.join();
    told.await(Kind.INSERTED);
  }

  @Test
  void rescueIsToldAfterItsCommit() {
    start(Mono.never());
    Connection other = locked("LOCK TABLE shigoto.job_history IN SHARE MODE");

    db.sql(
        "INSERT INTO shigoto.jobs (queue, worker, state, owner, attempt)"
            + " VALUES ('default', 'work', 'executing', gen_random_uuid(), 1)");
    awaitStatementThatWaitsForALock();

    assertThat(told.count(Kind.RESCUED)).isZero();
    Open.end(other, false);
    told.await(Kind.RESCUED);
  }

  private Shigoto start(Mono<Outcome> work) {
    return nodes.start(
        Shigoto.builder(db.connectionFactory())
            .worker(new Scripted("work", job -> work))
            .queue("default", 1)
            .listener(told));
  }

  /** Another session, in a transaction that has locked something. */
  private static Connection locked(String statement) {
    Connection other = Open.begin(db.connectionFactory());
    Open.run(other, statement);
    return other;
  }

  private static void awaitStatementThatWaitsForALock() {
    Await.until(
        "a statement waits for a lock",
        LIMIT,
        () ->
            db.number(
                    "SELECT count(*) FROM pg_stat_activity"
                        + " WHERE datname = current_database() AND wait_event_type = 'Lock'")
                > 0);
  }
}
