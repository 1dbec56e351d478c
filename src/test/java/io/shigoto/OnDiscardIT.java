package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import ch.qos.logback.classic.Level;
import io.shigoto.event.JobEvent.Kind;
import io.shigoto.job.JobState;
import io.shigoto.job.NewJob;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.support.Link;
import io.shigoto.support.LogCapture;
import io.shigoto.support.TcpProxy;
import io.shigoto.worker.JobContext;
import io.shigoto.worker.JobError;
import io.shigoto.worker.Outcome;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

class OnDiscardIT {

  private static final String SETTLE = "DELETE FROM shigoto.jobs";

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  /** By a constraint that somebody added to the table, say. */
  @BeforeAll
  static void oneResultIsRefusedByTheServer() {
    db.sql("ALTER TABLE shigoto.job_history ADD CONSTRAINT chosen CHECK (result <> '\"refused\"')");
  }

  private final Told told = new Told();
  private final Queue<Call> calls = new ConcurrentLinkedQueue<>();

  private record Call(JobContext<Map<String, Object>> job, List<JobError> errors) {

    List<String> types() {
      return errors.stream().map(JobError::type).toList();
    }
  }

  static Stream<Arguments> waysToBeDiscarded() {
    return Stream.of(
        way(
            "an error",
            1,
            job -> Mono.error(new IllegalStateException("no")),
            "IllegalStateException"),
        way(
            "errors",
            2,
            job -> Mono.just(Outcome.failed("no " + job.attempt())),
            "WorkerFailure",
            "WorkerFailure"),
        way("its worker's wish", 3, job -> Mono.just(Outcome.discard("no")), "discarded"),
        way("its timeout", 1, job -> Mono.never(), "RunTimeout"),
        way(
            "a result that the server refuses",
            1,
            job -> Mono.just(Outcome.done("refused")),
            "PostgresqlDataIntegrityViolationException"));
  }

  @ParameterizedTest(name = "by {0}")
  @MethodSource("waysToBeDiscarded")
  void workerIsToldOnceWithAllErrors(
      String how,
      int maxAttempts,
      Function<JobContext<Map<String, Object>>, Mono<Outcome>> script,
      List<String> types) {
    Shigoto node = start(new Work(script, this::note));

    long id = enqueue(node, NewJob.of("work", Map.of("a", 1)).maxAttempts(maxAttempts).tags("t"));
    Call call = awaitCall();

    assertThat(node.jobs().find(id).block(LIMIT).state()).isEqualTo(JobState.DISCARDED);
    assertThat(told.await(Kind.DISCARDED).jobId()).isEqualTo(id);
    assertThat(told.count(Kind.COMPLETED)).isZero();
    assertThat(call.types()).isEqualTo(types);
    assertThat(call.job.id()).isEqualTo(id);
    assertThat(call.job.args()).isEqualTo(Map.of("a", 1));
    assertThat(call.job.attempt()).isEqualTo(types.size());
    assertThat(call.job.maxAttempts()).isEqualTo(maxAttempts);
    assertThat(call.job.tags()).containsExactly("t");
    node.stop(LIMIT).block(LIMIT);
    assertThat(calls).hasSize(1);
  }

  @Test
  void argsThatCannotBeReadAreToldWithTheReason() {
    Shigoto node = start(new Work(job -> Mono.empty(), this::note));

    long id = enqueue(node, NewJob.of("work", List.of("no object")).maxAttempts(1));
    Call call = awaitCall();

    assertThat(call.job.id()).isEqualTo(id);
    assertThat(call.types()).containsExactly("ArgsDoNotFit");
    assertThat(catchThrowable(call.job::args)).hasMessageContaining("$");
  }

  @Test
  void otherEndsAreNotTold() {
    Shigoto node =
        start(
            new Work(
                job ->
                    Mono.just(
                        switch ((String) job.args().get("end")) {
                          case "done" -> Outcome.done();
                          case "cancel" -> Outcome.cancel("no");
                          case "snooze" -> Outcome.snooze(Duration.ofHours(1));
                          case "failed" -> Outcome.failed("no");
                          default -> Outcome.discard("no");
                        }),
                this::note));

    Stream.of("done", "cancel", "snooze", "failed")
        .forEach(end -> enqueue(node, NewJob.of("work", Map.of("end", end)).maxAttempts(20)));
    told.await(Kind.FAILED, 3);
    long last = enqueue(node, NewJob.of("work", Map.of("end", "discard")));
    awaitCall();
    node.stop(LIMIT).block(LIMIT);

    assertThat(calls).extracting(call -> call.job.id()).containsExactly(last);
  }

