package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.shigoto.event.JobEvent.Kind;
import io.shigoto.job.Job;
import io.shigoto.job.JobState;
import io.shigoto.job.NewJob;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.worker.JobContext;
import io.shigoto.worker.JobError;
import io.shigoto.worker.Middleware;
import io.shigoto.worker.Outcome;
import io.shigoto.worker.ReactiveWorker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Mono;
import reactor.util.context.Context;

class MiddlewareIT {

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Told told = new Told();
  private final Queue<String> happened = new ConcurrentLinkedQueue<>();
  private final List<Middleware> ofTheNode = new ArrayList<>();

  @Test
  void middlewareOfTheNodeIsAroundThatOfTheWorker() {
    ofTheNode.add(naming("node 1"));
    ofTheNode.add(naming("node 2"));

    run(worker(job -> perform(), naming("worker 1"), naming("worker 2")));

    assertThat(happened)
        .containsExactly(
            "node 1 begins",
            "node 2 begins",
            "worker 1 begins",
            "worker 2 begins",
            "perform",
            "worker 2 ends",
            "worker 1 ends",
            "node 2 ends",
            "node 1 ends");
  }

  @Test
  void middlewareThatDoesNotCallNextDecidesAlone() {
    ofTheNode.add((job, next) -> Mono.just(Outcome.cancel("switched off")));

    Job job = run(worker(context -> perform(), naming("worker")));

    assertThat(happened).isEmpty();
    assertThat(job.state()).isEqualTo(JobState.CANCELLED);
    assertThat(job.errors()).extracting(JobError::message).containsExactly("switched off");
  }

  @Test
  void emptyMiddlewareIsDone() {
    ofTheNode.add((job, next) -> Mono.empty());

    assertThat(run(worker(job -> perform())).state()).isEqualTo(JobState.COMPLETED);
    assertThat(happened).isEmpty();
  }

  @Test
  void middlewareChangesTheOutcome() {
    ofTheNode.add((job, next) -> next.run().map(outcome -> Outcome.done("changed")));

    assertThat(run(worker(job -> Mono.empty())).result()).isEqualTo("\"changed\"");
  }

