package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.event.JobEvent;
import io.shigoto.job.JobState;
import io.shigoto.job.NewJob;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.support.TcpProxy;
import io.shigoto.worker.Outcome;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

class LeaseIT {

  private static final String CLAIM = "SET state = 'executing'";

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Told told = new Told();

  /**
   * The node learns of its end only at its next renewal, minutes later: the claim itself refuses.
   */
  @Test
  void nodeWhoseLeaseRanOutClaimsNothing() {
    TcpProxy network = nodes.network(db.options());
    Shigoto node =
        nodes.start(
            Shigoto.builder(Nodes.through(network, db.options()))
                .lease(Duration.ofHours(1))
                .pollInterval(Duration.ofMillis(50))
                .worker(new Scripted("work", job -> Mono.empty()))
                .queue("default", 10)
                .listener(told));
    db.sql("UPDATE shigoto.nodes SET lease_until = now() - interval '1 ms'");

    long id = node.enqueue(NewJob.of("work", Scripted.NOTHING)).block(LIMIT).id();
    network.counts().reset();
    Await.until("claims are tried", LIMIT, () -> network.counts().statements(CLAIM) >= 3);

    assertThat(node.jobs().find(id).block(LIMIT).state()).isEqualTo(JobState.AVAILABLE);
    assertThat(told.count(JobEvent.Kind.CLAIMED)).isZero();
  }

  @Test
  void leaseThatRanOutNeverComesBack() {
    nodes.start(
        Shigoto.builder(db.connectionFactory()).lease(Duration.ofSeconds(1)).listener(told));
    String first = told.await(JobEvent.Kind.NODE_JOINED).detail();

    db.sql("UPDATE shigoto.nodes SET lease_until = now() - interval '1 ms'");

    assertThat(told.await(JobEvent.Kind.NODE_LOST_LEASE).detail()).isEqualTo(first);
    told.await(JobEvent.Kind.NODE_JOINED, 2);
    assertThat(db.number("SELECT count(*) FROM shigoto.nodes WHERE id = $1::uuid", first)).isZero();
    assertThat(db.number("SELECT count(*) FROM shigoto.nodes WHERE lease_until > now()")).isOne();
  }

  /** The answer may take its time. */
  @Test
  void aLeaseIsCountedFromBeforeItWasAskedFor() {
    AtomicLong later = new AtomicLong();
    TcpProxy network = nodes.network(db.options());
    network.onStatement(
        "INSERT INTO shigoto.nodes", link -> later.set(Duration.ofMinutes(50).toNanos()));
    nodes.start(
        Shigoto.builder(Nodes.through(network, db.options()))
            .lease(Duration.ofHours(1))
            .listener(told),
        () -> System.nanoTime() + later.get());

    String first = told.await(JobEvent.Kind.NODE_JOINED).detail();

    assertThat(told.await(JobEvent.Kind.NODE_LOST_LEASE).detail()).isEqualTo(first);
    told.await(JobEvent.Kind.NODE_JOINED, 2);
    assertThat(told.count(JobEvent.Kind.NODE_LOST_LEASE)).isOne();
  }

  /** A run may be longer than the lease: the node renews it, and nobody rescues. */
  @Test
  void runThatIsLongerThanTheLeaseIsLeftAlone() {
    TcpProxy network = nodes.network(db.options());
    Sinks.Empty<Void> end = Sinks.empty();
    Shigoto node =
        nodes.start(
            Shigoto.builder(Nodes.through(network, db.options()))
                .lease(Duration.ofSeconds(2))
                .worker(new Scripted("work", job -> end.asMono().thenReturn(Outcome.done())))
                .queue("default", 10)
                .listener(told));
    nodes.start(Shigoto.builder(db.connectionFactory()).lease(Duration.ofSeconds(1)));
    long id = node.enqueue(NewJob.of("work", Scripted.NOTHING)).block(LIMIT).id();
    told.await(JobEvent.Kind.STARTED);

    network.counts().reset();
    Await.until(
        "two leases passed",
        LIMIT,
        () -> network.counts().statements("lease_until = now() +") > 10);
    end.tryEmitEmpty();
    told.await(JobEvent.Kind.COMPLETED);

    assertThat(node.jobs().find(id).block(LIMIT).attempt()).isEqualTo(1);
    assertThat(told.count(JobEvent.Kind.STARTED)).isOne();
  }
}
