package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.r2dbc.spi.Connection;
import io.shigoto.event.JobEvent;
import io.shigoto.job.NewJob;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.support.TcpProxy;
import io.shigoto.worker.JobContext;
import io.shigoto.worker.Outcome;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/**
 * Queues are paused, added, removed and resized while they work. Nobody polls, unless it is said.
 */
class QueuesIT {

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Told told = new Told();
  private final Sinks.Empty<Void> may = Sinks.empty();
  private final AtomicInteger begins = new AtomicInteger();
  private final AtomicInteger running = new AtomicInteger();
  private final AtomicInteger most = new AtomicInteger();

  @Test
  void aPausedQueueRunsNothingOnAnyNodeUntilItIsResumed() {
    Shigoto a = nodes.start(builder().queue("q", 5).queue("other", 5));
    nodes.start(builder().queue("q", 5));
    may.tryEmitEmpty();

    a.queues().pause("q").block(LIMIT);
    told.await(JobEvent.Kind.QUEUE_PAUSED, 2);
    enqueue(a, "q", 50);
    enqueue(a, "other", 1);
    told.await(JobEvent.Kind.COMPLETED);
    assertThat(told.count(JobEvent.Kind.STARTED)).isOne();

    a.queues().resume("q").block(LIMIT);
    told.await(JobEvent.Kind.QUEUE_RESUMED, 2);
    told.await(JobEvent.Kind.COMPLETED, 51);
  }

  @Test
  void aPausedQueueCostsNoClaims() {
    TcpProxy network = nodes.network(db.options());
    Shigoto node =
        nodes.start(
            builder(Nodes.through(network, db.options()))
                .pollInterval(Duration.ofMillis(20))
                .queue("q", 5));
    node.queues().pause("q").block(LIMIT);
    told.await(JobEvent.Kind.QUEUE_PAUSED);
    awaitPolls(network, 10); // a claim that was under way has ended
    network.counts().reset();

    enqueue(node, "q", 20);
    awaitPolls(network, 20);

    assertThat(network.counts().statements("SET state = 'executing'")).isZero();
  }

  @Test
  void aPauseSurvivesItsNodesAndHoldsForQueuesThatNobodyServesYet() {
    Shigoto caller = nodes.build(builder());
    caller.queues().pause("later").block(LIMIT);
    enqueue(caller, "later", 1);

    Shigoto node = nodes.start(builder().queue("later", 1));
    told.await(JobEvent.Kind.QUEUE_PAUSED);
    assertThat(list(node).get("later").paused()).isTrue();
    caller.queues().resume("later").block(LIMIT);
    may.tryEmitEmpty();

    told.await(JobEvent.Kind.COMPLETED);
  }

  @Test
  void aPauseLetsRunsFinishAndGivesBackWhatWasNotStarted() {
    Shigoto node = nodes.start(builder().queue("q", 10));
    may.tryEmitEmpty();
    enqueue(node, "q", 20_000);
    told.await(JobEvent.Kind.COMPLETED, 2_000);

    node.queues().pause("q").block(LIMIT);
    told.await(JobEvent.Kind.QUEUE_PAUSED);
    String held = "SELECT count(*) FROM shigoto.jobs WHERE state <> 'available' OR attempt <> 0";
    Await.until(
        "all that was claimed has ended or is given back",
        LIMIT,
        () -> node.health().block(LIMIT).runsHeld() == 0 && db.number(held) == 0);
    assertThat(db.number("SELECT count(*) FROM shigoto.jobs")).isPositive();

    node.queues().resume("q").block(LIMIT);
    told.await(JobEvent.Kind.COMPLETED, 20_000);
    assertThat(told.count(JobEvent.Kind.STARTED)).isEqualTo(20_000);
  }

  @Test
  void nothingOfADrainedQueueRunsOrBegins() {
    Shigoto a = nodes.start(builder().queue("q", 10));
    nodes.start(builder().queue("q", 10));
    may.tryEmitEmpty();

    for (int round = 1; round <= 20; round++) {
      enqueue(a, "q", 1_000);
      Await.until(LIMIT, () -> running.get() > 0 || list(a).get("q").available() == 0);
      a.queues().pause("q").then(a.queues().drained("q")).block(LIMIT);

      int begun = begins.get();
      assertThat(running).hasValue(0);
      assertThat(list(a).get("q").executing()).isZero();
      told.await(JobEvent.Kind.QUEUE_PAUSED, 2 * round);
      assertThat(begins).hasValue(begun);
      a.queues().resume("q").block(LIMIT);
      told.await(JobEvent.Kind.QUEUE_RESUMED, 2 * round);
    }
  }

