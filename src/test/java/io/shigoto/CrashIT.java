package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.event.JobEvent.Kind;
import io.shigoto.job.Job;
import io.shigoto.job.JobState;
import io.shigoto.job.NewJob;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.worker.JobError;
import io.shigoto.worker.Outcome;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Sinks;

/** Nodes in JVMs of their own, which are killed or get no time for longer than their lease. */
class CrashIT {

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Told told = new Told();
  private final Sinks.Empty<Void> end = Sinks.empty();

  @Test
  void jobsOfAKilledProcessRunElsewhere() {
    ChildNode child = nodes.child(db.options(), "slow");
    Shigoto node = nodes.build(survivor("default"));
    enqueue(node, 10);
    awaitRunsInTheChild(10);

    child.kill();
    end.tryEmitEmpty();
    node.start().block(LIMIT);
    told.await(Kind.COMPLETED, 10);

    assertThat(told.count(Kind.RESCUED)).isEqualTo(10);
    assertThat(
            db.number(
                "SELECT count(*) FROM shigoto.job_history WHERE attempt = 2"
                    + " AND state = 'completed' AND result = '\"survivor\"'"
                    + " AND jsonb_array_length(errors) = 1 AND errors->0->>'type' = 'NodeLost'"))
        .isEqualTo(10);
  }

  /** Its runs are over when it gets time again, and it tries to write how they ended. */
  @Test
  void processThatSleptLongerThanItsLeaseChangesNothing() {
    ChildNode child = nodes.child(db.options(), "slow");
    Shigoto node = nodes.build(survivor("default"));
    enqueue(node, 10);
    awaitRunsInTheChild(10);
    String asleep = incarnations().get(0);

    child.freeze();
    node.start().block(LIMIT);
    told.await(Kind.STARTED, 10);
    Await.until("the runs of the child are over", LIMIT, CrashIT::runsOfTheChildAreOver);
    child.thaw();
    Await.until(
        "the child is another incarnation",
        LIMIT,
        () -> incarnations().size() == 1 && !incarnations().contains(asleep));

    assertThat(
            db.number(
                "SELECT count(*) FROM shigoto.jobs WHERE attempt = 2 AND state = 'executing'"
                    + " AND lease = 2 AND jsonb_array_length(errors) = 1"))
        .isEqualTo(10);
    assertThat(db.number("SELECT count(*) FROM shigoto.job_history")).isZero();
    end.tryEmitEmpty();
    told.await(Kind.COMPLETED, 10);
    assertThat(db.number("SELECT count(*) FROM shigoto.job_history WHERE result = '\"survivor\"'"))
        .isEqualTo(10);
  }

  /** The survivor knows the worker and does not serve its queue. */
  @Test
  void jobThatKeepsKillingItsNodeIsDiscardedInTheEnd() {
    Shigoto node = nodes.start(survivor("elsewhere"));
    long id = enqueue(node, 1).get(0);

    for (int attempt = 1; attempt <= 3; attempt++) {
      nodes.child(db.options(), "poison").awaitEnd();
      assertThat(told.await(Kind.RESCUED, attempt).get(attempt - 1).attempt()).isEqualTo(attempt);
    }

    Job job = node.jobs().find(id).block(LIMIT);
    assertThat(job.state()).isEqualTo(JobState.DISCARDED);
    assertThat(job.attempt()).isEqualTo(3);
    assertThat(job.errors()).extracting(JobError::attempt).containsExactly(1, 2, 3);
    assertThat(job.errors()).extracting(JobError::type).containsOnly("NodeLost");
  }

  private ShigotoBuilder survivor(String queue) {
    return Shigoto.builder(db.connectionFactory())
        .name("survivor")
        .lease(Duration.ofSeconds(2))
        .worker(new Scripted("work", job -> end.asMono().thenReturn(Outcome.done("survivor"))))
        .queue(queue, 20)
        .listener(told);
  }

  private static List<Long> enqueue(Shigoto node, int count) {
    return node.enqueueAll(Flux.range(0, count).map(i -> NewJob.of("work", Scripted.NOTHING)))
        .map(receipt -> receipt.id())
        .collectList()
        .block(LIMIT);
  }

  private static void awaitRunsInTheChild(int count) {
    Await.until(
        "the child runs them",
        ChildNode.LIMIT,
        () -> db.number("SELECT count(*) FROM shigoto.jobs WHERE state = 'executing'") == count);
  }

  private static boolean runsOfTheChildAreOver() {
    return db.number(
            "SELECT count(*) FROM shigoto.jobs WHERE inserted_at > now() - $1 * interval '1 ms'",
            NodeInAnotherJvm.SLOW.toMillis())
        == 0;
  }

  private static List<String> incarnations() {
    return db.sql("SELECT id::text FROM shigoto.nodes WHERE name = $1", ChildNode.NAME).stream()
        .map(row -> (String) row.get("id"))
        .toList();
  }
}
