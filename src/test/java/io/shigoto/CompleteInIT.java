package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.r2dbc.spi.Connection;
import io.r2dbc.spi.ConnectionFactory;
import io.r2dbc.spi.IsolationLevel;
import io.shigoto.event.JobEvent.Kind;
import io.shigoto.job.Job;
import io.shigoto.job.JobState;
import io.shigoto.job.NewJob;
import io.shigoto.job.Receipt;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.support.TcpProxy;
import io.shigoto.worker.JobContext;
import io.shigoto.worker.JobError;
import io.shigoto.worker.LeaseLost;
import io.shigoto.worker.Middleware;
import io.shigoto.worker.Outcome;
import io.shigoto.worker.Unique;
import java.time.Duration;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Schedulers;

/** What completeIn promises while nothing fails but the worker. */
class CompleteInIT {

  private static final String SETTLE = "DELETE FROM shigoto.jobs";

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Told told = new Told();
  private final Queue<Throwable> seen = new ConcurrentLinkedQueue<>();
  private ConnectionFactory factory;
  private TcpProxy network;

  @BeforeEach
  void noEffectYet() {
    Transfers.empty(db);
    factory = db.connectionFactory();
    network = nodes.network(db.options());
  }

  @Test
  void effectAndCompletionCommitTogether() {
    Shigoto node = start(job -> Transfers.run(factory, job).thenReturn(Outcome.done()));

    Job job = ended(node, enqueue(node));

    assertThat(job.state()).isEqualTo(JobState.COMPLETED);
    assertThat(job.attempt()).isEqualTo(1);
    assertThat(job.errors()).isEmpty();
    assertThat(effects()).isOne();
    assertThat(told.await(Kind.COMPLETED).jobId()).isEqualTo(job.id());
    node.stop(LIMIT).block(LIMIT);
    assertThat(told.count(Kind.COMPLETED)).isOne();
    assertThat(told.count(Kind.SUPERSEDED)).isZero();
    assertThat(network.counts().statements(SETTLE)).isZero();
    assertThat(db.number("SELECT count(*) FROM shigoto.job_history")).isOne();
  }

  @Test
  void jobIsNotCompletedBeforeTheCommit() {
    Sinks.Empty<Void> commit = Sinks.empty();
    Sinks.Empty<Void> written = Sinks.empty();
    Shigoto node =
        start(
            job ->
                paid(job, Mono.fromRunnable(written::tryEmitEmpty).then(commit.asMono()))
                    .thenReturn(Outcome.done()));
    long id = enqueue(node);
    written.asMono().block(LIMIT);

    assertThat(node.jobs().find(id).block(LIMIT).state()).isEqualTo(JobState.EXECUTING);
    assertThat(effects()).isZero();
    commit.tryEmitEmpty();
    assertThat(ended(node, id).state()).isEqualTo(JobState.COMPLETED);
  }

  @Test
  void resultIsThatOfTheTransaction() {
    Shigoto node =
        start(
            job ->
                inTransaction(connection -> job.completeIn(connection, Map.of("n", 1)))
                    .thenReturn(Outcome.done("another")));

    assertThat(ended(node, enqueue(node)).result()).isEqualTo("{\"n\": 1}");
  }

  @Test
  void resultThatCannotBeWrittenIsRefusedAtTheCall() {
    Shigoto node =
        start(
            job ->
                inTransaction(
                        connection -> {
                          assertThatIllegalArgumentException()
                              .isThrownBy(() -> job.completeIn(connection, Double.NaN))
                              .withMessageContaining("result of worker 'work'");
                          return Mono.empty();
                        })
                    .thenReturn(Outcome.cancel("refused")));

    assertThat(ended(node, enqueue(node)).errors().get(0).message()).isEqualTo("refused");
  }

  static Stream<Outcome> outcomes() {
    return Stream.of(
        Outcome.failed("late"),
        Outcome.snooze(Duration.ofHours(1)),
        Outcome.cancel("late"),
        Outcome.discard("late"));
  }

