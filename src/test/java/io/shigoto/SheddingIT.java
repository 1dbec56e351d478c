package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import io.shigoto.control.LoadShedding;
import io.shigoto.control.QueueOptions;
import io.shigoto.event.JobEvent;
import io.shigoto.job.NewJob;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.support.LogCapture;
import io.shigoto.support.TcpProxy;
import io.shigoto.worker.Outcome;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/** What happened stands in one log: runs that began, by their priorities, and steps of shedding. */
class SheddingIT {

  private static final LoadShedding QUICK =
      LoadShedding.standard().window(Duration.ofMillis(100)).claiming(Duration.ofHours(1));

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Queue<String> log = new ConcurrentLinkedQueue<>();
  private final Queue<Sinks.One<Outcome>> running = new ConcurrentLinkedQueue<>();

  /**
   * It recovers by itself, so a slow machine may come too late to see it: then it is made to shed
   * again, and each time it takes longer to recover.
   */
  @Test
  void whileTheBestWaitTooLongLowPrioritiesAreNotClaimedAndThenTheyComeBack() {
    Shigoto node =
        nodes.start(
            node(QUICK.window(Duration.ofMillis(500)).waiting(Duration.ofMinutes(10)))
                .queue("default", 2));
    enqueue(node, 0, 100, Duration.ZERO);
    int sheds = 0;
    do {
      awaitRunning(2);
      assertThat(sheds++).as("it was seen to shed").isLessThan(8);
    } while (!isSeenToShed(node, sheds));

    long lows = count("begins 0");
    end(1);
    awaitLog("sheds nothing", sheds);
    awaitRunning(2);
    assertThat(count("begins 0")).as("they are claimed again").isEqualTo(lows + 1);
    assertThat(node.health().block(LIMIT).overloaded())
        .as("health waits and sees")
        .containsExactly(new Health.Overloaded("default", Short.MIN_VALUE));
  }

  /**
   * Two high runs end and two others come one by one: low ones would be claimed between them. They
   * are higher each time: those of the last time, which hardly waited, may be of the same window.
   */
  private boolean isSeenToShed(Shigoto node, int times) {
    int high = 10 * times;
    String begins = "begins " + high;
    enqueue(node, high, 2, Duration.ofHours(1));
    Await.until(
        "two high ones begin, after low ones that were claimed ahead",
        LIMIT,
        () -> {
          if (count(begins) < 2 && running.size() == 2) {
            end(1);
          }
          return count(begins) == 2;
        });
    awaitLog("sheds below 10", times);
    Health health = node.health().block(LIMIT);
    awaitRunning(2);
    long lows = count("begins 0");
    end(2);
    for (int i = 3; i <= 4; i++) {
      int begun = i;
      enqueue(node, high, 1, Duration.ZERO);
      Await.until(
          "a high one begins, or all may",
          LIMIT,
          () -> count(begins) == begun || count("sheds nothing") == times);
    }
    if (count(begins) == 4
        && count("begins 0") == lows
        && health.overloaded().contains(new Health.Overloaded("default", 10))) {
      assertThat(health.status()).isEqualTo(Health.Status.DEGRADED);
      return true;
    }
    awaitLog("sheds nothing", times);
    Await.until(
        "low ones make room",
        LIMIT,
        () -> {
          if (count(begins) < 4) {
            end(Math.min(1, running.size()));
          }
          return count(begins) == 4 && running.size() == 2;
        });
    return false;
  }

  @Test
  void highPrioritiesFlowWhileLowOnesAreShed() {
    Shigoto node = nodes.start(node(QUICK.window(Duration.ofMillis(300))).queue("default", 1));
    enqueue(node, 0, 5, Duration.ZERO);
    awaitRunning(1);
    enqueue(node, 10, 60, Duration.ofHours(1));

    for (int begun = 0; begun < 60 || count("begins 0") < 5; begun++) {
      awaitRunning(1);
      if (begun == 2) {
        awaitLog("sheds below 10", 1);
      }
      end(1);
    }
    awaitLog("sheds nothing", 1);
    List<String> begun = log.stream().filter(what -> what.startsWith("begins")).toList();
    assertThat(begun.subList(1, 61)).containsOnly("begins 10");
    assertThat(begun.subList(61, begun.size())).hasSize(4).containsOnly("begins 0");
  }

  @Test
  void aBacklogOfOnePriorityIsNeverShedHoweverLongItWaits() {
    Shigoto node = nodes.start(node(QUICK).queue("default", 1));
    enqueue(node, 10, 1, Duration.ofHours(1));
    awaitRunning(1);
    end(1);
    enqueue(node, 0, 30, Duration.ofHours(1));
    for (int i = 0; i < 30; i++) {
      awaitRunning(1);
      end(1);
    }
    Await.until("all are done", LIMIT, () -> db.number("SELECT count(*) FROM shigoto.jobs") == 0);
  }

