package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.event.JobEvent;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.support.TcpProxy;
import io.shigoto.worker.JobContext;
import io.shigoto.worker.Outcome;
import io.shigoto.worker.RateLimit;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import reactor.core.publisher.Mono;

/** Rates of each partition key, with a poll once an hour: what runs late was woken in time. */
class PartitionRateIT {

  private static final Duration NEVER = Duration.ofHours(1);
  private static final Duration SECOND = Duration.ofSeconds(1);
  private static final List<String> THREE = List.of("a", "b", "c");

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Told told = new Told();
  private final Starts starts = Starts.byPartition();

  /** Jobs without a key are one of four groups. */
  @ParameterizedTest
  @EnumSource
  void eachKeyKeepsItsRateInTheCluster(RateLimit.Algorithm algorithm) {
    RateLimit limit =
        switch (algorithm) {
          case SLIDING_WINDOW -> RateLimit.of(5, SECOND).slidingWindow();
          case TOKEN_BUCKET -> RateLimit.of(5, SECOND).tokenBucket().burst(4);
          case GCRA -> RateLimit.of(5, SECOND).gcra().burst(2);
          case LEAKY_BUCKET -> RateLimit.of(5, SECOND).leakyBucket();
        };
    insert("x", 15);
    insert("y", 15);
    insert("z", 3);
    insert(null, 15);
    for (String name : THREE) {
      nodes.start(node().worker(limited(limit.global().perPartition())).queue("default", 10));
    }

    told.await(JobEvent.Kind.COMPLETED, 48);

    starts.assertKept(limit);
    assertThat(starts.groups()).containsExactlyInAnyOrder("x", "y", "z", "null");
    assertThat(told.count(JobEvent.Kind.RATE_LIMITED)).isPositive();
  }

  /** Each node by itself: three times as many in all, and never more on one. */
  @Test
  void eachNodeHasRatesOfItsOwnUnlessTheyAreGlobal() {
    RateLimit limit = RateLimit.of(4, Duration.ofHours(1)).perPartition();
    insert("x", 30);
    insert("y", 2);
    for (String name : THREE) {
      nodes.start(
          node()
              .worker(new ClusterRateIT.Paced("limited", limit, job -> start(name, job)))
              .queue("default", 3));
    }

    told.await(JobEvent.Kind.COMPLETED, 14);
    Await.until("all are held back", LIMIT, () -> told.count(JobEvent.Kind.RATE_LIMITED) >= 3);

    for (String name : THREE) {
      assertThat(starts.count(name + " x")).isEqualTo(4);
    }
    assertThat(db.number("SELECT count(*) FROM shigoto.jobs WHERE state = 'available'"))
        .isEqualTo(18);
  }

  /** One key that may not start holds up neither others nor new ones. */
  @Test
  void aKeyThatMayNotStartHoldsUpNobody() {
    TcpProxy network = nodes.network(db.options());
    RateLimit limit = RateLimit.of(1, Duration.ofHours(1)).global().perPartition();
    insert("big", 20_000);
    insert("small", 1);
    Shigoto node =
        nodes.start(
            Shigoto.builder(Nodes.through(network, db.options()))
                .pollInterval(NEVER)
                .listener(told)
                .worker(limited(limit))
                .worker(new Scripted("free", job -> Mono.just(Outcome.done())))
                .queue("default", 10));
    told.await(JobEvent.Kind.COMPLETED, 2);
    told.await(JobEvent.Kind.RATE_LIMITED);

    for (int i = 0; i < 20; i++) {
      insert("new" + i, 2);
    }
    told.await(JobEvent.Kind.COMPLETED, 22);
    insertFree(5_000);
    told.await(JobEvent.Kind.COMPLETED, 5_022);

    assertThat(starts.count("big")).isEqualTo(1);
    assertThat(starts.count()).isEqualTo(22);
    assertThat(told.count(JobEvent.Kind.RELEASED)).isZero();
    assertThat(node.health().block(LIMIT)).isNotNull();
  }

  private ClusterRateIT.Paced limited(RateLimit limit) {
    return new ClusterRateIT.Paced(
        "limited",
        limit,
        job -> {
          starts.note(job);
          return Mono.just(Outcome.done());
        });
  }

  private Mono<Outcome> start(String node, JobContext<?> job) {
    starts.note(node + " " + job.partitionKey());
    return Mono.just(Outcome.done());
  }

  private ShigotoBuilder node() {
    return Shigoto.builder(db.connectionFactory()).pollInterval(NEVER).listener(told);
  }

  private static void insert(String key, int jobs) {
    db.sql(
        """
        INSERT INTO shigoto.jobs (queue, worker, partition_key)
        SELECT 'default', 'limited', %s FROM generate_series(1, %d)
        """
            .formatted(key == null ? "NULL" : "'" + key + "'", jobs));
  }

  private static void insertFree(int jobs) {
    db.sql(
        "INSERT INTO shigoto.jobs (queue, worker) SELECT 'default', 'free' FROM generate_series(1, %d)"
            .formatted(jobs));
  }
}