  /** All of them look for lost jobs at once; each job is discarded by one. */
  @Test
  void rescueTellsOnceInTheWholeCluster() {
    db.sql(
        "INSERT INTO shigoto.jobs (queue, worker, state, owner, attempt, max_attempts, args)"
            + " SELECT 'default', 'work', 'executing', gen_random_uuid(), 3, 3,"
            + " jsonb_build_object('n', n) FROM generate_series(1, 2000) AS n");

    IntStream.range(0, 3)
        .forEach(
            i ->
                nodes.start(
                    builder(
                            Shigoto.builder(db.connectionFactory()),
                            new Work(job -> Mono.empty(), this::note))
                        .lease(Duration.ofSeconds(2))));
    Await.until("all are told", LIMIT, () -> calls.size() >= 2000);

    assertThat(told.count(Kind.RESCUED)).isEqualTo(2000);
    assertThat(calls).hasSize(2000);
    assertThat(calls.stream().map(call -> call.job.args().get("n")).distinct()).hasSize(2000);
    assertThat(calls).allMatch(call -> call.types().equals(List.of("NodeLost")));
  }

  @Test
  void supersededRunTellsNothing() {
    Sinks.Empty<Void> end = Sinks.empty();
    Shigoto node =
        start(new Work(job -> end.asMono().thenReturn(Outcome.discard("no")), this::note));
    enqueue(node, NewJob.of("work", Scripted.NOTHING));
    told.await(Kind.STARTED);

    db.sql("UPDATE shigoto.jobs SET lease = lease + 1");
    end.tryEmitEmpty();
    told.await(Kind.SUPERSEDED);
    node.stop(LIMIT).block(LIMIT);

    assertThat(calls).isEmpty();
  }

  @Test
  void settlementWhoseAnswerIsLostIsToldOnce() {
    TcpProxy network = nodes.network(db.options());
    network.onStatement(SETTLE, Link::loseAnswer);
    Shigoto node =
        nodes.start(
            builder(
                    Shigoto.builder(Nodes.through(network, db.options())),
                    new Work(job -> Mono.just(Outcome.discard("no")), this::note))
                .statementTimeout(Duration.ofSeconds(1)));

    enqueue(node, NewJob.of("work", Scripted.NOTHING));
    awaitCall();
    node.stop(LIMIT).block(LIMIT);

    assertThat(network.counts().statements(SETTLE)).isEqualTo(2);
    assertThat(calls).hasSize(1);
  }

