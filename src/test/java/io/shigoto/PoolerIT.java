package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import io.r2dbc.spi.Connection;
import io.r2dbc.spi.ConnectionFactories;
import io.r2dbc.spi.ConnectionFactory;
import io.r2dbc.spi.ConnectionFactoryOptions;
import io.shigoto.event.JobEvent;
import io.shigoto.job.JobState;
import io.shigoto.job.NewJob;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.support.Pooler;
import io.shigoto.support.PostgresServer;
import io.shigoto.worker.Outcome;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * All that a node does goes through a PgBouncer in transaction mode, the migrations too: what
 * belongs to a session is lost there, or found by somebody else.
 */
class PoolerIT {

  /** Fewer than the nodes of a test have, so that each is used by all of them. */
  private static final int CONNECTIONS = 3;

  private static Pooler pooler;

  /** Empty at first: the schema is made through the pooler too. */
  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("empty", factory -> Mono.empty());

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Overlaps overlaps = new Overlaps();
  private final Told told = new Told();

  @BeforeAll
  static void start() {
    pooler = Pooler.before(PostgresServer.shared().options(), CONNECTIONS);
  }

  @AfterAll
  static void stop() {
    if (pooler != null) {
      pooler.close();
    }
  }

  @Test
  void jobsOfTwoNodesAreNeitherLostNorRunTwice() {
    Shigoto a = nodes.build(node("a").pollOnly());
    Shigoto b = nodes.build(node("b").pollOnly());
    Mono.when(a.start(), b.start()).block(LIMIT);

    Mono.when(
            a.enqueueAll(Flux.range(0, 2_000).map(i -> job())),
            Flux.range(0, 1_000).flatMap(i -> b.enqueue(job()), 50))
        .block(LIMIT);
    Await.until(LIMIT, () -> ended() == 3_000);

    assertThat(overlaps.found()).isEmpty();
    assertThat(overlaps.runs()).isEqualTo(3_000);
    assertThat(db.number("SELECT count(DISTINCT id) FROM shigoto.job_history")).isEqualTo(3_000);
  }

  @Test
  void failedAndDelayedJobsComeBack() {
    Shigoto node =
        nodes.start(
            node("a")
                .pollOnly()
                .worker(
                    new Scripted(
                        "second",
                        job ->
                            Mono.just(
                                job.attempt() == 1
                                    ? Outcome.failed("the first one fails")
                                    : Outcome.done(1)))));

    long id =
        node.enqueue(NewJob.of("second", Scripted.NOTHING).delay(Duration.ofMillis(100)))
            .block(LIMIT)
            .id();
    told.await(JobEvent.Kind.COMPLETED);

    assertThat(node.jobs().find(id).block(LIMIT).attempt()).isEqualTo(2);
  }

  @Test
  void jobsOfACallersTransactionAreThereAfterItsCommitAndNotWithoutIt() {
    Shigoto node = nodes.start(node("a").pollOnly());
    Connection connection = Mono.<Connection>from(pooled().create()).block(LIMIT);
    Mono.from(connection.beginTransaction()).block(LIMIT);
    long kept = node.enqueue(job(), connection).block(LIMIT).id();
    Mono.from(connection.commitTransaction()).block(LIMIT);
    Mono.from(connection.beginTransaction()).block(LIMIT);
    long lost = node.enqueue(job(), connection).block(LIMIT).id();
    Mono.from(connection.rollbackTransaction()).block(LIMIT);
    Mono.from(connection.close()).block(LIMIT);

    Await.until(LIMIT, () -> node.jobs().find(kept).block(LIMIT).state() == JobState.COMPLETED);
    assertThat(node.jobs().find(lost).block(LIMIT)).isNull();
  }

  @Test
  void messagesReachEveryNodeOnce() {
    List<Heard> all = List.of(new Heard(), new Heard());
    List<Shigoto> both =
        all.stream().map(heard -> nodes.start(node("n").pollOnly().receiver(heard))).toList();

    List<Long> ids =
        Flux.range(0, 200)
            .flatMap(i -> both.get(i % 2).broadcasts().publish(Heard.TOPIC, i), 20)
            .collectList()
            .block(LIMIT);

    all.forEach(heard -> heard.awaitsExactly(ids));
  }

  /** LISTEN is answered there as if all were well, and nothing is ever heard. */
  @Test
  void aNodeThatListensThereSaysThatItHearsNothingAndWorksAllTheSame() {
    Shigoto node = nodes.start(node("a"));

    db.sql("INSERT INTO shigoto.jobs (queue, worker) VALUES ('default', 'work')");
    told.await(JobEvent.Kind.COMPLETED);

    Health health = node.health().block(LIMIT);
    assertThat(health.status()).isEqualTo(Health.Status.DEGRADED);
    assertThat(health.notificationsArrive()).isFalse();
  }

  @Test
  void theRunsOfANodeThatStopsAreGivenBack() {
    Shigoto node =
        nodes.start(node("a").pollOnly().worker(new Scripted("endless", job -> Mono.never())));
    long id = node.enqueue(NewJob.of("endless", Scripted.NOTHING)).block(LIMIT).id();
    told.await(JobEvent.Kind.STARTED);

    node.stop(Duration.ZERO).block(LIMIT);

    assertThat(db.sql("SELECT state::text AS state, attempt FROM shigoto.jobs WHERE id = $1", id))
        .hasSize(1)
        .first()
        .satisfies(
            row -> {
              assertThat(row.get("state")).isEqualTo("available");
              assertThat(row.get("attempt")).isEqualTo(0);
            });
    assertThat(db.number("SELECT count(*) FROM shigoto.nodes")).isZero();
  }

  private ShigotoBuilder node(String name) {
    return Shigoto.builder(pooled())
        .name(name)
        .pollInterval(Duration.ofMillis(100))
        .worker(
            new Scripted(
                "work",
                job -> overlaps.watch(name, job, Mono.fromSupplier(() -> Outcome.done(name)))))
        .queue("default", 20)
        .listener(told);
  }

  private ConnectionFactory pooled() {
    ConnectionFactoryOptions options = pooler.options(db.options());
    return ConnectionFactories.get(options);
  }

  private static NewJob job() {
    return NewJob.of("work", Scripted.NOTHING);
  }

  private static long ended() {
    return db.number("SELECT count(*) FROM shigoto.job_history");
  }
}
