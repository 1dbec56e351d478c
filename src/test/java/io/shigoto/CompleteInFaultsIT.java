package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import io.r2dbc.spi.ConnectionFactory;
import io.shigoto.event.JobEvent.Kind;
import io.shigoto.job.Job;
import io.shigoto.job.JobState;
import io.shigoto.job.NewJob;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.support.Link;
import io.shigoto.support.TcpProxy;
import io.shigoto.worker.JobContext;
import io.shigoto.worker.Outcome;
import java.time.Duration;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/**
 * The connection of the work, its node, or its lease is lost at each step: one effect all the same.
 */
class CompleteInFaultsIT {

  private static final Duration LEASE_OF_A = Duration.ofSeconds(2);
  private static final String SETTLE = "shigoto.complete(";

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Told toldByA = new Told();
  private final Told toldByB = new Told();
  private final Queue<Long> reached = new ConcurrentLinkedQueue<>();
  private final Sinks.Empty<Void> gate = Sinks.empty();
  private TcpProxy network;
  private TcpProxy work;
  private Shigoto enqueuer;

  /** What goes over the wire, in order. */
  enum Step {
    BEGIN("BEGIN"),
    EFFECT(Transfers.EFFECT),
    COMPLETE_IN(SETTLE),
    COMMIT("COMMIT");

    private final String statement;

    Step(String statement) {
      this.statement = statement;
    }
  }

  /** What becomes of it. */
  enum Loss {
    /** The server never hears of it. */
    STATEMENT,
    /** The server does it, and the node does not hear of that. */
    ANSWER;

    private void befall(Link link) {
      if (this == STATEMENT) {
        link.cut();
      } else {
        link.loseAnswer();
      }
    }
  }

  /** A place in the code of the worker. */
  enum Place {
    BEFORE_THE_EFFECT,
    BEFORE_COMPLETE_IN,
    BEFORE_THE_COMMIT,
    BEFORE_THE_END
  }

  @BeforeEach
  void networks() {
    Transfers.empty(db);
    network = nodes.network(db.options());
    work = nodes.network(db.options());
    enqueuer = nodes.build(Shigoto.builder(db.connectionFactory()));
  }

  static Stream<Arguments> losses() {
    return Stream.of(Step.values())
        .flatMap(step -> Stream.of(Loss.values()).map(loss -> Arguments.of(step, loss)));
  }

  @ParameterizedTest
  @MethodSource("losses")
  void lostConnectionOfTheWorkLeavesOneEffect(Step step, Loss loss) {
    ConnectionFactory factory = Nodes.through(work, db.options());
    startA(job -> Transfers.run(factory, job).thenReturn(Outcome.done()));
    work.onStatement(step.statement, loss::befall);

    Job job = ended(enqueue());

    boolean committed = step == Step.COMMIT && loss == Loss.ANSWER;
    assertThat(job.attempt()).isEqualTo(committed ? 1 : 2);
    assertThat(job.state()).isEqualTo(JobState.COMPLETED);
    assertThat(effects()).isOne();
    toldByA.await(Kind.COMPLETED);
    assertThat(toldByA.count(Kind.FAILED)).isEqualTo(committed ? 0 : 1);
    assertThat(toldByA.count(Kind.SUPERSEDED)).isZero();
  }

  /** The worker hides what it saw, and says that it is done. */
  @ParameterizedTest
  @MethodSource("losses")
  void lostConnectionThatIsHiddenLeavesOneEffect(Step step, Loss loss) {
    ConnectionFactory factory = Nodes.through(work, db.options());
    startA(job -> Transfers.run(factory, job).onErrorComplete().thenReturn(Outcome.done()));
    work.onStatement(step.statement, loss::befall);

    long id = enqueue();

    // What happens before completeIn is the worker's alone: it says that it is done, and so it is.
    boolean early = step.ordinal() < Step.COMPLETE_IN.ordinal();
    assertThat(ended(id).state()).isEqualTo(JobState.COMPLETED);
    assertThat(effects()).isEqualTo(early ? 0 : 1);
  }

  /** The node is cut off first, so that nothing it learns reaches the server. */
  @ParameterizedTest
  @MethodSource("losses")
  void nodeThatIsLostWithItLeavesOneEffect(Step step, Loss loss) {
    ConnectionFactory factory = Nodes.through(work, db.options());
    startA(job -> gate.asMono().then(Transfers.run(factory, job)).thenReturn(Outcome.done()));
    long id = enqueue();
    toldByA.await(Kind.STARTED);
    CountDownLatch lost = new CountDownLatch(1);
    work.onStatement(
        step.statement,
        link -> {
          loss.befall(link);
          lost.countDown();
        });

    network.cut();
    gate.tryEmitEmpty();
    Await.until("it is lost", LIMIT, () -> lost.getCount() == 0);
    db.sql("UPDATE shigoto.nodes SET lease_until = now() - interval '1 ms'");
    startB();

    assertThat(ended(id).state()).isEqualTo(JobState.COMPLETED);
    assertThat(effects()).isOne();
    boolean committed = step == Step.COMMIT && loss == Loss.ANSWER;
    assertThat(toldByB.count(Kind.STARTED)).isEqualTo(committed ? 0 : 1);
  }

