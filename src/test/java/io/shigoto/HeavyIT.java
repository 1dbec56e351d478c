package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.control.NodeReason;
import io.shigoto.event.JobEvent;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.worker.Outcome;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/** Many small jobs, and then heavy ones in a queue that is wide enough for all of them. */
class HeavyIT {

  private static final int HEAVY = 150;
  private static final int MIB = 1024 * 1024;
  private static final int MOST_MIB = 64;

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Told told = new Told();
  private final Sinks.Empty<Void> may = Sinks.empty();

  /** One more may be on its way: nobody knows the weight of a job that he has not seen. */
  @Test
  void aQueueHoldsNoMoreThanItsBoundAndGetsThemDone() {
    insert("small", 9, 2_000, 1);
    insert("heavy", 0, HEAVY, MIB);
    Shigoto node =
        nodes.start(
            Shigoto.builder(db.connectionFactory())
                .name("heavy")
                .pollInterval(Duration.ofHours(1))
                .listener(told)
                .worker(new Scripted("small", job -> Mono.just(Outcome.done())))
                .worker(new Scripted("heavy", job -> may.asMono().thenReturn(Outcome.done())))
                .queue("default", 3_000));

    Await.until("it holds as many as it may", LIMIT, () -> held() >= MOST_MIB);
    told.await(JobEvent.Kind.COMPLETED, 2_000);
    assertThat(held()).isLessThanOrEqualTo(MOST_MIB + 1);
    Await.until(
        "it says why",
        LIMIT,
        () ->
            node.jobs()
                .explain(db.number("SELECT min(id) FROM shigoto.jobs WHERE state = 'available'"))
                .block(LIMIT)
                .reasons()
                .equals(List.of(new NodeReason.HoldsTooMuch("heavy", "default"))));

    may.tryEmitEmpty();
    Await.until("all are done", LIMIT.multipliedBy(2), () -> held() + left() == 0);
    assertThat(db.number("SELECT count(*) FROM shigoto.job_history WHERE worker = 'small'"))
        .isEqualTo(2_000);
  }

  /** While it holds one and may hold no more, its slot is for others. */
  @Test
  void aQueueOfANodeWithALimitHasItsSlotBackWhenItMayHoldMore() {
    insert("heavy", 0, 2, (MOST_MIB + 1) * MIB);
    may.tryEmitEmpty();
    nodes.start(
        Shigoto.builder(db.connectionFactory())
            .pollInterval(Duration.ofHours(1))
            .concurrency(1)
            .worker(new Scripted("heavy", job -> may.asMono().thenReturn(Outcome.done())))
            .queue("default", 1));

    Await.until("all are done", LIMIT.multipliedBy(2), () -> left() == 0);
  }

  private static long held() {
    long held =
        db.number("SELECT count(*) FROM shigoto.jobs WHERE owner IS NOT NULL AND worker = 'heavy'");
    assertThat(held).isLessThanOrEqualTo(MOST_MIB + 1);
    return held;
  }

  private static long left() {
    return db.number("SELECT count(*) FROM shigoto.jobs");
  }

  private static void insert(String worker, int priority, int count, int weight) {
    db.sql(
        """
        INSERT INTO shigoto.jobs (queue, worker, priority, args)
        SELECT 'default', $1, $2, jsonb_build_object('text', repeat('x', $4))
          FROM set_config('shigoto.notify', 'off', true), generate_series(1, $3)
        """,
        worker,
        (short) priority,
        count,
        weight);
  }
}
