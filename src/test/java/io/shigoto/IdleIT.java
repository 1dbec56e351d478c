package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.control.QueueOptions;
import io.shigoto.event.JobEvent.Kind;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.support.TcpProxy;
import io.shigoto.worker.CircuitBreaker;
import io.shigoto.worker.RateLimit;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Mono;

/** What nodes of twenty queues cost that have nothing to do, or may do nothing of much. */
class IdleIT {

  private static final String POLL = "lane.queue, false AS paused";
  private static final int POLLS = 4;
  private static final int QUEUES = 20;
  private static final int WAITING = 100;
  private static final int NODE = 3;
  private static final int PER_SECOND = 5;

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final List<Site> sites = new ArrayList<>();

  /** A slow machine makes fewer statements, never more: the time says how many there may be. */
  @Test
  void aNodeThatHasNothingToDoOrMayDoNothingAsksAFewTimesASecond() {
    start("nothing waits", 0, new Scripted("free", job -> Mono.empty()));
    nobodyKnowsTheWorker();
    queuesArePaused();
    theRateIsUsedUp();
    theCircuitIsOpen();
    theClusterIsFull();
    nothingWaitsForANodeWithALimit();
    theNodeIsFull();

    sites.forEach(Site::polls);
    long began = System.nanoTime();
    sites.forEach(site -> site.network.counts().reset());
    sites.forEach(Site::polls);
    List<Long> statements = sites.stream().map(site -> site.network.counts().statements()).toList();
    long seconds = Duration.ofNanos(System.nanoTime() - began).toSeconds() + 1;

    SoftAssertions each = new SoftAssertions();
    for (int i = 0; i < sites.size(); i++) {
      each.assertThat(statements.get(i))
          .as("%s: in %d s %s", sites.get(i).what, seconds, sites.get(i).network.counts())
          .isLessThanOrEqualTo(PER_SECOND * seconds);
    }
    each.assertAll();
  }

  private void nobodyKnowsTheWorker() {
    insert("known", "unknown", WAITING);
    start("nobody knows the worker", 0, new Scripted("known", job -> Mono.empty()));
  }

  private void queuesArePaused() {
    db.sql(
        "INSERT INTO shigoto.queues (name, paused)"
            + " SELECT 'paused' || n, true FROM generate_series(1, $1) AS n",
        QUEUES);
    Site site = start("paused", WAITING, new Scripted("paused", job -> Mono.empty()));
    site.told.await(Kind.QUEUE_PAUSED, QUEUES);
    assertThat(site.told.count(Kind.CLAIMED)).isZero();
  }

  private void theRateIsUsedUp() {
    Scripted worker =
        new Scripted("rated", job -> Mono.empty()) {
          @Override
          public RateLimit rateLimit() {
            return RateLimit.of(3, Duration.ofHours(1));
          }
        };
    start("the rate is used up", WAITING, worker).told.await(Kind.COMPLETED, 3);
  }

  private void theCircuitIsOpen() {
    Scripted worker =
        new Scripted("broken", job -> Mono.error(new IllegalStateException())) {
          @Override
          public CircuitBreaker circuitBreaker() {
            return CircuitBreaker.standard().window(10).open(Duration.ofHours(1));
          }

          @Override
          public Duration backoff(int attempt, Throwable error) {
            return Duration.ofHours(1);
          }
        };
    start("the circuit is open", WAITING, worker).told.await(Kind.CIRCUIT_OPENED);
    Await.until("all runs have ended", LIMIT, () -> executing("broken") == 0);
  }

  private void theClusterIsFull() {
    executedElsewhere("full", 500);
    Scripted worker =
        new Scripted("full", job -> Mono.empty()) {
          @Override
          public int globalConcurrency() {
            return 500;
          }
        };
    Site site = start("the cluster is full", WAITING, worker);
    Await.until(
        "it has claimed", LIMIT, () -> site.network.counts().statements("claim_limited") > 0);
    assertThat(site.told.count(Kind.CLAIMED)).isZero();
  }

  private void nothingWaitsForANodeWithALimit() {
    start("a limit, and nothing waits", 0, new Scripted("shared", job -> Mono.empty()), NODE);
  }

  private void theNodeIsFull() {
    Scripted worker = new Scripted("crowded", job -> Mono.never());
    start("the node is full", WAITING, worker, NODE).told.await(Kind.STARTED, NODE);
  }

  private Site start(String what, int jobs, Scripted worker) {
    return start(what, jobs, worker, Integer.MAX_VALUE);
  }

  /** A node with a limit for all its queues, which have so many jobs of its worker each. */
  private Site start(String what, int jobs, Scripted worker, int concurrency) {
    insert(worker.name(), worker.name(), jobs);
    Site site = new Site(what, nodes.network(db.options()), new Told());
    ShigotoBuilder builder =
        Shigoto.builder(Nodes.through(site.network, db.options()))
            .worker(worker)
            .concurrency(concurrency)
            .listener(site.told);
    for (int i = 1; i <= QUEUES; i++) {
      builder.queue(worker.name() + i, QueueOptions.concurrency(10).weight(i));
    }
    nodes.start(builder);
    sites.add(site);
    return site;
  }

  private static void insert(String queues, String worker, int each) {
    db.sql(
        """
        INSERT INTO shigoto.jobs (queue, worker)
        SELECT $1 || n, $2 FROM generate_series(1, $3) AS n, generate_series(1, $4)
        """,
        queues,
        worker,
        QUEUES,
        each);
  }

  private static void executedElsewhere(String worker, int count) {
    db.sql(
        """
        WITH another AS (
          INSERT INTO shigoto.nodes (id, name, lease_until, queues, workers)
          VALUES (gen_random_uuid(), 'another', now() + interval '1 hour', '{}', '{}')
          RETURNING id
        )
        INSERT INTO shigoto.jobs (queue, worker, state, owner, lease, attempt, claimed_at, limited)
        SELECT 'elsewhere', $1, 'executing', another.id, 1, 1, now(), true
          FROM another, generate_series(1, $2)
        """,
        worker,
        count);
  }

  private static long executing(String worker) {
    return db.number(
        "SELECT count(*) FROM shigoto.jobs WHERE state = 'executing' AND worker = $1", worker);
  }

  private record Site(String what, TcpProxy network, Told told) {

    /** Returns when it has polled so often since its statements are counted. */
    void polls() {
      Await.until("it polls", LIMIT, () -> network.counts().statements(POLL) >= POLLS);
    }
  }
}
