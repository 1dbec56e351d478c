package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.r2dbc.spi.ConnectionFactory;
import io.shigoto.event.JobEvent;
import io.shigoto.job.JobNotCompleted;
import io.shigoto.job.JobState;
import io.shigoto.job.NewJob;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.support.Link;
import io.shigoto.support.TcpProxy;
import io.shigoto.worker.Outcome;
import java.time.Duration;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.test.StepVerifier;

/** Callers wait for the end of a job that runs on another node. */
class AwaitIT {

  /** So what is heard was told. */
  private static final Duration NEVER_POLLED = Duration.ofHours(1);

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Sinks.Empty<Void> may = Sinks.empty();
  private final Told told = new Told();

  @Test
  void nodeThatWasNeverStartedHearsOfTheEndOfAJob() {
    start(db.connectionFactory());
    Shigoto caller = caller(NEVER_POLLED);

    CompletableFuture<Integer> sum =
        caller.enqueueAndAwait(job("sum").delay(Duration.ZERO), Integer.class).toFuture();
    awaitRunning();
    may.tryEmitEmpty();

    assertThat(sum).succeedsWithin(LIMIT).isEqualTo(3);
    assertThat(caller.enqueueAndAwait(job("sum"), Integer.class).block(LIMIT)).isEqualTo(3);
  }

  @Test
  void jobThatHasEndedIsAnsweredAtOnce() {
    Shigoto node = start(db.connectionFactory());
    may.tryEmitEmpty();
    long id = node.enqueue(job("sum")).block(LIMIT).id();
    told.await(JobEvent.Kind.COMPLETED);

    assertThat(caller(NEVER_POLLED).jobs().await(id, Integer.class).block(LIMIT)).isEqualTo(3);
    assertThat(node.jobs().await(id, Integer.class).block(LIMIT)).isEqualTo(3);
  }

  @Test
  void jobWithoutAResultCompletesEmpty() {
    Shigoto node = start(db.connectionFactory());

    assertThat(node.enqueueAndAwait(job("nothing"), Map.class).blockOptional(LIMIT)).isEmpty();
    assertThat(node.enqueueAndAwait(job("nothing")).blockOptional(LIMIT)).isEmpty();
  }

  @Test
  void jobThatIsNotCompletedIsAnErrorThatSaysWhy() {
    Shigoto node = start(db.connectionFactory());

    JobNotCompleted discarded = failure(node, job("fails").maxAttempts(1));
    JobNotCompleted cancelled = failure(node, job("cancels"));

    assertThat(discarded.state()).isEqualTo(JobState.DISCARDED);
    assertThat(discarded.errorType()).isEqualTo("IllegalStateException");
    assertThat(discarded.errorMessage()).isEqualTo("boom");
    assertThat(discarded)
        .hasMessage("job " + discarded.id() + " is discarded (IllegalStateException: boom)");
    assertThat(cancelled.state()).isEqualTo(JobState.CANCELLED);
    assertThat(cancelled.errorMessage()).isEqualTo("not needed");
    assertThatThrownBy(() -> node.jobs().await(discarded.id(), String.class).block(LIMIT))
        .isInstanceOf(JobNotCompleted.class);
  }

  @Test
  void aFailedAttemptIsNotTheEnd() {
    Shigoto node = start(db.connectionFactory());

    assertThat(node.enqueueAndAwait(job("second try"), Integer.class).block(LIMIT)).isEqualTo(2);
  }

  @Test
  void aJobThatIsNotThereIsAnError() {
    assertThatThrownBy(() -> caller(NEVER_POLLED).jobs().await(4711).block(LIMIT))
        .isInstanceOf(NoSuchElementException.class)
        .hasMessageStartingWith("there is no job 4711");
  }

  @Test
  void aJobThatIsDeletedIsAnError() {
    Shigoto caller = caller(Duration.ofMillis(50));
    long id = caller.enqueue(job("sum")).block(LIMIT).id();

    StepVerifier.create(caller.jobs().await(id))
        .then(() -> awaitWatched(id))
        .then(() -> db.sql("DELETE FROM shigoto.jobs"))
        .expectError(NoSuchElementException.class)
        .verify(LIMIT);
  }