  static Stream<Arguments> failures() {
    return Stream.of(
        failure("signal", Mono.error(new IllegalStateException("broken"))),
        failure("throw", raising(new IllegalStateException("broken"))),
        failure("StackOverflowError", raising(new StackOverflowError())),
        failure("LinkageError", raising(new NoClassDefFoundError("Missing"))),
        failure(
            "LinkageError in the pipeline",
            Mono.just(1)
                .map(
                    i -> {
                      throw new NoClassDefFoundError("Missing");
                    })));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("failures")
  void failureOfTheWorkerIsAnErrorThatMiddlewareCanHeal(String how, Mono<Outcome> failure) {
    ofTheNode.add(
        (job, next) ->
            next.run()
                .onErrorResume(
                    error -> Mono.just(Outcome.done(error.getClass().getSimpleName().length()))));

    Job job = run(worker(context -> failure));

    assertThat(job.state()).isEqualTo(JobState.COMPLETED);
    assertThat(Integer.parseInt(job.result())).isPositive();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("failures")
  void middlewareThatBreaksFailsItsRunAndNothingElse(String how, Mono<Outcome> failure) {
    ofTheNode.add((job, next) -> job.attempt() == 1 ? failure : next.run());

    Job job = run(worker(context -> perform()));

    assertThat(job.state()).isEqualTo(JobState.COMPLETED);
    assertThat(job.attempt()).isEqualTo(2);
    assertThat(job.errors()).hasSize(1);
  }

  @Test
  void middlewareThatGivesNullFailsItsRun() {
    ofTheNode.add((job, next) -> job.attempt() == 1 ? null : next.run());

    assertThat(run(worker(context -> perform())).errors())
        .extracting(JobError::type)
        .containsExactly("NullPointerException");
  }

  @Test
  void argsThatDoNotFitAreAnErrorOfNext() {
    ofTheNode.add(
        (job, next) ->
            next.run()
                .onErrorResume(error -> Mono.just(Outcome.discard("seen: " + error.getMessage()))));
    Shigoto node = start(worker(job -> perform(), naming("worker")));

    Job job = ended(node, NewJob.of("work", List.of("no object")));

    assertThat(happened).containsExactly("worker begins");
    assertThat(job.errors().get(0).message()).startsWith("seen: args do not fit").contains("$");
    assertThat(told.count(Kind.STARTED)).isZero();
  }

  @Test
  void retryInsideIsOneAttempt() {
    ofTheNode.add((job, next) -> next.run().retry(2));
    AtomicInteger calls = new AtomicInteger();

    Job job =
        run(
            worker(
                context ->
                    calls.incrementAndGet() < 3
                        ? Mono.error(new IllegalStateException("broken"))
                        : perform(),
                naming("worker")));

    assertThat(job.attempt()).isEqualTo(1);
    assertThat(job.errors()).isEmpty();
    assertThat(happened)
        .containsExactly(
            "worker begins", "worker begins", "worker begins", "perform", "worker ends");
    assertThat(told.count(Kind.STARTED)).isOne();
  }

  @Test
  void contextPassesThroughToTheWorker() {
    ofTheNode.add(
        (job, next) ->
            JobContext.current()
                .flatMap(
                    current ->
                        next.run()
                            .contextWrite(Context.of("id", job.id(), "same", current == job))));

    Job job =
        run(
            worker(
                context ->
                    Mono.deferContextual(
                        seen -> Mono.just(Outcome.done(seen.get("id") + " " + seen.get("same"))))));

    assertThat(job.result()).isEqualTo("\"" + job.id() + " true\"");
  }

  @Test
  void timeoutCoversMiddleware() {
    AtomicInteger cancelled = new AtomicInteger();
    ofTheNode.add(
        (job, next) ->
            job.attempt() == 1
                ? Mono.<Outcome>never().doOnCancel(cancelled::incrementAndGet)
                : next.run());

    Job job =
        run(
            new Surrounded(context -> perform(), List.of()) {
              @Override
              public Duration timeout() {
                return Duration.ofMillis(200);
              }
            });

    assertThat(job.errors()).extracting(JobError::type).containsExactly("RunTimeout");
    assertThat(cancelled).hasValue(1);
    assertThat(happened).containsExactly("perform");
  }

  @Test
  void workerIsAskedForItsMiddlewareOnce() {
    AtomicInteger asked = new AtomicInteger();
    ReactiveWorker<?> worker =
        new Scripted("work", job -> Mono.empty()) {
          @Override
          public List<Middleware> middleware() {
            asked.incrementAndGet();
            return List.of(naming("worker"));
          }
        };
    Shigoto node = start(worker);

    ended(node, NewJob.of("work", Scripted.NOTHING));
    ended(node, NewJob.of("work", Scripted.NOTHING));

    assertThat(asked).hasValue(1);
  }

  @Test
  void nullIsNoMiddleware() {
    ShigotoBuilder builder = Shigoto.builder(db.connectionFactory());

    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.worker(new Surrounded(job -> Mono.empty(), null)).build())
        .withMessageContaining("worker 'work'")
        .withMessageContaining("null");
    assertThatIllegalArgumentException()
        .isThrownBy(
            () ->
                Shigoto.builder(db.connectionFactory())
                    .worker(worker(job -> Mono.empty(), (Middleware) null))
                    .build())
        .withMessageContaining("[null]");
  }

  private Mono<Outcome> perform() {
    return Mono.fromSupplier(
        () -> {
          happened.add("perform");
          return Outcome.done();
        });
  }

  private Middleware naming(String name) {
    return (job, next) ->
        Mono.defer(
            () -> {
              happened.add(name + " begins");
              return next.run().doOnNext(outcome -> happened.add(name + " ends"));
            });
  }

  private static Arguments failure(String how, Mono<Outcome> failure) {
    return Arguments.of(how, failure);
  }

  private static Mono<Outcome> raising(Throwable error) {
    return new Mono<>() {
      @Override
      public void subscribe(CoreSubscriber<? super Outcome> actual) {
        raise(error);
      }
    };
  }

  @SuppressWarnings("unchecked")
  private static <E extends Throwable> void raise(Throwable error) throws E {
    throw (E) error;
  }

  private static Surrounded worker(
      Function<JobContext<Map<String, Object>>, Mono<Outcome>> script, Middleware... around) {
    return new Surrounded(script, Arrays.asList(around));
  }

  private Shigoto start(ReactiveWorker<?> worker) {
    ShigotoBuilder builder =
        Shigoto.builder(db.connectionFactory()).worker(worker).queue("default", 1).listener(told);
    ofTheNode.forEach(builder::middleware);
    return nodes.start(builder);
  }

  private Job run(ReactiveWorker<?> worker) {
    return ended(start(worker), NewJob.of("work", Scripted.NOTHING));
  }

  private static Job ended(Shigoto node, NewJob job) {
    long id = node.enqueue(job).block(LIMIT).id();
    Await.until("it ended", LIMIT, () -> node.jobs().find(id).block(LIMIT).state().isTerminal());
    return node.jobs().find(id).block(LIMIT);
  }

  private static class Surrounded extends Scripted {

    private final List<Middleware> around;

    Surrounded(
        Function<JobContext<Map<String, Object>>, Mono<Outcome>> script, List<Middleware> around) {
      super("work", script);
      this.around = around;
    }

    @Override
    public List<Middleware> middleware() {
      return around;
    }
  }
}