  @ParameterizedTest
  @MethodSource("outcomes")
  void jobStaysCompletedHoweverItsRunEnds(Outcome outcome) {
    Shigoto node = start(job -> Transfers.run(factory, job).thenReturn(outcome));

    Job job = ended(node, enqueue(node));
    told.await(Kind.COMPLETED);

    assertThat(job.state()).isEqualTo(JobState.COMPLETED);
    assertThat(job.errors()).isEmpty();
    assertThat(told.count(Kind.SUPERSEDED)).isZero();
  }

  @Test
  void rollbackLeavesTheAttemptFailed() {
    Shigoto node =
        start(
            job ->
                paid(
                        job,
                        job.attempt() == 1
                            ? Mono.error(new IllegalStateException("no"))
                            : Mono.empty())
                    .thenReturn(Outcome.done()));

    Job job = ended(node, enqueue(node));

    assertThat(job.attempt()).isEqualTo(2);
    assertThat(job.errors()).extracting(JobError::type).containsExactly("IllegalStateException");
    assertThat(effects()).isOne();
  }

  /** A worker that hides its rollback would otherwise be done without its effect. */
  @Test
  void doneAfterARollbackIsAFailedAttempt() {
    Shigoto node =
        start(
            job ->
                paid(
                        job,
                        job.attempt() == 1
                            ? Mono.error(new IllegalStateException("no"))
                            : Mono.empty())
                    .onErrorComplete()
                    .thenReturn(Outcome.done()));

    Job job = ended(node, enqueue(node));

    assertThat(job.attempt()).isEqualTo(2);
    assertThat(job.errors()).extracting(JobError::type).containsExactly("NotCommitted");
    assertThat(effects()).isOne();
  }

  static Stream<Arguments> otherOutcomes() {
    return Stream.of(
        Arguments.of(Outcome.cancel("no"), JobState.CANCELLED),
        Arguments.of(Outcome.discard("no"), JobState.DISCARDED),
        Arguments.of(Outcome.snooze(Duration.ofHours(1)), JobState.SCHEDULED));
  }

  @ParameterizedTest
  @MethodSource("otherOutcomes")
  void otherOutcomesCountAfterARollback(Outcome outcome, JobState state) {
    Shigoto node =
        start(
            job ->
                inTransaction(
                        connection ->
                            job.completeIn(connection)
                                .then(Mono.error(new IllegalStateException("no"))))
                    .onErrorComplete()
                    .thenReturn(outcome));
    long id = enqueue(node);

    Await.until(LIMIT, () -> node.jobs().find(id).block(LIMIT).state() == state);
  }

  @Test
  void transactionMayBeTriedAgain() {
    Queue<Integer> tries = new ConcurrentLinkedQueue<>();
    Shigoto node =
        start(
            job ->
                paid(
                        job,
                        Mono.defer(
                            () -> {
                              tries.add(1);
                              return tries.size() < 3
                                  ? Mono.error(new IllegalStateException("no"))
                                  : Mono.empty();
                            }))
                    .retry(2)
                    .thenReturn(Outcome.done()));

    Job job = ended(node, enqueue(node));

    assertThat(job.state()).isEqualTo(JobState.COMPLETED);
    assertThat(job.attempt()).isEqualTo(1);
    assertThat(effects()).isOne();
  }

  @Test
  void twiceIsAnErrorAndTheFirstCallCounts() {
    Shigoto node =
        start(
            job ->
                inTransaction(
                        connection ->
                            Transfers.book(connection, job)
                                .then(job.completeIn(connection))
                                .then(seeing(job.completeIn(connection))))
                    .then(seeing(inTransaction(job::completeIn)))
                    .thenReturn(Outcome.done()));

    Job job = ended(node, enqueue(node));

    told.await(Kind.COMPLETED);
    assertThat(job.state()).isEqualTo(JobState.COMPLETED);
    assertThat(effects()).isOne();
    assertThat(seen)
        .hasSize(2)
        .allSatisfy(
            error ->
                assertThat(error)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("completed already"));
  }