  static Stream<Arguments> failures() {
    return Stream.of(
        failure("an error", () -> Mono.error(new IllegalStateException("secret"))),
        failure(
            "a throw",
            () -> {
              throw new IllegalStateException("secret");
            }),
        failure("null", () -> null),
        failure("time", Mono::never),
        failure(
            "StackOverflowError",
            () -> {
              throw new StackOverflowError("secret");
            }),
        failure(
            "LinkageError",
            () -> {
              throw new NoClassDefFoundError("secret");
            }));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("failures")
  void failureIsLoggedAndChangesNothing(String how, Supplier<Mono<Void>> fails) {
    try (LogCapture log = LogCapture.start()) {
      Shigoto node =
          start(new Work(job -> Mono.just(Outcome.discard("no")), (job, errors) -> fails.get()));
      long id = enqueue(node, NewJob.of("work", Map.of("a", "secret")));

      Await.until(
          "it is logged",
          LIMIT,
          () -> log.messages(Level.WARN).stream().anyMatch(line -> line.contains("onDiscard")));
      node.stop(LIMIT).block(LIMIT);

      assertThat(log.lines(Level.WARN))
          .filteredOn(line -> line.contains("onDiscard"))
          .singleElement()
          .asString()
          .contains("job=" + id, "worker=work");
      assertThat(log.everything()).doesNotContain("secret");
      assertThat(state(id)).isEqualTo("discarded");
    }
  }

  /** The queue has one slot. */
  @Test
  void callsThatHangHoldUpNoOtherJob() {
    Shigoto node =
        start(
            new Work(
                job -> Mono.just(job.args().isEmpty() ? Outcome.done() : Outcome.discard("no")),
                (job, errors) -> note(job, errors).then(Mono.never())) {
              @Override
              public Duration timeout() {
                return LIMIT;
              }
            });
    node.enqueueAll(Flux.range(0, 1000).map(i -> NewJob.of("work", Map.of("i", i))))
        .blockLast(LIMIT);
    told.await(Kind.DISCARDED, 1000);

    enqueue(node, NewJob.of("work", Scripted.NOTHING));
    told.await(Kind.COMPLETED);

    assertThat(calls).hasSizeLessThan(1000);
    node.stop(Duration.ZERO).block(LIMIT);
  }

  @Test
  void stopWaitsForTheCallWithinItsGrace() {
    Sinks.Empty<Void> end = Sinks.empty();
    AtomicInteger ended = new AtomicInteger();
    Shigoto node =
        start(
            new Work(
                job -> Mono.just(Outcome.discard("no")),
                (job, errors) ->
                    note(job, errors)
                        .then(end.asMono())
                        .doOnSuccess(done -> ended.incrementAndGet())));
    enqueue(node, NewJob.of("work", Scripted.NOTHING));
    awaitCall();

    CompletableFuture<Void> stop = node.stop(LIMIT).toFuture();
    Await.until(LIMIT, () -> node.health().block(LIMIT).phase() == Health.Phase.STOPPING);
    assertThat(stop).isNotDone();
    end.tryEmitEmpty();
    stop.join();

    assertThat(ended).hasValue(1);
  }

  @Test
  void callThatOutlastsTheGraceIsCancelled() {
    AtomicInteger cancelled = new AtomicInteger();
    Shigoto node =
        start(
            new Work(
                job -> Mono.just(Outcome.discard("no")),
                (job, errors) ->
                    note(job, errors)
                        .then(Mono.<Void>never())
                        .doOnCancel(cancelled::incrementAndGet)));
    enqueue(node, NewJob.of("work", Scripted.NOTHING));
    awaitCall();

    node.stop(Duration.ofMillis(200)).block(LIMIT);

    assertThat(cancelled).hasValue(1);
    assertThat(db.number("SELECT count(*) FROM shigoto.nodes")).isZero();
  }

  /** The jobs have ended: the lease means nothing to them, and they do not hold up the next one. */
  @Test
  void lostLeaseLeavesCallsAlone() {
    Sinks.Empty<Void> end = Sinks.empty();
    AtomicInteger ended = new AtomicInteger();
    nodes
        .start(
            builder(
                    Shigoto.builder(db.connectionFactory()),
                    new Work(
                        job -> Mono.just(Outcome.discard("no")),
                        (job, errors) ->
                            note(job, errors)
                                .then(end.asMono())
                                .doOnSuccess(done -> ended.incrementAndGet())))
                .lease(Duration.ofSeconds(1)))
        .enqueue(NewJob.of("work", Scripted.NOTHING))
        .block(LIMIT);
    awaitCall();

    db.sql("UPDATE shigoto.nodes SET lease_until = now() - interval '1 ms'");
    told.await(Kind.NODE_JOINED, 2);
    end.tryEmitEmpty();

    Await.until("the call ends", LIMIT, () -> ended.get() == 1);
  }

  @Test
  void callIsMadeOnTheWorkerSchedulerWithTheJobInTheContext() {
    Queue<String> seen = new ConcurrentLinkedQueue<>();
    Shigoto node =
        start(
            new Work(
                job -> Mono.just(Outcome.discard("no")),
                (job, errors) ->
                    JobContext.current()
                        .doOnNext(
                            current ->
                                seen.add(Thread.currentThread().getName() + " " + (current == job)))
                        .then(note(job, errors))));

    enqueue(node, NewJob.of("work", Scripted.NOTHING));
    awaitCall();

    assertThat(seen).singleElement().asString().startsWith("shigoto-worker").endsWith(" true");
  }

  private static Arguments way(
      String how,
      int maxAttempts,
      Function<JobContext<Map<String, Object>>, Mono<Outcome>> script,
      String... types) {
    return Arguments.of(how, maxAttempts, script, List.of(types));
  }

  private static Arguments failure(String how, Supplier<Mono<Void>> failure) {
    return Arguments.of(how, failure);
  }

  private Mono<Void> note(JobContext<Map<String, Object>> job, List<JobError> errors) {
    return Mono.fromRunnable(() -> calls.add(new Call(job, errors)));
  }

  private Call awaitCall() {
    Await.until("the worker is told", LIMIT, () -> !calls.isEmpty());
    return calls.element();
  }

  private static String state(long id) {
    return String.valueOf(
        db.sql("SELECT state::text AS state FROM shigoto.all_jobs WHERE id = $1", id)
            .get(0)
            .get("state"));
  }

  private Shigoto start(Work work) {
    return nodes.start(builder(Shigoto.builder(db.connectionFactory()), work));
  }

  private ShigotoBuilder builder(ShigotoBuilder builder, Work work) {
    return builder.worker(work).queue("default", 1).listener(told);
  }

  private static long enqueue(Shigoto node, NewJob job) {
    return node.enqueue(job).block(LIMIT).id();
  }

  private static class Work extends Scripted {

    private final BiFunction<JobContext<Map<String, Object>>, List<JobError>, Mono<Void>> discarded;

    Work(
        Function<JobContext<Map<String, Object>>, Mono<Outcome>> script,
        BiFunction<JobContext<Map<String, Object>>, List<JobError>, Mono<Void>> discarded) {
      super("work", script);
      this.discarded = discarded;
    }

    @Override
    public Duration timeout() {
      return Duration.ofMillis(500);
    }

    @Override
    public Mono<Void> onDiscard(JobContext<Map<String, Object>> job, List<JobError> errors) {
      return discarded.apply(job, errors);
    }
  }
}