  @Test
  void whoeverWaitsWhenTheNodeStopsIsToldSo() {
    Shigoto caller = caller(NEVER_POLLED);
    long id = caller.enqueue(job("sum")).block(LIMIT).id();

    StepVerifier.create(caller.jobs().await(id))
        .then(() -> awaitWatched(id))
        .then(() -> caller.stop(Duration.ZERO).block(LIMIT))
        .expectError(IllegalStateException.class)
        .verify(LIMIT);
    assertThatThrownBy(() -> caller.jobs().await(id).block(LIMIT))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void aNodeThatOnlyPollsFindsTheEnd() {
    start(db.connectionFactory());
    TcpProxy network = nodes.network(db.options());
    Shigoto caller =
        nodes.build(
            Shigoto.builder(Nodes.through(network, db.options()))
                .pollOnly()
                .pollInterval(Duration.ofMillis(50)));

    CompletableFuture<Integer> sum = caller.enqueueAndAwait(job("sum"), Integer.class).toFuture();
    awaitRunning();
    may.tryEmitEmpty();

    assertThat(sum).succeedsWithin(LIMIT).isEqualTo(3);
    assertThat(network.counts().statements("LISTEN")).isZero();
  }

  /** The settlement is repeated and finds nothing left to tell of. */
  @Test
  void theEndIsFoundWhenTheAnswerOfItsSettlementWasLost() {
    TcpProxy network = nodes.network(db.options());
    network.onStatement("DELETE FROM shigoto.jobs", Link::loseAnswer);
    start(Nodes.through(network, db.options()));
    may.tryEmitEmpty();

    assertThat(
            caller(Duration.ofMillis(100)).enqueueAndAwait(job("sum"), Integer.class).block(LIMIT))
        .isEqualTo(3);
  }

  /** It hears nothing while the connection is cut, and looks when it listens again. */
  @Test
  void theEndIsFoundAfterTheListenConnectionWasLost() {
    start(db.connectionFactory());
    TcpProxy network = nodes.network(db.options());
    Shigoto caller =
        nodes.build(
            Shigoto.builder(Nodes.through(network, db.options())).pollInterval(NEVER_POLLED));
    CompletableFuture<Integer> sum = caller.enqueueAndAwait(job("sum"), Integer.class).toFuture();
    awaitRunning();
    Await.until(LIMIT, () -> network.counts().statements("LISTEN") > 0);

    network.cut();
    may.tryEmitEmpty();
    told.await(JobEvent.Kind.COMPLETED);
    network.restore();

    assertThat(sum).succeedsWithin(LIMIT).isEqualTo(3);
  }

  /** Its first look fails, and it is known that the job is there. */
  @Test
  void enqueueAndAwaitGoesOnWhenALookFails() {
    start(db.connectionFactory());
    may.tryEmitEmpty();
    TcpProxy network = nodes.network(db.options());
    network.onStatement("SET watched", Link::cut);
    Shigoto caller =
        nodes.build(
            Shigoto.builder(Nodes.through(network, db.options())).pollInterval(NEVER_POLLED));

    assertThat(caller.enqueueAndAwait(job("sum"), Integer.class).block(LIMIT)).isEqualTo(3);
  }

  /** Nothing is heard, which would be looked after once more. */
  @Test
  void aLookThatFailsFailsItsCaller() {
    TcpProxy network = nodes.network(db.options());
    network.onStatement("SET watched", Link::cut);
    Shigoto caller =
        nodes.build(
            Shigoto.builder(Nodes.through(network, db.options()))
                .pollOnly()
                .pollInterval(NEVER_POLLED));

    assertThatThrownBy(() -> caller.jobs().await(4711).block(LIMIT))
        .isNotInstanceOf(NoSuchElementException.class);
  }

  /** Nobody can mark it meanwhile, so nobody would tell of its end. */
  @Test
  void aJobWhoseRowSomebodyHoldsIsLookedAtAgain() {
    Shigoto node = start(db.connectionFactory());
    TcpProxy network = nodes.network(db.options());
    Shigoto caller =
        nodes.build(
            Shigoto.builder(Nodes.through(network, db.options())).pollInterval(NEVER_POLLED));
    long id = node.enqueue(job("sum")).block(LIMIT).id();
    awaitRunning();

    CompletableFuture<Integer> sum =
        RowLock.held(
            db.connectionFactory(),
            id,
            () -> {
              CompletableFuture<Integer> held = caller.jobs().await(id, Integer.class).toFuture();
              Await.until(LIMIT, () -> network.counts().statements("SET watched") > 2);
              return held;
            });
    awaitWatched(id);
    may.tryEmitEmpty();

    assertThat(sum).succeedsWithin(LIMIT).isEqualTo(3);
  }

  @Test
  void cancelEndsTheWaitAndNotTheJob() {
    Shigoto node = start(db.connectionFactory());
    Shigoto caller = caller(NEVER_POLLED);

    StepVerifier.create(caller.enqueueAndAwait(job("sum"), Integer.class))
        .then(this::awaitRunning)
        .thenCancel()
        .verify(LIMIT);
    may.tryEmitEmpty();

    long id = told.await(JobEvent.Kind.COMPLETED).jobId();
    assertThat(node.jobs().await(id, Integer.class).block(LIMIT)).isEqualTo(3);
  }

  @Test
  void tenThousandCallersWaitAtTheSameTime() {
    start(db.connectionFactory());
    TcpProxy network = nodes.network(db.options());
    Shigoto caller =
        nodes.build(
            Shigoto.builder(Nodes.through(network, db.options())).pollInterval(NEVER_POLLED));

    CompletableFuture<Integer> sum =
        Flux.range(0, 10_000)
            .flatMap(i -> caller.enqueueAndAwait(job("sum"), Integer.class), 10_000)
            .reduce(Integer::sum)
            .toFuture();
    Await.until(
        LIMIT, () -> db.number("SELECT count(*) FROM shigoto.jobs WHERE watched") == 10_000);
    may.tryEmitEmpty();

    assertThat(sum).succeedsWithin(LIMIT).isEqualTo(30_000);
    assertThat(network.counts().statements("LISTEN")).isOne();
    assertThat(network.counts().statements("SET watched")).isLessThan(5_000);
  }

  private Shigoto start(ConnectionFactory factory) {
    Mono<Outcome> sum = may.asMono().thenReturn(Outcome.done(3));
    return nodes.start(
        Shigoto.builder(factory)
            .statementTimeout(Duration.ofSeconds(2))
            .worker(new Scripted("sum", job -> sum))
            .worker(new Scripted("nothing", job -> Mono.empty()))
            .worker(new Scripted("fails", job -> Mono.error(new IllegalStateException("boom"))))
            .worker(new Scripted("cancels", job -> Mono.just(Outcome.cancel("not needed"))))
            .worker(
                new Scripted(
                    "second try",
                    job ->
                        Mono.just(
                            job.attempt() == 1
                                ? Outcome.failed("first")
                                : Outcome.done(job.attempt()))))
            .queue("default", 100)
            .listener(told));
  }

  private Shigoto caller(Duration pollInterval) {
    return nodes.build(
        Shigoto.builder(db.connectionFactory()).name("caller").pollInterval(pollInterval));
  }

  private static NewJob job(String worker) {
    return NewJob.of(worker, Scripted.NOTHING);
  }

  private static JobNotCompleted failure(Shigoto node, NewJob job) {
    return catchThrowableOfType(
        JobNotCompleted.class, () -> node.enqueueAndAwait(job, String.class).block(LIMIT));
  }

  private void awaitRunning() {
    told.await(JobEvent.Kind.STARTED);
  }

  private static void awaitWatched(long id) {
    Await.until(
        "job " + id + " is watched",
        LIMIT,
        () -> db.number("SELECT count(*) FROM shigoto.jobs WHERE watched AND id = $1", id) == 1);
  }
}