  @Test
  void connectionWithoutATransactionIsRefused() {
    Shigoto node =
        start(
            job ->
                seeing(Mono.usingWhen(factory.create(), job::completeIn, c -> c.close()))
                    .thenReturn(Outcome.cancel("refused")));

    assertThat(ended(node, enqueue(node)).state()).isEqualTo(JobState.CANCELLED);
    assertThat(seen)
        .singleElement()
        .isInstanceOfSatisfying(
            IllegalStateException.class,
            error -> assertThat(error).hasMessageContaining("transaction"));
  }

  @Test
  void completeInIsRefusedAfterTheRun() {
    Queue<JobContext<?>> kept = new ConcurrentLinkedQueue<>();
    Shigoto node =
        start(
            job -> {
              kept.add(job);
              return Mono.just(Outcome.snooze(Duration.ofHours(1)));
            });
    long id = enqueue(node);
    told.await(Kind.SNOOZED);

    seeing(inTransaction(connection -> kept.element().completeIn(connection))).block(LIMIT);

    assertThat(seen).singleElement().asString().contains("the run of job " + id + " has ended");
    assertThat(node.jobs().find(id).block(LIMIT).state()).isEqualTo(JobState.SCHEDULED);
  }

  /** Even if the worker hides it, its effect cannot be committed. */
  @Test
  void lostLeaseRollsBackTheTransaction() {
    Shigoto node =
        start(
            job ->
                inTransaction(
                        connection ->
                            Transfers.book(connection, job)
                                .then(takeAway(job.id()))
                                .then(seeing(job.completeIn(connection))))
                    .as(this::seeing)
                    .thenReturn(Outcome.done()));
    long id = enqueue(node);
    told.await(Kind.SUPERSEDED);

    assertThat(effects()).isZero();
    assertThat(node.jobs().find(id).block(LIMIT).state()).isEqualTo(JobState.EXECUTING);
    assertThat(seen).hasSize(2);
    assertThat(seen.element())
        .isInstanceOfSatisfying(LeaseLost.class, lost -> assertThat(lost.jobId()).isEqualTo(id))
        .hasMessageContaining("lost its lease");
  }

  @ParameterizedTest
  @MethodSource("levels")
  void everyIsolationLevelWillDo(IsolationLevel level) {
    Shigoto node =
        start(
            job ->
                Transfers.inTransaction(
                        factory,
                        connection -> connection.beginTransaction(level),
                        connection ->
                            Transfers.book(connection, job).then(job.completeIn(connection)))
                    .thenReturn(Outcome.done()));

    assertThat(ended(node, enqueue(node)).attempt()).isEqualTo(1);
    assertThat(effects()).isOne();
  }

  static Stream<IsolationLevel> levels() {
    return Stream.of(
        IsolationLevel.READ_COMMITTED, IsolationLevel.REPEATABLE_READ, IsolationLevel.SERIALIZABLE);
  }

  @Test
  void middlewareCanGiveEveryRunATransaction() {
    Middleware transactional =
        (job, next) ->
            Mono.usingWhen(
                factory.create(),
                connection ->
                    Mono.from(connection.beginTransaction())
                        .then(
                            Mono.defer(() -> next.run().contextWrite(c -> c.put("in", connection))))
                        .delayUntil(outcome -> job.completeIn(connection))
                        .delayUntil(outcome -> connection.commitTransaction()),
                connection -> connection.close());
    Shigoto node =
        nodes.start(
            builder(
                    job ->
                        Mono.deferContextual(
                            context -> Transfers.book(context.get("in"), job).then(Mono.empty())))
                .middleware(transactional));

    assertThat(ended(node, enqueue(node)).attempt()).isEqualTo(1);
    assertThat(effects()).isOne();
    told.await(Kind.COMPLETED);
    assertThat(network.counts().statements(SETTLE)).isZero();
  }

