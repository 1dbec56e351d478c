package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static io.shigoto.event.JobEvent.Kind.CLAIMED;
import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.event.JobEvent;
import io.shigoto.job.Job;
import io.shigoto.job.JobState;
import io.shigoto.job.NewJob;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.support.Link;
import io.shigoto.support.TcpProxy;
import io.shigoto.worker.Outcome;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/** The stop of a node that has work. */
class StopIT {

  /** How many jobs are claimed ahead of two slots before these are held. */
  private static final int AHEAD = 10;

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Told told = new Told();
  private final Sinks.Empty<Void> end = Sinks.empty();
  private final AtomicInteger cancelled = new AtomicInteger();
  private TcpProxy network;
  private Shigoto other;

  @BeforeEach
  void network() {
    network = nodes.network(db.options());
    other = nodes.build(Shigoto.builder(db.connectionFactory()));
  }

  @Test
  void stopWithGraceLetsRunsFinishAndClaimsNoMore() {
    Shigoto node = start(builder());
    long running = enqueue();
    told.await(JobEvent.Kind.STARTED);

    CompletableFuture<Void> stop = node.stop(LIMIT).toFuture();
    Await.until(LIMIT, () -> phase(node) == Health.Phase.STOPPING);
    long late = enqueue();
    end.tryEmitEmpty();
    stop.join();

    assertThat(find(running).state()).isEqualTo(JobState.COMPLETED);
    assertThat(find(late).state()).isEqualTo(JobState.AVAILABLE);
    assertThat(find(late).claimedAt()).isNull();
    assertThat(cancelled).hasValue(0);
    assertNodeIsGone();
  }

  @Test
  void stopWithoutGraceGivesRunsBackWithTheirAttempt() {
    Shigoto node = start(builder());
    long id = enqueue();
    told.await(JobEvent.Kind.STARTED);

    node.stop(Duration.ZERO).block(LIMIT);

    assertGivenBack(find(id));
    assertThat(cancelled).hasValue(1);
    assertThat(told.all(JobEvent.Kind.RELEASED)).extracting(JobEvent::jobId).containsExactly(id);
    assertNodeIsGone();
    end.tryEmitEmpty();
    start(builder());
    told.await(JobEvent.Kind.COMPLETED);
    assertThat(find(id).attempt()).isEqualTo(1);
  }

  @Test
  void runsThatOutlastTheGraceAreGivenBack() {
    Shigoto node = start(builder());
    long id = enqueue();
    told.await(JobEvent.Kind.STARTED);

    node.stop(Duration.ofMillis(200)).block(LIMIT);

    assertGivenBack(find(id));
    assertThat(cancelled).hasValue(1);
  }

  /** Short jobs make the node claim ahead; once it has, jobs come that keep all slots. */
  @Test
  void jobsThatWereClaimedAheadAreGivenBackAtOnce() {
    network.delay(Duration.ofMillis(20));
    AtomicInteger claimed = new AtomicInteger();
    AtomicInteger started = new AtomicInteger();
    AtomicInteger held = new AtomicInteger();
    Shigoto node =
        start(
            Shigoto.builder(Nodes.through(network, db.options()))
                .worker(
                    new Scripted(
                        "work",
                        job -> {
                          boolean ahead = claimed.get() - started.incrementAndGet() >= AHEAD;
                          if (held.get() == 0 && !ahead) {
                            return Mono.empty();
                          }
                          held.incrementAndGet();
                          return end.asMono().thenReturn(Outcome.done());
                        }))
                .queue("default", 2)
                .listener(event -> claimed.addAndGet(event.kind() == CLAIMED ? 1 : 0)));
    other
        .enqueueAll(Flux.range(0, 5_000).map(i -> NewJob.of("work", Scripted.NOTHING)))
        .blockLast(LIMIT);
    Await.until("both slots are held", LIMIT, () -> held.get() == 2);

    // What waits ahead is given back after a while anyway: nothing comes in between.
    CompletableFuture<Void> stop = node.stop(LIMIT).toFuture();
    Await.until("only those that run are held", LIMIT, () -> executing() == 2);

    assertThat(stop).isNotDone();
    assertThat(
            db.number(
                "SELECT count(*) FROM shigoto.jobs WHERE state = 'available' AND attempt > 0"))
        .isZero();
    end.tryEmitEmpty();
    stop.join();
    assertThat(db.number("SELECT count(*) FROM shigoto.job_history")).isEqualTo(started.get());
    assertThat(db.number("SELECT count(*) FROM shigoto.jobs WHERE attempt = 0"))
        .isEqualTo(5_000 - started.get());
  }