  /** No look can tell whether the run has completed its job: whoever has the job next finds out. */
  @Test
  void lostLeaseIsNotWaitedForByARunThatNobodyCanTellOf() {
    ConnectionFactory factory = db.connectionFactory();
    startA(job -> stepByStep(factory, job, Place.BEFORE_THE_COMMIT));
    long id = enqueue();
    Await.until("it is there", LIMIT, () -> !reached.isEmpty());

    network.freeze();

    toldByA.await(Kind.NODE_LOST_LEASE);
    toldByA.await(Kind.SUPERSEDED);
    gate.tryEmitEmpty();
    network.restore();
    assertThat(ended(id).state()).isEqualTo(JobState.COMPLETED);
    assertThat(effects()).isOne();
  }

  /** The node cannot renew its lease, and the work does not heed that it is cancelled. */
  @ParameterizedTest
  @EnumSource
  void lostLeaseLeavesOneEffect(Place place) {
    ConnectionFactory factory = db.connectionFactory();
    startA(job -> Mono.fromFuture(stepByStep(factory, job, place).toFuture(), true));
    long id = enqueue();
    Await.until("it is there", LIMIT, () -> !reached.isEmpty());

    network.freeze();
    startB();
    toldByA.await(Kind.NODE_LOST_LEASE);
    boolean otherRuns = place.ordinal() < Place.BEFORE_THE_COMMIT.ordinal();
    if (otherRuns) {
      ended(id);
    } else {
      long other = enqueue();
      ended(other);
      db.sql("DELETE FROM public.transfers WHERE job = $1", other);
    }
    gate.tryEmitEmpty();

    Job job = ended(id);
    assertThat(job.state()).isEqualTo(JobState.COMPLETED);
    assertThat(job.attempt()).isEqualTo(otherRuns ? 2 : 1);
    Await.until("the work of A has ended", LIMIT, () -> reached.size() == 2);
    assertThat(effects()).isOne();
    assertThat(db.number("SELECT count(*) FROM shigoto.job_history WHERE id = $1", id)).isOne();
  }

  /**
   * It was sent in time, and waits in the network until another run has done the job. The work goes
   * on, and hides what it sees.
   */
  @Test
  void completionThatReachesTheServerLateIsRefused() {
    ConnectionFactory factory = Nodes.through(work, db.options());
    startA(
        job ->
            Mono.fromFuture(
                Transfers.inTransaction(
                        factory,
                        connection ->
                            Transfers.book(connection, job)
                                .then(job.completeIn(connection))
                                .onErrorComplete())
                    .doFinally(end -> reached.add(job.id()))
                    .thenReturn(Outcome.done())
                    .toFuture(),
                true));
    work.onStatement(SETTLE, Link::freeze);
    long id = enqueue();
    Await.until("it is sent", LIMIT, () -> work.counts().statements(SETTLE) == 1);

    network.freeze();
    startB();
    assertThat(ended(id).attempt()).isEqualTo(2);
    work.thaw();

    Await.until("the work of A has ended", LIMIT, () -> reached.size() == 1);
    assertThat(effects()).isOne();
    assertThat(db.number("SELECT count(*) FROM shigoto.job_history")).isOne();
  }

  private Mono<Outcome> stepByStep(ConnectionFactory factory, JobContext<?> job, Place place) {
    return Transfers.inTransaction(
            factory,
            connection ->
                stop(job, place, Place.BEFORE_THE_EFFECT)
                    .then(Transfers.book(connection, job))
                    .then(stop(job, place, Place.BEFORE_COMPLETE_IN))
                    .then(Mono.defer(() -> job.completeIn(connection)))
                    .then(stop(job, place, Place.BEFORE_THE_COMMIT)))
        .then(stop(job, place, Place.BEFORE_THE_END))
        .thenReturn(Outcome.done())
        .doFinally(end -> reached.add(job.id()));
  }

  private Mono<Void> stop(JobContext<?> job, Place place, Place here) {
    return Mono.defer(
        () -> {
          if (place != here) {
            return Mono.empty();
          }
          reached.add(job.id());
          return gate.asMono();
        });
  }

  private static long effects() {
    return db.number("SELECT count(*) FROM public.transfers");
  }

  private void startA(Function<JobContext<Map<String, Object>>, Mono<Outcome>> script) {
    nodes.start(
        Shigoto.builder(Nodes.through(network, db.options()))
            .name("a")
            .lease(LEASE_OF_A)
            .statementTimeout(Duration.ofMillis(500))
            .worker(new Scripted("work", script))
            .queue("default", 2)
            .listener(toldByA));
  }

  private void startB() {
    ConnectionFactory factory = db.connectionFactory();
    nodes.start(
        Shigoto.builder(factory)
            .name("b")
            .lease(Duration.ofSeconds(1))
            .worker(
                new Scripted("work", job -> Transfers.run(factory, job).thenReturn(Outcome.done())))
            .queue("default", 2)
            .listener(toldByB));
  }

  private long enqueue() {
    return enqueuer.enqueue(NewJob.of("work", Scripted.NOTHING)).block(LIMIT).id();
  }

  private Job ended(long id) {
    Await.until(
        "it ended", LIMIT, () -> enqueuer.jobs().find(id).block(LIMIT).state().isTerminal());
    return enqueuer.jobs().find(id).block(LIMIT);
  }
}
