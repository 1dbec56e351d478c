package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import io.shigoto.control.QueueOptions;
import io.shigoto.job.NewJob;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.worker.Outcome;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** How many jobs of all its queues a node runs at the same time, and of which. */
class NodeLimitIT {

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Gated gated = new Gated();

  @Test
  void whileTheLimitBindsQueuesGetSlotsByTheirWeights() {
    Shigoto node = nodes.start(node(8).queue("one", weight(1)).queue("three", weight(3)));
    enqueue(node, "one", 200);
    enqueue(node, "three", 200);
    gated.awaitRunning(8);

    endUntil("one", "three", 6);
    assertThat(gated.runningOf("one")).isEqualTo(2);

    int ones = gated.begunOf("one");
    int threes = gated.begunOf("three");
    for (int i = 0; i < 120; i++) {
      gated.end(i % 4 == 0 ? "one" : "three");
      gated.awaitRunning(8);
    }
    assertThat(gated.begunOf("one") - ones).isCloseTo(30, within(2));
    assertThat(gated.begunOf("three") - threes).isCloseTo(90, within(2));
    assertThat(gated.most()).isEqualTo(8);
  }

  @Test
  void whatAQueueDoesNotNeedIsLentAndComesBackAsRunsEnd() {
    Shigoto node = nodes.start(node(4).queue("a", weight(1)).queue("b", weight(1)));
    enqueue(node, "a", 100);
    gated.awaitRunning("a", 4);

    enqueue(node, "b", 2);
    assertThat(gated.runningOf("a")).as("no run is ended for another").isEqualTo(4);
    gated.end("a");
    gated.awaitRunning("b", 1);
    gated.end("a");
    gated.awaitRunning("b", 2);
    assertThat(gated.runningOf("a")).isEqualTo(2);

    gated.end("b");
    gated.awaitRunning("a", 3);
    gated.end("b");
    gated.awaitRunning("a", 4);
  }

  @Test
  void withFewerSlotsThanQueuesNoneStarves() {
    Queue<String> begun = new ConcurrentLinkedQueue<>();
    List<String> queues = List.of("a", "b", "c", "d");
    ShigotoBuilder builder =
        Shigoto.builder(db.connectionFactory())
            .concurrency(2)
            .worker(
                new Scripted(
                    "short",
                    job -> {
                      begun.add(job.queue());
                      return Mono.delay(Duration.ofMillis(1)).thenReturn(Outcome.done());
                    }));
    queues.forEach(queue -> builder.queue(queue, 5));
    Shigoto node = nodes.build(builder);
    queues.forEach(queue -> enqueue(node, "short", queue, 300));
    node.start().block(LIMIT);

    Await.until("all have run", LIMIT, () -> begun.size() == 1200);
    List<String> first = begun.stream().limit(600).toList();
    assertThat(queues)
        .allSatisfy(
            queue -> assertThat(first.stream().filter(queue::equals).count()).isGreaterThan(50));
  }

  @Test
  void whatWasClaimedAheadIsGivenBackWhenAnotherQueueKeepsTheSlots() {
    Shigoto node =
        nodes.start(
            node(1)
                .queue("short", 5)
                .queue("long", weight(1000))
                .worker(new Scripted("short", job -> Mono.just(Outcome.done()))));
    node.queues().pause("short").block(LIMIT);
    enqueue(node, "short", "short", 10_000);
    node.queues().resume("short").block(LIMIT);
    Await.until(
        "some are done", LIMIT, () -> db.number("SELECT count(*) FROM shigoto.job_history") > 200);

    enqueue(node, "long", 1);
    gated.awaitRunning("long", 1);

    Await.until(
        "nothing waits here for a slot",
        LIMIT,
        () ->
            db.number(
                    "SELECT count(*) FROM shigoto.jobs WHERE state = 'executing' AND queue = 'short'")
                == 0);
    assertThat(
            db.number(
                "SELECT count(*) FROM shigoto.jobs WHERE queue = 'short' AND state = 'available'"))
        .isPositive();
    long done = db.number("SELECT count(*) FROM shigoto.job_history");
    gated.end("long");
    Await.until(
        "the others go on",
        LIMIT,
        () ->
            db.number("SELECT count(*) FROM shigoto.job_history") > Math.min(done + 1_000, 10_000));
    assertThat(db.number("SELECT count(*) FROM shigoto.job_history WHERE attempt <> 1")).isZero();
  }

