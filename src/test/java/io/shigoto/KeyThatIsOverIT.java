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
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Mono;

/** What those find who want a key whose row somebody holds, or held when its job ended. */
class KeyThatIsOverIT {

  private static final Unique SAME = Unique.by(Unique.Field.WORKER);
  private static final NewJob PLAIN = NewJob.of("work", NOTHING);
  private static final NewJob JOB = PLAIN.unique(SAME);

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  @Test
  void whoHoldsTheRowIsWaitedForAsLongAsTheCallerSays() {
    Shigoto node = nodes.start(builder());
    Connection other = holdingTheRowOf(cancelledWhileItsRowIsHeld(node));
    Connection caller = Open.begin(db.connectionFactory());
    Open.run(caller, "SET LOCAL lock_timeout = '100ms'");

    assertThatThrownBy(() -> node.enqueue(JOB, caller).block(LIMIT))
        .isInstanceOfSatisfying(
            R2dbcException.class, error -> assertThat(error.getSqlState()).isEqualTo("55P03"));

    Open.end(caller, false);
    Open.end(other, false);
    assertThat(node.enqueue(JOB).block(LIMIT)).isInstanceOf(Receipt.Inserted.class);
  }

  /** Whoever takes it away has looked whether the job lives before it locks the row. */
  @Test
  void itIsNotTakenFromAJobThatLivesAgainMeanwhile() {
    Shigoto node = nodes.start(builder());
    long first = cancelledWhileItsRowIsHeld(node);
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
    try {
      Connection gate = Open.begin(db.connectionFactory());
      Open.run(gate, "SELECT pg_advisory_xact_lock(4711)");
      Connection caller = Open.begin(db.connectionFactory());
      Open.run(caller, "SET LOCAL test.waits = 'on'");
      CompletableFuture<Receipt> second = node.enqueue(JOB, caller).toFuture();
      Await.until(LIMIT, () -> Open.kept(db) == 1);

      Connection other = holdingTheRowOf(first);
      CompletableFuture<Retry> retried = node.jobs().retry(first).toFuture();
      Await.until(LIMIT, () -> Open.kept(db) == 2);
      Open.end(other, false);
      assertThat(Mono.fromFuture(retried).block(LIMIT)).isEqualTo(new Retry.Retried(first));
      Open.end(gate, false);

      assertThat(Mono.fromFuture(second).block(LIMIT)).isEqualTo(Receipt.conflict(first, Set.of()));
      Open.end(caller, true);
      assertThat(db.number("SELECT count(*) FROM shigoto.jobs")).isEqualTo(1);
    } finally {
      db.sql(look.toString());
    }
  }

  /** A job that is unique only until it is started keeps its key then, until it ends. */
  @Test
  void aClaimDoesNotWaitForWhoHoldsTheRow() {
    Shigoto node = nodes.start(builder());
    NewJob untilStarted = PLAIN.unique(SAME.states(Unique.State.AVAILABLE));
    Connection other = holdingTheRowOf(node.enqueue(untilStarted).block(LIMIT).id());
    node.enqueue(PLAIN).block(LIMIT);

    nodes.start(builder().name("b").queue("default", 5));

    Await.until(LIMIT, () -> db.number("SELECT count(*) FROM shigoto.jobs") == 0);
    Open.end(other, false);
    assertThat(node.enqueue(untilStarted).block(LIMIT)).isInstanceOf(Receipt.Inserted.class);
  }

  private static ShigotoBuilder builder() {
    return Shigoto.builder(db.connectionFactory())
        .worker(new Scripted("work", job -> Mono.just(Outcome.done())));
  }

  private static long cancelledWhileItsRowIsHeld(Shigoto node) {
    long id = node.enqueue(JOB).block(LIMIT).id();
    Connection other = holdingTheRowOf(id);
    assertThat(node.jobs().cancel(id).block(LIMIT)).isInstanceOf(Cancellation.Cancelled.class);
    Open.end(other, false);
    assertThat(db.number("SELECT count(*) FROM shigoto.unique_keys WHERE ended_at IS NULL"))
        .isEqualTo(1);
    return id;
  }

  private static Connection holdingTheRowOf(long id) {
    Connection other = Open.begin(db.connectionFactory());
    Open.run(other, "SELECT FROM shigoto.unique_keys WHERE job_id = %d FOR UPDATE".formatted(id));
    return other;
  }
}