  @Test
  void stopGivesBackARunWhoseTransactionIsOpen() {
    Sinks.Empty<Void> written = Sinks.empty();
    Shigoto node =
        start(
            job ->
                paid(job, Mono.fromRunnable(written::tryEmitEmpty).then(Mono.never()))
                    .thenReturn(Outcome.done()));
    long id = enqueue(node);
    written.asMono().block(LIMIT);

    node.stop(Duration.ZERO).block(LIMIT);

    Job job = Shigoto.builder(factory).build().jobs().find(id).block(LIMIT);
    assertThat(job.state()).isEqualTo(JobState.AVAILABLE);
    assertThat(job.attempt()).isZero();
    assertThat(effects()).isZero();
  }

  /** On another node, which is told by the commit. */
  @Test
  void whoAwaitsTheJobHearsOfTheCommit() {
    Shigoto node =
        start(
            job ->
                inTransaction(
                        connection ->
                            Transfers.book(connection, job)
                                .then(job.completeIn(connection, "booked")))
                    .then(Mono.never()));
    Shigoto other = nodes.start(Shigoto.builder(factory).pollInterval(Duration.ofMinutes(1)));
    Await.until("it listens", LIMIT, () -> other.health().block(LIMIT).notificationsArrive());
    long id = enqueue(node);

    assertThat(other.jobs().await(id, String.class).block(LIMIT)).isEqualTo("booked");
    assertThat(effects()).isOne();
  }

  @Test
  void keyOfAUniqueJobIsFreeAfterTheCommit() {
    Shigoto node = start(job -> Transfers.run(factory, job).thenReturn(Outcome.done()));
    NewJob unique = NewJob.of("work", Scripted.NOTHING).unique(Unique.by(Unique.Field.WORKER));
    long first = node.enqueue(unique).block(LIMIT).id();
    ended(node, first);

    assertThat(node.enqueue(unique).block(LIMIT)).isInstanceOf(Receipt.Inserted.class);
  }

  private Mono<Void> seeing(Mono<Void> work) {
    return work.doOnError(seen::add).onErrorComplete();
  }

  /** As a rescue and a claim of another node do. */
  private static Mono<Void> takeAway(long id) {
    return Mono.<Void>fromRunnable(
            () -> db.sql("UPDATE shigoto.jobs SET lease = lease + 1 WHERE id = $1", id))
        .subscribeOn(Schedulers.boundedElastic());
  }

  /** The effect and the completion, and then this, in one transaction. */
  private Mono<Void> paid(JobContext<?> job, Mono<Void> rest) {
    return inTransaction(
        connection -> Transfers.book(connection, job).then(job.completeIn(connection)).then(rest));
  }

  private Mono<Void> inTransaction(Function<Connection, Mono<Void>> work) {
    return Transfers.inTransaction(factory, work);
  }

  private static long effects() {
    return db.number("SELECT count(*) FROM public.transfers");
  }

  private Shigoto start(Function<JobContext<Map<String, Object>>, Mono<Outcome>> script) {
    return nodes.start(builder(script));
  }

  private ShigotoBuilder builder(Function<JobContext<Map<String, Object>>, Mono<Outcome>> script) {
    return Shigoto.builder(Nodes.through(network, db.options()))
        .worker(new Scripted("work", script))
        .queue("default", 1)
        .listener(told);
  }

  private static long enqueue(Shigoto node) {
    return node.enqueue(NewJob.of("work", Scripted.NOTHING)).block(LIMIT).id();
  }

  private static Job ended(Shigoto node, long id) {
    Await.until("it ended", LIMIT, () -> node.jobs().find(id).block(LIMIT).state().isTerminal());
    return node.jobs().find(id).block(LIMIT);
  }
}