  @Test
  void aSlowDatabaseShedsUntilItIsFastAgain() {
    TcpProxy network = nodes.network(db.options());
    LoadShedding shedding =
        LoadShedding.standard()
            .window(Duration.ofMillis(300))
            .waiting(Duration.ofHours(1))
            .claiming(Duration.ofMillis(150));
    try (LogCapture logs = LogCapture.start("io.shigoto.internal.shed")) {
      Shigoto node =
          nodes.start(
              Shigoto.builder(Nodes.through(network, db.options()))
                  .shedding(shedding)
                  .worker(new Scripted("work", job -> Mono.just(Outcome.done())))
                  .listener(this::hear)
                  .queue("default", 1));
      network.delay(Duration.ofMillis(200));
      enqueue(node, 0, 5, Duration.ZERO);
      enqueue(node, 10, 5, Duration.ZERO);
      Flux.range(0, 1000)
          .concatMap(i -> node.enqueue(NewJob.of("work", Scripted.NOTHING).priority(i % 2 * 10)))
          .takeUntil(receipt -> count("sheds below 10") > 0)
          .blockLast(LIMIT.multipliedBy(2));

      network.delay(Duration.ZERO);
      awaitLog("sheds nothing", 1);
      Await.until("all are done", LIMIT, () -> db.number("SELECT count(*) FROM shigoto.jobs") == 0);
      assertThat(logs.lines(Level.WARN)).anyMatch(line -> line.contains("cause=the database"));
      Await.until(
          "it says that it is over",
          LIMIT,
          () ->
              logs.messages(Level.INFO).stream()
                  .anyMatch(line -> line.contains("load shedding ends")));
    }
  }

  static List<Arguments> withoutShedding() {
    return List.of(
        Arguments.of(LoadShedding.none(), QueueOptions.concurrency(2)),
        Arguments.of(QUICK, QueueOptions.concurrency(2).fair()));
  }

  @ParameterizedTest
  @MethodSource("withoutShedding")
  void whereNothingIsShedAllIsClaimed(LoadShedding shedding, QueueOptions options) {
    Shigoto node = nodes.start(node(shedding).queue("default", options));
    enqueue(node, 0, 2, Duration.ZERO);
    awaitRunning(2);
    enqueue(node, 10, 40, Duration.ofHours(1));
    enqueue(node, 0, 2, Duration.ofHours(1));
    for (int i = 0; i < 22; i++) {
      awaitRunning(2);
      end(2);
    }
    Await.until("all are done", LIMIT, () -> db.number("SELECT count(*) FROM shigoto.jobs") == 0);
    assertThat(log).hasSize(44).allMatch(what -> what.startsWith("begins"));
    assertThat(node.health().block(LIMIT).overloaded()).isEmpty();
  }

  private ShigotoBuilder node(LoadShedding shedding) {
    return Shigoto.builder(db.connectionFactory())
        .shedding(shedding)
        .pollInterval(Duration.ofHours(1))
        .listener(this::hear)
        .worker(
            new Scripted(
                "work",
                job ->
                    Mono.defer(
                        () -> {
                          Sinks.One<Outcome> end = Sinks.one();
                          log.add("begins " + job.priority());
                          running.add(end);
                          return end.asMono();
                        })));
  }

  private void hear(JobEvent event) {
    if (event.kind() == JobEvent.Kind.LOAD_SHED) {
      int level = Objects.requireNonNull(event.count());
      log.add(level == 0 ? "sheds nothing" : "sheds below " + event.detail());
    }
  }

  private long count(String what) {
    return log.stream().filter(what::equals).count();
  }

  private void awaitLog(String what, long times) {
    Await.until(what, LIMIT, () -> count(what) >= times);
  }

  private void awaitRunning(int runs) {
    Await.until("%d run".formatted(runs), LIMIT, () -> running.size() == runs);
  }

  /** Of those that run now, and none that begin meanwhile. */
  private void end(int runs) {
    List<Sinks.One<Outcome>> ends = Stream.generate(running::remove).limit(runs).toList();
    ends.forEach(end -> end.tryEmitValue(Outcome.done()));
  }

  /** They are due since so long. */
  private static void enqueue(Shigoto node, int priority, int jobs, Duration since) {
    node.enqueueAll(
            Flux.range(0, jobs)
                .map(
                    i ->
                        NewJob.of("work", Scripted.NOTHING)
                            .priority(priority)
                            .scheduledAt(Instant.now().minus(since))))
        .blockLast(LIMIT);
  }
}
