package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.control.QueueOptions;
import io.shigoto.event.JobEvent;
import io.shigoto.job.NewJob;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.worker.Outcome;
import java.time.Duration;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Queues in which partition keys take turns. */
class FairQueueIT {

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Told told = new Told();
  private final Map<String, AtomicInteger> started = new ConcurrentHashMap<>();
  private final Queue<String> order = new ConcurrentLinkedQueue<>();

  @Test
  void smallOnesAreDoneWhenTheBigOneHasBarelyBegun() {
    insert("big", 20_000);
    for (int i = 0; i < 10; i++) {
      insert("small" + i, 20);
    }
    insert("", 20);
    for (int i = 0; i < 3; i++) {
      nodes.start(node(Duration.ofMillis(1)).queue("default", QueueOptions.concurrency(10).fair()));
    }

    Await.until("the small ones are done", LIMIT, () -> left("partition_key <> 'big'") == 0);
    assertThat(left("true")).isGreaterThan(18_000);

    // Each claim looks ten times as far for those without a key as it takes others.
    Await.until("those without a key are done", LIMIT, () -> left("partition_key IS NULL") == 0);
    assertThat(left("true")).isGreaterThan(5_000);
    assertThat(told.count(JobEvent.Kind.RELEASED)).isZero();
  }

  /** It comes when all others are there, and waits for a turn and not for them. */
  @Test
  void whoComesLateIsNotBehindTheBacklog() {
    insert("big", 10_000);
    Shigoto node =
        nodes.start(
            node(Duration.ofMillis(1)).queue("default", QueueOptions.concurrency(5).fair()));
    told.await(JobEvent.Kind.COMPLETED, 100);

    node.enqueueAll(
            Flux.range(0, 10).map(i -> NewJob.of("work", Scripted.NOTHING).partitionKey("late")))
        .then()
        .block(LIMIT);
    Await.until("the late one is done", LIMIT, () -> started("late") == 10);

    assertThat(left("true")).isGreaterThan(5_000);
  }

  @Test
  void aThousandKeysAllHaveTheirTurn() {
    db.sql(
        """
        INSERT INTO shigoto.jobs (queue, worker, partition_key, priority)
        SELECT 'default', 'work', 'key' || n % 1000, n % 7
          FROM set_config('shigoto.notify', 'off', true), generate_series(1, 5000) AS n
        """);
    insert("key0", 5_000);
    for (int i = 0; i < 2; i++) {
      nodes.start(node(Duration.ZERO).queue("default", QueueOptions.concurrency(10).fair()));
    }

    told.await(JobEvent.Kind.COMPLETED, 10_000);

    assertThat(order.stream().limit(2_500).distinct().count()).isGreaterThan(900);
    assertThat(order.stream().skip(7_500).distinct()).hasSizeLessThan(20);
  }

  /** A key that runs elsewhere has its turn later. */
  @Test
  void whatRunsOnOtherNodesCounts() {
    insert("busy", 100);
    nodes.start(
        Shigoto.builder(db.connectionFactory())
            .worker(new Scripted("work", job -> Mono.never()))
            .queue("default", QueueOptions.concurrency(20).fair()));
    Await.until(
        LIMIT, () -> db.number("SELECT count(*) FROM shigoto.jobs WHERE owner IS NOT NULL") == 20);
    insert("idle", 15);
    nodes.start(node(Duration.ofHours(1)).queue("default", QueueOptions.concurrency(10).fair()));

    Await.until("ten run", LIMIT, () -> order.size() == 10);

    assertThat(order).containsOnly("idle");
  }

  private static long left(String which) {
    return db.number("SELECT count(*) FROM shigoto.jobs WHERE " + which);
  }

  private int started(String key) {
    return started.computeIfAbsent(key, any -> new AtomicInteger()).get();
  }

  private ShigotoBuilder node(Duration time) {
    return Shigoto.builder(db.connectionFactory())
        .pollInterval(Duration.ofHours(1))
        .listener(told)
        .worker(
            new Scripted(
                "work",
                job ->
                    Mono.defer(
                        () -> {
                          String key = String.valueOf(job.partitionKey());
                          order.add(key);
                          started
                              .computeIfAbsent(key, any -> new AtomicInteger())
                              .incrementAndGet();
                          Mono<Outcome> done = Mono.just(Outcome.done());
                          return time.isZero() ? done : done.delayElement(time);
                        })));
  }

  private static void insert(String key, int count) {
    db.sql(
        """
        INSERT INTO shigoto.jobs (queue, worker, partition_key, scheduled_at)
        SELECT 'default', 'work', nullif($1, ''), now() - interval '1 hour'
          FROM set_config('shigoto.notify', 'off', true), generate_series(1, $2)
        """,
        key,
        count);
  }
}
