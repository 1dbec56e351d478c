package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import io.r2dbc.spi.Connection;
import io.shigoto.control.Explanation;
import io.shigoto.control.Reason;
import io.shigoto.control.Reason.HeldByTransaction;
import io.shigoto.job.Receipt;
import io.shigoto.support.Await;
import io.shigoto.worker.Unique;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Flux;

/** Transactions that are not over keep jobs. */
class ExplainHeldIT extends Explained {

  private static final Unique REPLACING =
      Unique.by(Unique.Field.WORKER).replace(Unique.Replace.PRIORITY);

  private final Connection other = Open.begin(db.connectionFactory());
  private boolean isOver;

  @AfterEach
  void rollBack() {
    if (!isOver) {
      end(false);
    }
  }

  private void end(boolean commits) {
    isOver = true;
    Open.end(other, commits);
  }

  private int process() {
    Open.run(other, "SELECT set_config('application_name', 'importer', false)");
    return Objects.requireNonNull(
        Flux.from(other.createStatement("SELECT pg_backend_pid() AS pid").execute())
            .concatMap(result -> result.map((row, metadata) -> row.get("pid", Integer.class)))
            .blockLast(LIMIT));
  }

  @ParameterizedTest
  @ValueSource(strings = {"SELECT 1", "SAVEPOINT first"})
  void whatAnOpenTransactionReplacesSomethingInIsHeldByIt(String before) {
    Shigoto asked = nodes.build(Shigoto.builder(db.connectionFactory()));
    long id = enqueue(asked, job("done").unique(REPLACING));
    int process = process();
    Open.run(other, before);
    assertThat(asked.enqueue(job("done").unique(REPLACING).priority(5), other).block(LIMIT))
        .isInstanceOf(Receipt.Conflict.class);
    Shigoto node = start("a", builder -> {});
    node.jobs().await(enqueue(node, job("hold").priority(-1).queue("default"))).subscribe();
    awaitRunning(1);

    HeldByTransaction held = only(asked, id, HeldByTransaction.class);

    assertThat(held.held()).isEqualTo(HeldByTransaction.Held.JOB);
    assertThat(held.pid()).isEqualTo(process);
    assertThat(held.application()).isEqualTo("importer");
    assertThat(held.since()).isBeforeOrEqualTo(Instant.now().plus(Duration.ofHours(1)));
    assertThat(held)
        .hasToString(
            "an open transaction has changed it, which began at %s, in process %d of 'importer'"
                .formatted(held.since(), process));
    end(true);
    node.jobs().await(id).block(LIMIT);
  }

  /** What it left in the row is still there. */
  @Test
  void aTransactionThatIsOverIsNoReason() {
    Shigoto asked = nodes.build(Shigoto.builder(db.connectionFactory()));
    insertIdleNode("done");
    long id = enqueue(asked, job("done").unique(REPLACING));
    asked.enqueue(job("done").unique(REPLACING).priority(5), other).block(LIMIT);
    assertThat(has(asked, id, HeldByTransaction.class)).isTrue();

    end(false);

    assertThat(asked.jobs().explain(id).block(LIMIT).reasons()).isEmpty();
  }

  @Test
  void aJobWhoseParentsHaveEndedWaitsForTheTransactionAndNotForThem() {
    Shigoto node = start("a", builder -> {});
    long parent = enqueue(node, job("hold"));
    awaitRunning(1);
    long id = enqueue(node, job("done").unique(REPLACING).dependsOn(parent));
    assertThat(only(node, id, Reason.WaitsForJobs.class).first()).containsExactly(parent);
    node.enqueue(job("done").unique(REPLACING).priority(5), other).block(LIMIT);
    assertThat(node.jobs().explain(id).block(LIMIT).reasons())
        .hasExactlyElementsOfTypes(HeldByTransaction.class, Reason.WaitsForJobs.class);

    gate.tryEmitEmpty();
    node.jobs().await(parent).block(LIMIT);

    assertThat(only(node, id, HeldByTransaction.class).held())
        .isEqualTo(HeldByTransaction.Held.JOB);
    end(false);
    node.jobs().await(id).block(LIMIT);
  }

  @Test
  void aJobThatIsDueWhoseKeyAnOpenTransactionTakes() {
    Shigoto node = start("a", builder -> {});
    Unique started =
        Unique.by(Unique.Field.WORKER).states(Unique.State.AVAILABLE, Unique.State.EXECUTING);
    long id = enqueue(node, job("done").unique(started).delay(Duration.ofHours(1)));
    int process = process();
    assertThat(node.enqueue(job("done").unique(started), other).block(LIMIT))
        .isInstanceOf(Receipt.Inserted.class);
    assertThat(only(node, id, Reason.NotDue.class).why()).isEqualTo(Reason.NotDue.Why.SCHEDULED);

    node.jobs().retry(id).block(LIMIT);
    db.sql("UPDATE shigoto.jobs SET scheduled_at = now() WHERE id = $1 RETURNING id", id);

    Await.until(LIMIT, () -> has(node, id, HeldByTransaction.class));
    for (int look = 0; look < 20; look++) {
      Explanation held = node.jobs().explain(id).block(LIMIT);
      assertThat(held.reasons()).hasExactlyElementsOfTypes(HeldByTransaction.class);
      assertThat(((HeldByTransaction) held.reasons().get(0)).held())
          .isEqualTo(HeldByTransaction.Held.KEY);
    }
    assertThat(only(node, id, HeldByTransaction.class).pid()).isIn(process, null);
    end(false);
    node.jobs().await(id).block(LIMIT);
  }
}
