package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.event.JobEvent;
import io.shigoto.job.NewJob;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.worker.Outcome;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Mono;

/** Short jobs have made a node claim ahead, and then come long ones. */
class HoardIT {

  private static final int SLOTS = 4;

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Told told = new Told();

  @Test
  void whatWasClaimedAheadOfLongRunsIsGivenBackAndOthersRunIt() {
    insert("short", 9, 5_000);
    insert("long", 5, SLOTS);
    insert("short", 0, 2_000);
    Shigoto node = nodes.start(node(told).queue("other", 1));
    Await.until(
        "long ones are in all slots",
        LIMIT,
        () -> db.number("SELECT count(*) FROM shigoto.jobs WHERE priority = 9") == 0);

    told.await(JobEvent.Kind.RELEASED);
    Await.until("nothing is hoarded", LIMIT, () -> owned() == SLOTS);
    int claimed = told.count(JobEvent.Kind.CLAIMED);
    for (int i = 0; i < 20; i++) {
      enqueue(node, "default");
      enqueue(node, "other");
    }
    Await.until("the other queue goes on", LIMIT, () -> left("other") == 0);
    assertThat(told.count(JobEvent.Kind.CLAIMED)).isEqualTo(claimed + 20);

    nodes.start(node(new Told()));
    Await.until("the others are done", LIMIT, () -> left("default") == SLOTS);

    List<Long> released = told.all(JobEvent.Kind.RELEASED).stream().map(JobEvent::jobId).toList();
    assertThat(db.number("SELECT count(*) FROM shigoto.job_history WHERE attempt <> 1")).isZero();
    assertThat(
            db.number(
                "SELECT count(*) FROM shigoto.job_history WHERE id = ANY ($1) AND lease < 2",
                (Object) released.toArray(Long[]::new)))
        .isZero();
  }

  private static long owned() {
    return db.number("SELECT count(*) FROM shigoto.jobs WHERE owner IS NOT NULL");
  }

  private static long left(String queue) {
    return db.number("SELECT count(*) FROM shigoto.jobs WHERE queue = $1", queue);
  }

  private static void enqueue(Shigoto node, String queue) {
    node.enqueue(NewJob.of("short", Scripted.NOTHING).queue(queue)).block(LIMIT);
  }

  private ShigotoBuilder node(Told listener) {
    return Shigoto.builder(db.connectionFactory())
        .pollInterval(Duration.ofHours(1))
        .listener(listener)
        .worker(new Scripted("short", job -> Mono.just(Outcome.done())))
        .worker(new Scripted("long", job -> Mono.never()))
        .queue("default", SLOTS);
  }

  private static void insert(String worker, int priority, int count) {
    db.sql(
        """
        INSERT INTO shigoto.jobs (queue, worker, priority)
        SELECT 'default', $1, $2
          FROM set_config('shigoto.notify', 'off', true), generate_series(1, $3)
        """,
        worker,
        (short) priority,
        count);
  }
}
