package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static io.shigoto.Scripted.NOTHING;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.r2dbc.spi.Connection;
import io.r2dbc.spi.R2dbcException;
import io.shigoto.control.Cancellation;
import io.shigoto.control.Retry;
import io.shigoto.job.NewJob;
import io.shigoto.job.Receipt;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.worker.Outcome;
import io.shigoto.worker.Unique;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** What those find who want a key whose row somebody holds, or held when its job ended. */
class KeyThatIsOverIT {

  private static final Unique SAME = Unique.by(Unique.Field.WORKER, Unique.Field.ARGS);
  private static final NewJob PLAIN = NewJob.of("work", NOTHING);
  private static final NewJob JOB = PLAIN.unique(SAME);
  private static final NewJob OTHER = NewJob.of("work", Map.of("n", 1)).unique(SAME);

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  /** And nobody is kept meanwhile from another key that is over, which nobody holds. */
  @Test
  void whoHoldsTheRowIsWaitedForAsLongAsTheCallerSays() {
    Shigoto node = nodes.start(builder());
    long first = cancelledWhileItsRowIsHeld(node, JOB);
    long second = cancelledWhileItsRowIsHeld(node, OTHER);
    // Keys are taken in their order: the one that is free comes before.
    long held = db.number("SELECT job_id FROM shigoto.unique_keys ORDER BY key DESC LIMIT 1");
    NewJob last = held == first ? JOB : OTHER;
    NewJob free = held == second ? JOB : OTHER;
    Connection caller = Open.begin(db.connectionFactory());
    try {
      Open.run(caller, "SET LOCAL lock_timeout = '2s'");
      Open.transaction(
          db.connectionFactory(),
          lockOfItsRow(held),
          () -> {
            CompletableFuture<Long> both =
                node.enqueueAll(Flux.just(JOB, OTHER), caller).count().toFuture();
            Await.until(LIMIT, () -> Open.kept(db) == 1);
            assertThat(node.enqueue(free).block(LIMIT)).isInstanceOf(Receipt.Inserted.class);
            assertThatThrownBy(() -> Mono.fromFuture(both).block(LIMIT))
                .isInstanceOfSatisfying(
                    R2dbcException.class,
                    error -> assertThat(error.getSqlState()).isEqualTo("55P03"));
            return null;
          });
    } finally {
      Open.end(caller, false);
    }
    assertThat(node.enqueue(last).block(LIMIT)).isInstanceOf(Receipt.Inserted.class);
  }

  /** Whoever takes it away has looked whether the job lives before it locks the row. */
  @Test
  void itIsNotTakenFromAJobThatLivesAgainMeanwhile() {
    Shigoto node = nodes.start(builder());
    long first = cancelledWhileItsRowIsHeld(node, JOB);
    Object look =
        db.sql("SELECT pg_get_functiondef('shigoto.ended_holding'::regproc) AS text")
            .get(0)
            .get("text");
    db.sql(
        """
        CREATE OR REPLACE FUNCTION shigoto.ended_holding(job_id bigint, states shigoto.job_state[])
        RETURNS boolean LANGUAGE plpgsql STABLE AS $$
        DECLARE
          stack text;
        BEGIN
          GET DIAGNOSTICS stack = PG_CONTEXT;
          IF current_setting('test.waits', true) = 'on' AND stack LIKE '%take_away_keys%' THEN
            PERFORM pg_advisory_xact_lock_shared(4711);
          END IF;
          RETURN false;
        END $$
        """);
    Connection caller = Open.begin(db.connectionFactory());
    try {
      Open.run(caller, "SET LOCAL test.waits = 'on'");
      CompletableFuture<Receipt> second =
          Open.transaction(
              db.connectionFactory(),
              "SELECT pg_advisory_xact_lock(4711)",
              () -> {
                CompletableFuture<Receipt> waits = node.enqueue(JOB, caller).toFuture();
                Await.until(LIMIT, () -> Open.kept(db) == 1);
                retryWhileItsRowIsHeld(node, first);
                return waits;
              });

      assertThat(Mono.fromFuture(second).block(LIMIT)).isEqualTo(Receipt.conflict(first, Set.of()));
    } finally {
      Open.end(caller, true);
      db.sql(look.toString());
    }
    assertThat(db.number("SELECT count(*) FROM shigoto.jobs")).isEqualTo(1);
  }

  /** A job that is unique only until it is started keeps its key then, until it ends. */
  @Test
  void aClaimDoesNotWaitForWhoHoldsTheRow() {
    Shigoto node = nodes.start(builder());
    NewJob untilStarted = PLAIN.unique(SAME.states(Unique.State.AVAILABLE));
    long first = node.enqueue(untilStarted).block(LIMIT).id();
    node.enqueue(PLAIN).block(LIMIT);

    Open.transaction(
        db.connectionFactory(),
        lockOfItsRow(first),
        () -> {
          nodes.start(builder().name("b").queue("default", 5));
          Await.until(LIMIT, () -> db.number("SELECT count(*) FROM shigoto.jobs") == 0);
          return null;
        });

    assertThat(node.enqueue(untilStarted).block(LIMIT)).isInstanceOf(Receipt.Inserted.class);
  }

  /** It lets go while the job is being retried, which has passed over the row before. */
  private static void retryWhileItsRowIsHeld(Shigoto node, long id) {
    CompletableFuture<Retry> retried =
        Open.transaction(
            db.connectionFactory(),
            lockOfItsRow(id),
            () -> {
              CompletableFuture<Retry> under = node.jobs().retry(id).toFuture();
              Await.until(LIMIT, () -> Open.kept(db) == 2);
              return under;
            });
    assertThat(Mono.fromFuture(retried).block(LIMIT)).isEqualTo(new Retry.Retried(id));
  }

  private static ShigotoBuilder builder() {
    return Shigoto.builder(db.connectionFactory())
        .worker(new Scripted("work", job -> Mono.just(Outcome.done())));
  }

  private static long cancelledWhileItsRowIsHeld(Shigoto node, NewJob job) {
    long id = node.enqueue(job).block(LIMIT).id();
    Cancellation cancelled =
        Open.transaction(
            db.connectionFactory(), lockOfItsRow(id), () -> node.jobs().cancel(id).block(LIMIT));
    assertThat(cancelled).isInstanceOf(Cancellation.Cancelled.class);
    assertThat(
            db.number(
                "SELECT count(*) FROM shigoto.unique_keys WHERE job_id = $1 AND ended_at IS NULL",
                id))
        .isEqualTo(1);
    return id;
  }

  private static String lockOfItsRow(long id) {
    return "SELECT FROM shigoto.unique_keys WHERE job_id = %d FOR UPDATE".formatted(id);
  }
}
