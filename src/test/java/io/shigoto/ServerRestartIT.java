package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import io.r2dbc.spi.Connection;
import io.r2dbc.spi.ConnectionFactory;
import io.r2dbc.spi.ConnectionFactoryMetadata;
import io.r2dbc.spi.ValidationDepth;
import io.shigoto.event.JobEvent;
import io.shigoto.job.JobState;
import io.shigoto.job.NewJob;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.support.PostgresServer;
import io.shigoto.worker.Outcome;
import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.reactivestreams.Publisher;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/** A server that goes away in the middle of the work and comes back. It keeps what it committed. */
class ServerRestartIT {

  private static final int CALLERS = 20;

  private static final PostgresServer server = PostgresServer.start();

  /** Registered first, so its turn comes last. */
  @RegisterExtension
  @Order(1)
  static final AfterAllCallback closesServer = context -> server.close();

  @RegisterExtension
  @Order(2)
  static final DatabaseExtension db = new DatabaseExtension(() -> server, "jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Told told = new Told();
  private final Overlaps overlaps = new Overlaps();
  private final Sinks.Empty<Void> end = Sinks.empty();

  @Test
  void restartInTheMiddleOfTheWorkLosesNothing() {
    carryOnThrough(server::restartImmediate);
  }

  @Test
  void crashInTheMiddleOfTheWorkLosesNothing() {
    carryOnThrough(
        () -> {
          server.kill();
          server.startAgain();
        });
  }

  /** Callers enqueue all the time; each job that was acknowledged ends once, each run alone. */
  private void carryOnThrough(Runnable fault) {
    nodes.start(worksShort("a"));
    Shigoto b = nodes.start(worksShort("b"));
    Queue<Long> acknowledged = new ConcurrentLinkedQueue<>();
    Disposable callers =
        Flux.interval(Duration.ofMillis(1))
            .onBackpressureDrop()
            .flatMap(
                i ->
                    b.enqueue(NewJob.of("work", Scripted.NOTHING))
                        .doOnNext(receipt -> acknowledged.add(receipt.id()))
                        .then()
                        .onErrorComplete(),
                8)
            .subscribe();
    Await.until(LIMIT, () -> overlaps.jobs() > 100);

    fault.run();

    int before = acknowledged.size();
    Await.until("callers are served again", LIMIT, () -> acknowledged.size() > before + 100);
    callers.dispose();
    Await.until("all work is done", LIMIT, () -> live() == 0);
    Long[] ids = acknowledged.toArray(Long[]::new);
    assertThat(
            db.number(
                "SELECT count(*) FROM shigoto.job_history WHERE state = 'completed' AND id = ANY ($1)",
                (Object) ids))
        .isEqualTo(ids.length);
    assertThat(db.number("SELECT count(*) - count(DISTINCT id) FROM shigoto.job_history")).isZero();
    assertThat(overlaps.found()).isEmpty();
  }

  @Test
  void afterARestartNoCallerGetsAConnectionThatIsGone() {
    Queue<Connection> made = new ConcurrentLinkedQueue<>();
    Shigoto node = nodes.build(Shigoto.builder(noting(made, db.connectionFactory())));
    enqueueTogether(node);
    assertThat(made).hasSizeGreaterThan(1);
    made.forEach(connection -> assertThat(isOpen(connection)).isTrue());

    server.restartImmediate();

    Await.until("the driver knows", LIMIT, () -> made.stream().noneMatch(ServerRestartIT::isOpen));
    enqueueTogether(node);
    assertThat(live()).isEqualTo(2L * CALLERS);
  }

  /** Each call needs a connection while others are under way; the first error ends it. */
  private static void enqueueTogether(Shigoto node) {
    Flux.range(0, CALLERS)
        .flatMap(
            i ->
                Mono.when(
                    node.enqueue(NewJob.of("nobody's", Scripted.NOTHING)),
                    node.jobs().find(i + 1L)),
            CALLERS)
        .blockLast(LIMIT);
  }

  private static boolean isOpen(Connection connection) {
    return Boolean.TRUE.equals(Mono.from(connection.validate(ValidationDepth.LOCAL)).block(LIMIT));
  }

  private static ConnectionFactory noting(Queue<Connection> made, ConnectionFactory factory) {
    return new ConnectionFactory() {
      @Override
      public Publisher<? extends Connection> create() {
        return Mono.from(factory.create()).doOnNext(made::add);
      }

      @Override
      public ConnectionFactoryMetadata getMetadata() {
        return factory.getMetadata();
      }
    };
  }

  @Test
  void outcomesWaitForTheServerAndAreWrittenWhenItIsBack() {
    Shigoto node =
        nodes.start(
            Shigoto.builder(db.connectionFactory())
                .lease(Duration.ofSeconds(60))
                .statementTimeout(Duration.ofSeconds(1))
                .worker(worksUntilEnd())
                .queue("default", 10)
                .listener(told));
    long id = node.enqueue(NewJob.of("work", Scripted.NOTHING)).block(LIMIT).id();
    told.await(JobEvent.Kind.STARTED);
    Await.until(LIMIT, () -> health(node).status() == Health.Status.UP);

    server.stopImmediate();
    end.tryEmitEmpty();
    told.await(JobEvent.Kind.DATABASE_LOST);
    Health away = health(node);
    assertThat(away.status()).isEqualTo(Health.Status.DOWN);
    assertThat(away.databaseAnswers()).isFalse();
    assertThat(away.runsHeld()).isOne();
    assertThat(away.outcomesWaiting()).isOne();
    assertThat(told.count(JobEvent.Kind.COMPLETED)).isZero();

    server.startAgain();
    told.await(JobEvent.Kind.DATABASE_BACK);
    assertThat(told.await(JobEvent.Kind.COMPLETED).jobId()).isEqualTo(id);
    Await.until(LIMIT, () -> health(node).status() == Health.Status.UP);
    Await.until(LIMIT, () -> health(node).outcomesWaiting() == 0);
    assertThat(node.jobs().find(id).block(LIMIT).attempt()).isEqualTo(1);
    assertThat(told.count(JobEvent.Kind.NODE_LOST_LEASE)).isZero();
  }

  @Test
  void outageThatOutlastsTheLeaseLosesNothing() {
    Shigoto node =
        nodes.start(
            Shigoto.builder(db.connectionFactory())
                .lease(Duration.ofSeconds(1))
                .statementTimeout(Duration.ofSeconds(1))
                .worker(worksUntilEnd())
                .queue("default", 10)
                .listener(told));
    long id = node.enqueue(NewJob.of("work", Scripted.NOTHING)).block(LIMIT).id();
    told.await(JobEvent.Kind.STARTED);

    server.stopImmediate();
    told.await(JobEvent.Kind.NODE_LOST_LEASE);
    server.startAgain();
    told.await(JobEvent.Kind.NODE_JOINED, 2);
    end.tryEmitEmpty();

    Await.until(LIMIT, () -> node.jobs().find(id).block(LIMIT).state() == JobState.COMPLETED);
    told.await(JobEvent.Kind.DATABASE_BACK);
    Await.until(LIMIT, () -> health(node).status() == Health.Status.UP);
  }

  private ShigotoBuilder worksShort(String name) {
    return Shigoto.builder(db.connectionFactory())
        .name(name)
        .statementTimeout(Duration.ofSeconds(1))
        .worker(
            new Scripted(
                "work",
                job ->
                    overlaps.watch(
                        name, job, Mono.delay(Duration.ofMillis(5)).thenReturn(Outcome.done()))))
        .queue("default", 10);
  }

  private Scripted worksUntilEnd() {
    return new Scripted("work", job -> end.asMono().thenReturn(Outcome.done()));
  }

  private static long live() {
    return db.number("SELECT count(*) FROM shigoto.jobs");
  }

  private static Health health(Shigoto node) {
    return node.health().block(LIMIT);
  }
}