  @Test
  void slotsOfAQueueThatIsRemovedOrPausedAreForTheOthers() {
    Shigoto node = nodes.start(node(4).queue("a", 10).queue("b", 10).queue("c", 10));
    enqueue(node, "a", 50);
    gated.awaitRunning("a", 4);
    enqueue(node, "b", 50);
    gated.end("a");
    gated.awaitRunning("b", 1);
    gated.end("a");
    gated.awaitRunning("b", 2);

    Mono<Void> removed = node.queues().remove("a", Duration.ofMinutes(1)).cache();
    removed.subscribe();
    gated.end("a");
    gated.awaitRunning("b", 3);
    gated.end("a");
    gated.awaitRunning("b", 4);
    removed.block(LIMIT);

    enqueue(node, "c", 50);
    node.queues().pause("b").block(LIMIT);
    gated.end("b");
    gated.awaitRunning("c", 1);
    gated.end("b");
    gated.awaitRunning("c", 2);
    node.queues().resize("c", 2).block(LIMIT);
    gated.end("b");
    gated.awaitRunning("b", 1);
    node.queues().resize("c", 3).block(LIMIT);
    gated.awaitRunning("c", 3);
    node.queues().resume("b").block(LIMIT);
    endUntil("c", "b", 2);
    assertThat(gated.most()).isEqualTo(4);
  }

  @Test
  void aQueueWhoseWorkersMayStartNothingLendsItsSlots() {
    Shigoto node =
        nodes.start(
            node(4)
                .worker(
                    new Scripted("limited", gated::perform) {
                      @Override
                      public int concurrency() {
                        return 1;
                      }
                    })
                .queue("limited", weight(1000))
                .queue("free", weight(1)));
    enqueue(node, "limited", "limited", 50);
    gated.awaitRunning("limited", 1);
    enqueue(node, "free", 50);
    gated.awaitRunning("free", 3);

    for (int i = 0; i < 10; i++) {
      gated.end("limited");
      gated.awaitRunning(4);
      assertThat(gated.runningOf("limited")).isEqualTo(1);
    }
  }

  @Test
  void aStopGivesBackAllThatWaitsAndANodeWithAnotherLeaseHasAllSlotsAgain() {
    Shigoto node =
        nodes.start(
            node(3).lease(Duration.ofSeconds(2)).queue("a", weight(1)).queue("b", weight(1)));
    enqueue(node, "a", 20);
    enqueue(node, "b", 20);
    gated.awaitRunning(3);
    int begun = gated.begunOf("a") + gated.begunOf("b");

    db.sql("UPDATE shigoto.nodes SET lease_until = now() - interval '1 second'");
    Await.until(
        "it runs three others",
        LIMIT,
        () -> gated.all() == 3 && gated.begunOf("a") + gated.begunOf("b") == begun + 3);
    assertThat(gated.most()).isEqualTo(3);
    gated.awaitRunning(3);

    node.stop(Duration.ZERO).block(LIMIT);
    assertThat(
            db.number(
                "SELECT count(*) FROM shigoto.jobs WHERE owner IS NOT NULL AND owner IN"
                    + " (SELECT id FROM shigoto.nodes WHERE lease_until > now())"))
        .isZero();
  }

  @Test
  void aQueueThatIsAddedHasItsShare() {
    Shigoto node = nodes.start(node(4).queue("a", weight(1)));
    enqueue(node, "a", 50);
    gated.awaitRunning("a", 4);

    node.queues().add("b", weight(3)).block(LIMIT);
    enqueue(node, "b", 50);
    for (int b = 1; b <= 3; b++) {
      gated.end("a");
      gated.awaitRunning("b", b);
    }
    gated.end("b");
    gated.awaitRunning("b", 3);
    assertThat(gated.runningOf("a")).isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(ints = {Integer.MIN_VALUE, -1, 0})
  void aLimitThatIsNoneIsRefused(int runs) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Shigoto.builder(db.connectionFactory()).concurrency(runs))
        .withMessage("concurrency of the node must be at least 1, but is " + runs);
  }

  /** Ends runs of one queue until another has so many. */
  private void endUntil(String one, String other, int runs) {
    int all = gated.all();
    while (gated.runningOf(other) < runs) {
      gated.end(one);
      gated.awaitRunning(all);
    }
  }

  private static QueueOptions weight(int weight) {
    return QueueOptions.concurrency(20).weight(weight);
  }

  private static void enqueue(Shigoto node, String queue, int jobs) {
    enqueue(node, Gated.NAME, queue, jobs);
  }

  private static void enqueue(Shigoto node, String worker, String queue, int jobs) {
    node.enqueueAll(Flux.range(0, jobs).map(i -> NewJob.of(worker, Scripted.NOTHING).queue(queue)))
        .blockLast(LIMIT);
  }

  private ShigotoBuilder node(int runs) {
    return Shigoto.builder(db.connectionFactory()).concurrency(runs).worker(gated.worker());
  }
}
