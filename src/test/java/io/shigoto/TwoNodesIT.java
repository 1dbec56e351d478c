package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import io.r2dbc.spi.ConnectionFactory;
import io.shigoto.event.JobEvent;
import io.shigoto.job.NewJob;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.support.Link;
import io.shigoto.support.TcpProxy;
import io.shigoto.worker.Outcome;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

class TwoNodesIT {

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Overlaps overlaps = new Overlaps();

  @Test
  void tenThousandJobsAreNeitherLostNorRunTwice() {
    Shigoto a = nodes.start(node("a", db.connectionFactory()));
    Shigoto b = nodes.start(node("b", db.connectionFactory()));

    Mono.when(enqueue(a, 5_000), enqueue(b, 5_000)).block(LIMIT);
    awaitAllEnded(10_000);

    assertEachRanOnce(10_000);
    assertThat(overlaps.runsOf("a")).isPositive();
    assertThat(overlaps.runsOf("b")).isPositive();
  }

  /** Claims, settlements and promotions are hit at each stage; the leases hold. */
  @Test
  void connectionsThatBreakAllTheTimeCostNoJobAndNoAttempt() {
    TcpProxy ofA = nodes.network(db.options());
    TcpProxy ofB = nodes.network(db.options());
    Told told = new Told();
    for (int i = 2; i <= 60; i += 4) {
      ofA.onStatement("DELETE FROM shigoto.jobs", i, Link::loseAnswer);
      ofA.onStatement("SET state = 'executing'", i + 1, Link::loseAnswer);
      ofB.onStatement("shigoto.jobs", 5 * i, link -> ofB.cutConnections());
      ofB.onStatement("SET state = 'executing'", i, Link::cut);
    }
    Duration auditedSoon = Duration.ofMillis(500);
    nodes.start(
        node("a", Nodes.through(ofA, db.options())).statementTimeout(auditedSoon).listener(told));
    nodes.start(
        node("b", Nodes.through(ofB, db.options())).statementTimeout(auditedSoon).listener(told));

    Shigoto enqueuer = nodes.build(Shigoto.builder(db.connectionFactory()));
    enqueue(enqueuer, 2_000).block(LIMIT);
    awaitAllEnded(2_000);

    assertEachRanOnce(2_000);
    assertThat(told.count(JobEvent.Kind.NODE_LOST_LEASE)).isZero();
    assertThat(told.all(JobEvent.Kind.RELEASED)).isNotEmpty();
  }

  private ShigotoBuilder node(String name, ConnectionFactory factory) {
    return Shigoto.builder(factory)
        .name(name)
        .pollInterval(Duration.ofMillis(100))
        .worker(new Scripted("work", job -> overlaps.watch(name, job, shortWork())))
        .queue("default", 20);
  }

  private static Mono<Outcome> shortWork() {
    return Mono.delay(Duration.ofMillis(1)).thenReturn(Outcome.done());
  }

  private static Mono<Void> enqueue(Shigoto node, int count) {
    return node.enqueueAll(Flux.range(0, count).map(i -> NewJob.of("work", Scripted.NOTHING)))
        .then();
  }

  private static void awaitAllEnded(int count) {
    Await.until(
        "all jobs ended",
        Duration.ofSeconds(60),
        () ->
            db.number("SELECT count(*) FROM shigoto.job_history") >= count
                && db.number("SELECT count(*) FROM shigoto.jobs") == 0);
  }

  private void assertEachRanOnce(int count) {
    assertThat(overlaps.found()).isEmpty();
    assertThat(overlaps.jobs()).isEqualTo(count);
    assertThat(overlaps.runs()).isEqualTo(count);
    assertThat(
            db.number(
                "SELECT count(DISTINCT id) FROM shigoto.job_history"
                    + " WHERE state = 'completed' AND attempt = 1 AND errors IS NULL"))
        .isEqualTo(count);
    assertThat(db.number("SELECT count(*) FROM shigoto.job_history")).isEqualTo(count);
  }
}
