package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.shigoto.event.JobEvent;
import io.shigoto.job.JobState;
import io.shigoto.job.NewJob;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.support.TcpProxy;
import io.shigoto.worker.Outcome;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/** A stop before, during and after the start, twice, and without the database. */
class StopAtBadTimesIT {

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Told told = new Told();
  private final Sinks.Empty<Void> end = Sinks.empty();
  private TcpProxy network;

  @BeforeEach
  void network() {
    network = nodes.network(db.options());
  }

  @Test
  void nodeThatWasNeverStartedStops() {
    Shigoto node = nodes.build(builder());

    node.stop(Duration.ofHours(1)).block(LIMIT);

    assertThat(network.counts().statements()).isZero();
    assertCannotStart(node);
  }

  @Test
  void stopTwiceIsOnce() {
    Shigoto node = nodes.start(builder());

    Mono.when(node.stop(Duration.ZERO), node.stop(Duration.ofHours(1))).block(LIMIT);
    node.stop(Duration.ZERO).block(LIMIT);

    assertThat(told.count(JobEvent.Kind.NODE_LEFT)).isOne();
    assertCannotStart(node);
  }

  @Test
  void callerWhoGoesAwayDoesNotKeepTheNodeFromStopping() {
    Shigoto node = nodes.start(builder());

    node.stop(Duration.ZERO).toFuture().cancel(true);

    told.await(JobEvent.Kind.NODE_LEFT);
    Await.until(LIMIT, () -> network.connections() == 0);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "FROM shigoto.migrations",
        "WITH today",
        "INSERT INTO shigoto.nodes",
        "LISTEN shigoto",
      })
  void nodeThatIsStoppedWhileItStartsLeavesNothing(String statement) {
    Shigoto node = nodes.build(builder());
    Sinks.Empty<Void> reached = Sinks.empty();
    network.onStatement(
        statement,
        link -> {
          link.freeze();
          reached.tryEmitEmpty();
        });

    CompletableFuture<Void> start = node.start().toFuture();
    reached.asMono().block(LIMIT);
    CompletableFuture<Void> stop = node.stop(Duration.ZERO).toFuture();
    Await.until("it stops", LIMIT, stop::isDone);

    assertThat(start).isDone();
    assertThat(node.health().block(LIMIT).phase()).isEqualTo(Health.Phase.STOPPED);
    assertThat(told.count(JobEvent.Kind.NODE_JOINED))
        .isEqualTo(told.count(JobEvent.Kind.NODE_LEFT));
    Await.until("no lease is left", LIMIT, StopAtBadTimesIT::noLeaseIsLeft);
    assertCannotStart(node);
  }

  @Test
  void aClaimWhoseAnswerComesAfterTheCutStartsNothing() {
    Shigoto node = nodes.start(builder());
    AtomicReference<CompletableFuture<Void>> stop = new AtomicReference<>();
    network.onStatement(
        "SET state = 'executing'",
        link -> {
          network.delay(Duration.ofMillis(200));
          stop.set(node.stop(Duration.ZERO).toFuture());
        });
    long id =
        db.number(
            "INSERT INTO shigoto.jobs (queue, worker) VALUES ('default', 'work') RETURNING id");

    Await.until("it stops", LIMIT, () -> stop.get() != null && stop.get().isDone());

    assertThat(told.count(JobEvent.Kind.STARTED)).isZero();
    assertThat(db.number("SELECT count(*) FROM shigoto.jobs WHERE state = 'available'")).isOne();
    assertIsRunByAnother(id);
  }

  @Test
  void stopWithoutTheDatabaseEnds() {
    Shigoto node = nodes.start(builder());
    long id = node.enqueue(NewJob.of("work", Scripted.NOTHING)).block(LIMIT).id();
    told.await(JobEvent.Kind.STARTED);

    network.cut();
    node.stop(Duration.ofMillis(100)).block(LIMIT);

    assertThat(db.number("SELECT count(*) FROM shigoto.jobs WHERE state = 'executing'")).isOne();
    assertIsRunByAnother(id);
  }

  @Test
  void stopWithoutTheNetworkEnds() {
    Shigoto node = nodes.start(builder());
    long id = node.enqueue(NewJob.of("work", Scripted.NOTHING)).block(LIMIT).id();
    told.await(JobEvent.Kind.STARTED);

    network.freeze();
    end.tryEmitEmpty();
    node.stop(Duration.ofMillis(100)).block(LIMIT);

    assertThat(told.count(JobEvent.Kind.COMPLETED)).isZero();
    assertIsRunByAnother(id);
  }

  @Test
  void stopOfANodeThatLostItsLeaseEnds() {
    Shigoto node = nodes.start(builder());
    network.cut();
    told.await(JobEvent.Kind.NODE_LOST_LEASE);

    node.stop(Duration.ofMillis(100)).block(LIMIT);

    assertCannotStart(node);
  }

  private void assertIsRunByAnother(long id) {
    end.tryEmitEmpty();
    Shigoto another =
        nodes.start(
            Shigoto.builder(db.connectionFactory())
                .lease(Duration.ofSeconds(1))
                .worker(worker())
                .queue("default", 10));
    Await.until(LIMIT, () -> another.jobs().find(id).block(LIMIT).state() == JobState.COMPLETED);
  }

  private ShigotoBuilder builder() {
    return Shigoto.builder(Nodes.through(network, db.options()))
        .lease(Duration.ofSeconds(2))
        .statementTimeout(Duration.ofSeconds(1))
        .worker(worker())
        .queue("default", 10)
        .listener(told);
  }

  private Scripted worker() {
    return new Scripted("work", job -> end.asMono().thenReturn(Outcome.done()));
  }

  private static boolean noLeaseIsLeft() {
    return db.number("SELECT count(*) FROM shigoto.nodes WHERE lease_until > now()") == 0;
  }

  private static void assertCannotStart(Shigoto node) {
    assertThatThrownBy(() -> node.start().block(LIMIT))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("stopped");
  }
}
