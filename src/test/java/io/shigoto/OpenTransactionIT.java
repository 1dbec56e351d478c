package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import io.r2dbc.spi.Connection;
import io.r2dbc.spi.ConnectionFactory;
import io.shigoto.event.JobEvent.Kind;
import io.shigoto.job.Job;
import io.shigoto.job.NewJob;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.support.LogCapture;
import io.shigoto.support.TcpProxy;
import io.shigoto.worker.JobContext;
import io.shigoto.worker.JobError;
import io.shigoto.worker.Outcome;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** A worker ends its run and leaves the transaction open in which it called completeIn. */
class OpenTransactionIT {

  private static final Map<String, Object> LEAVE_OPEN = Map.of("leave", "open");

  private static final Duration SHORT = Duration.ofSeconds(1);

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Told told = new Told();
  private final Told toldByB = new Told();
  private final Queue<Connection> open = new ConcurrentLinkedQueue<>();
  private ConnectionFactory factory;

  @BeforeEach
  void noEffectYet() {
    Transfers.empty(db);
    factory = db.connectionFactory();
  }

  @AfterEach
  void noConnectionIsLeft() {
    open.forEach(connection -> Mono.from(connection.close()).block(LIMIT));
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void itHoldsUpNoOtherRunAndItsEndDecides(boolean commits) {
    Shigoto node = start(factory, told);
    long id = enqueue(node, NewJob.of("work", LEAVE_OPEN));
    Await.until("it is left open", LIMIT, () -> open.size() == 1);

    node.enqueueAll(Flux.range(0, 2_000).map(i -> NewJob.of("work", Map.of("i", i))))
        .blockLast(LIMIT);
    told.await(Kind.COMPLETED, 2_000);

    assertThat(told.count(Kind.FAILED)).isZero();
    end(commits);
    told.await(Kind.COMPLETED, 2_001);
    Job job = node.jobs().find(id).block(LIMIT);
    assertThat(job.errors())
        .extracting(JobError::type)
        .isEqualTo(commits ? List.of() : List.of("NotCommitted"));
    assertThat(db.number("SELECT count(*) FROM public.transfers WHERE job = $1", id)).isOne();
  }

  @Test
  void itIsLogged() {
    try (LogCapture log = LogCapture.start()) {
      Shigoto node = start(factory, told);
      long id = enqueue(node, NewJob.of("work", LEAVE_OPEN));

      Await.until("it is logged", LIMIT, () -> !log.messages(Level.WARN).isEmpty());

      assertThat(log.lines(Level.WARN))
          .singleElement()
          .asString()
          .contains("not the transaction", "job=" + id);
    }
  }

  /**
   * Its node is lost; whoever rescued it would wait for the transaction, and all others with it.
   */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void rescuePassesItOverUntilItHasEnded(boolean commits) {
    TcpProxy network = nodes.network(db.options());
    Shigoto a = start(SHORT, Nodes.through(network, db.options()), told);
    long id = enqueue(a, NewJob.of("work", LEAVE_OPEN));
    enqueue(a, NewJob.of("work", Map.of("hang", true)).maxAttempts(1));
    Await.until("it is left open", LIMIT, () -> open.size() == 1);
    told.await(Kind.STARTED, 2);

    network.freeze();
    Shigoto b = start(SHORT, factory, toldByB);
    toldByB.await(Kind.RESCUED);
    b.enqueueAll(Flux.range(0, 100).map(i -> NewJob.of("work", Map.of("i", i)))).blockLast(LIMIT);
    toldByB.await(Kind.COMPLETED, 100);

    assertThat(toldByB.all(Kind.RESCUED)).noneMatch(event -> event.jobId() == id);
    end(commits);
    Await.until(LIMIT, () -> b.jobs().find(id).block(LIMIT).state().isTerminal());
    assertThat(b.jobs().find(id).block(LIMIT).attempt()).isEqualTo(commits ? 1 : 2);
    assertThat(db.number("SELECT count(*) FROM public.transfers WHERE job = $1", id)).isOne();
  }

  /** A stop does not wait for ever. */
  @Test
  void stopLeavesItToTheRescue() {
    Shigoto a = start(factory, told);
    long id = enqueue(a, NewJob.of("work", LEAVE_OPEN));
    Await.until("it is left open", LIMIT, () -> open.size() == 1);

    a.stop(Duration.ZERO).block(LIMIT);
    Shigoto b = start(SHORT, factory, toldByB);
    end(false);

    Await.until(LIMIT, () -> b.jobs().find(id).block(LIMIT).state().isTerminal());
    assertThat(db.number("SELECT count(*) FROM public.transfers WHERE job = $1", id)).isOne();
  }

  private void end(boolean commits) {
    Connection connection = open.element();
    Mono.from(commits ? connection.commitTransaction() : connection.rollbackTransaction())
        .block(LIMIT);
  }

  private Mono<Outcome> run(JobContext<Map<String, Object>> job) {
    if (job.args().containsKey("hang")) {
      return Mono.never();
    }
    if (!job.args().containsKey("leave")) {
      return Mono.just(Outcome.done(job.args()));
    }
    return (job.attempt() == 1 ? leaveOpen(job) : Transfers.run(factory, job))
        .thenReturn(Outcome.done());
  }

  private Mono<Void> leaveOpen(JobContext<?> job) {
    return Mono.from(factory.create())
        .flatMap(
            connection ->
                Mono.from(connection.beginTransaction())
                    .then(Transfers.book(connection, job))
                    .then(Mono.defer(() -> job.completeIn(connection)))
                    .doOnSuccess(done -> open.add(connection)));
  }

  private Shigoto start(ConnectionFactory connections, Told told) {
    return start(ShigotoBuilder.DEFAULT_LEASE, connections, told);
  }

  /** A slow machine may take a short lease away, so only nodes that are to be lost have one. */
  private Shigoto start(Duration lease, ConnectionFactory connections, Told told) {
    return nodes.start(
        Shigoto.builder(connections)
            .lease(lease)
            .statementTimeout(Duration.ofSeconds(2))
            .worker(new Scripted("work", this::run))
            .queue("default", 2)
            .listener(told));
  }

  private static long enqueue(Shigoto node, NewJob job) {
    return node.enqueue(job).block(LIMIT).id();
  }
}