  @Test
  void leaseIsGivenUpAfterTheLastOutcome() {
    Shigoto node = start(builder());
    long first = enqueue();
    long second = enqueue();
    told.await(JobEvent.Kind.STARTED, 2);
    network.onStatement("DELETE FROM shigoto.nodes WHERE id", link -> link.freeze());

    CompletableFuture<Void> stop = node.stop(LIMIT).toFuture();
    end.tryEmitEmpty();
    Await.until(
        LIMIT, () -> network.counts().statements("DELETE FROM shigoto.nodes WHERE id =") == 1);

    assertThat(find(first).state()).isEqualTo(JobState.COMPLETED);
    assertThat(find(second).state()).isEqualTo(JobState.COMPLETED);
    assertThat(db.number("SELECT count(*) FROM shigoto.nodes WHERE lease_until > now()")).isOne();
    network.thaw();
    stop.join();
    assertNodeIsGone();
  }

  @Test
  void leaseIsRenewedUntilTheLastRunEnds() {
    Shigoto node = start(builder().lease(Duration.ofSeconds(2)));
    long id = enqueue();
    told.await(JobEvent.Kind.STARTED);
    start(Shigoto.builder(db.connectionFactory()).lease(Duration.ofSeconds(1)));

    CompletableFuture<Void> stop = node.stop(LIMIT).toFuture();
    network.counts().reset();
    Await.until(
        "two leases passed",
        LIMIT,
        () -> network.counts().statements("lease_until = now() +") > 10);
    end.tryEmitEmpty();
    stop.join();

    Job job = find(id);
    assertThat(job.state()).isEqualTo(JobState.COMPLETED);
    assertThat(job.attempt()).isEqualTo(1);
    assertThat(job.errors()).isEmpty();
  }

  @Test
  void outcomesThatTheDatabaseIsSlowToTakeAreFlushed() {
    Shigoto node = start(builder());
    long id = enqueue();
    told.await(JobEvent.Kind.STARTED);
    network.onStatement("DELETE FROM shigoto.jobs", Link::cut);

    CompletableFuture<Void> stop = node.stop(LIMIT).toFuture();
    end.tryEmitEmpty();
    stop.join();

    assertThat(find(id).state()).isEqualTo(JobState.COMPLETED);
    assertThat(told.count(JobEvent.Kind.COMPLETED)).isOne();
  }

  private ShigotoBuilder builder() {
    return Shigoto.builder(Nodes.through(network, db.options()))
        .worker(
            new Scripted(
                "work",
                job ->
                    end.asMono().thenReturn(Outcome.done()).doOnCancel(cancelled::incrementAndGet)))
        .queue("default", 10)
        .listener(told);
  }

  private Shigoto start(ShigotoBuilder builder) {
    return nodes.start(builder);
  }

  private long enqueue() {
    return other.enqueue(NewJob.of("work", Scripted.NOTHING)).block(LIMIT).id();
  }

  private Job find(long id) {
    return other.jobs().find(id).block(LIMIT);
  }

  private static Health.Phase phase(Shigoto node) {
    return node.health().block(LIMIT).phase();
  }

  private static long executing() {
    return db.number("SELECT count(*) FROM shigoto.jobs WHERE state = 'executing'");
  }

  private static void assertGivenBack(Job job) {
    assertThat(job.state()).isEqualTo(JobState.AVAILABLE);
    assertThat(job.attempt()).isZero();
    assertThat(job.errors()).isEmpty();
    assertThat(job.node()).isNull();
  }

  private void assertNodeIsGone() {
    assertThat(db.number("SELECT count(*) FROM shigoto.nodes")).isZero();
    Await.until("no connection is left", LIMIT, () -> network.connections() == 0);
  }
}