  /** It has looked before the pause, and takes its jobs after it. */
  @Test
  void aClaimThatIsUnderWayIsAwaited() {
    Shigoto node = nodes.build(builder());
    AtomicBoolean over = new AtomicBoolean();
    Connection claim = Mono.from(db.connectionFactory().create()).block(LIMIT);
    run(claim, "BEGIN");
    run(claim, "SELECT name FROM shigoto.queues");
    node.queues().pause("late").block(LIMIT);

    Mono<Boolean> drained =
        node.queues().drained("late").then(Mono.fromSupplier(over::get)).cache();
    drained.subscribe();
    Await.until(
        "somebody waits for the claim",
        LIMIT,
        () ->
            db.number(
                    "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND NOT granted")
                > 0);
    run(
        claim,
        "INSERT INTO shigoto.jobs (queue, worker, state, owner, attempt, lease)"
            + " VALUES ('late', 'work', 'executing', gen_random_uuid(), 1, 1)");
    run(claim, "COMMIT");
    over.set(true);
    db.sql("DELETE FROM shigoto.jobs WHERE queue = 'late'");

    assertThat(drained.block(LIMIT)).isTrue();
    Mono.from(claim.close()).block(LIMIT);
  }

  @Test
  void onlyAPausedQueueIsDrained() {
    Shigoto node = nodes.start(builder().queue("q", 1));
    enqueue(node, "q", 1);
    told.await(JobEvent.Kind.STARTED);
    assertThatThrownBy(() -> node.queues().drained("q").block(LIMIT))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("'q' is not paused");

    Mono<Void> drained = node.queues().pause("q").then(node.queues().drained("q")).cache();
    drained.subscribe();
    told.await(JobEvent.Kind.QUEUE_PAUSED);
    node.queues().resume("q").block(LIMIT);

    assertThatThrownBy(() -> drained.block(LIMIT)).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void aNodeThatOnlyPollsSeesPausesAtItsPoll() {
    nodes.start(builder().pollOnly().pollInterval(Duration.ofMillis(50)).queue("q", 1));
    Shigoto caller = nodes.build(builder());

    caller.queues().pause("q").block(LIMIT);
    told.await(JobEvent.Kind.QUEUE_PAUSED);
    caller.queues().resume("q").block(LIMIT);

    assertThat(told.await(JobEvent.Kind.QUEUE_RESUMED).queue()).isEqualTo("q");
  }

  @Test
  void aQueueThatIsAddedIsServed() {
    Shigoto node = nodes.start(builder());
    may.tryEmitEmpty();
    enqueue(node, "q", 3);

    node.queues().add("q", 2).block(LIMIT);

    told.await(JobEvent.Kind.COMPLETED, 3);
    awaitServed("{q}");
    assertThat(list(node).get("q")).isEqualTo(new QueueStatus("q", false, 2, 1, 0, 0));
    assertThatThrownBy(() -> node.queues().add("q", 2).block(LIMIT))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("'q' is served already");
  }

  @Test
  void aQueueThatIsRemovedLetsItsRunsFinish() {
    Shigoto node = nodes.start(builder().queue("q", 2).queue("stays", 1));
    enqueue(node, "q", 5);
    told.await(JobEvent.Kind.STARTED, 2);

    Mono<Void> removed = node.queues().remove("q", LIMIT).cache();
    removed.subscribe();
    awaitServed("{stays}");
    assertThatThrownBy(() -> node.queues().add("q", 1).block(LIMIT))
        .hasMessageContaining("'q' is still being removed");
    may.tryEmitEmpty();
    removed.block(LIMIT);

    assertThat(told.count(JobEvent.Kind.COMPLETED)).isEqualTo(2);
    assertThat(list(node).get("q")).isEqualTo(new QueueStatus("q", false, 0, 0, 3, 0));
    node.queues().add("q", 1).block(LIMIT);
    told.await(JobEvent.Kind.COMPLETED, 5);
  }

  @Test
  void whatStillRunsOfARemovedQueueIsCutAfterTheGraceAndNothingElse() {
    Shigoto node = nodes.start(builder().queue("q", 2).queue("stays", 1));
    enqueue(node, "q", 2);
    enqueue(node, "stays", 1);
    told.await(JobEvent.Kind.STARTED, 3);

    node.queues().remove("q", Duration.ofMillis(50)).block(LIMIT);

    assertThat(told.count(JobEvent.Kind.RELEASED)).isEqualTo(2);
    assertThat(running).hasValue(1);
    assertThat(
            db.number(
                "SELECT count(*) FROM shigoto.jobs WHERE state = 'available' AND attempt = 0"))
        .isEqualTo(2);
    assertThatThrownBy(() -> node.queues().remove("q", LIMIT).block(LIMIT))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("'q' is not served");
  }

  @Test
  void aQueueIsWidenedAndNarrowedWhileItWorks() {
    Shigoto node = nodes.start(builder().queue("q", 2));
    enqueue(node, "q", 30);
    told.await(JobEvent.Kind.STARTED, 2);

    node.queues().resize("q", 10).block(LIMIT);
    told.await(JobEvent.Kind.STARTED, 10);
    assertThat(running).hasValue(10);
    node.queues().resize("q", 3).block(LIMIT);
    may.tryEmitEmpty();
    told.await(JobEvent.Kind.COMPLETED, 30);
    assertThat(most).hasValue(10);

    most.set(0);
    enqueue(node, "q", 200);
    told.await(JobEvent.Kind.COMPLETED, 230);
    assertThat(most.get()).isBetween(1, 3);
  }

  @Test
  void theListKnowsWhatWaitsAndStopsCounting() {
    Shigoto node = nodes.start(builder().queue("q", 1).queue("idle", 7));
    enqueue(node, "q", 1);
    told.await(JobEvent.Kind.STARTED);
    enqueue(node, "q", 3);
    enqueue(node, "unserved", 1_500);
    node.queues().pause("paused").block(LIMIT);

    assertThat(list(node))
        .isEqualTo(
            Map.of(
                "q", new QueueStatus("q", false, 1, 1, 3, 1),
                "idle", new QueueStatus("idle", false, 7, 1, 0, 0),
                "unserved", new QueueStatus("unserved", false, 0, 0, QueueStatus.COUNTED, 0),
                "paused", new QueueStatus("paused", true, 0, 0, 0, 0)));
  }

  @Test
  void whatMakesNoSenseIsRefusedAtTheCall() {
    Queues queues = nodes.build(builder()).queues();

    assertThatThrownBy(() -> queues.pause(" "))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("but is ' '");
    assertThatThrownBy(() -> queues.resume("q".repeat(256))).hasMessageContaining("length 256");
    assertThatThrownBy(() -> queues.pause("a\0b")).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> queues.pause("a\ud800")).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> queues.add("q", 0)).hasMessageContaining("at least 1, but is 0");
    assertThatThrownBy(() -> queues.resize("q", -1)).hasMessageContaining("but is -1");
    assertThatThrownBy(() -> queues.remove("q", Duration.ofMillis(-1)))
        .hasMessageContaining("but is PT-0.001S");
    assertThatThrownBy(() -> queues.resize("q", 1).block(LIMIT))
        .isInstanceOf(IllegalStateException.class);
  }

  private ShigotoBuilder builder() {
    return builder(db.connectionFactory());
  }

  private ShigotoBuilder builder(io.r2dbc.spi.ConnectionFactory factory) {
    return Shigoto.builder(factory)
        .pollInterval(Duration.ofHours(1))
        .worker(new Scripted("work", this::work))
        .listener(told);
  }

  private Mono<Outcome> work(JobContext<?> job) {
    return Mono.defer(
        () -> {
          begins.incrementAndGet();
          most.accumulateAndGet(running.incrementAndGet(), Math::max);
          return may.asMono()
              .thenReturn(Outcome.done())
              .doFinally(end -> running.decrementAndGet());
        });
  }

  private static void run(Connection connection, String sql) {
    Flux.from(connection.createStatement(sql).execute())
        .concatMap(result -> result.map((row, columns) -> 0))
        .then()
        .block(LIMIT);
  }

  private static void enqueue(Shigoto node, String queue, int count) {
    node.enqueueAll(Flux.range(0, count).map(i -> NewJob.of("work", Scripted.NOTHING).queue(queue)))
        .then()
        .block(LIMIT);
  }

  private static Map<String, QueueStatus> list(Shigoto node) {
    return node.queues().list().collectMap(QueueStatus::name).block(LIMIT);
  }

  private static void awaitPolls(TcpProxy network, int more) {
    long before = network.counts().statements("AS served (worker)");
    Await.until(LIMIT, () -> network.counts().statements("AS served (worker)") >= before + more);
  }

  private static void awaitServed(String queues) {
    Await.until(
        "a node serves " + queues,
        LIMIT,
        () -> db.number("SELECT count(*) FROM shigoto.nodes WHERE queues::text = $1", queues) == 1);
  }
}
