package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.event.JobEvent;
import io.shigoto.job.Job;
import io.shigoto.job.JobState;
import io.shigoto.job.NewJob;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.worker.JobError;
import io.shigoto.worker.Outcome;
import io.shigoto.worker.ReactiveWorker;
import io.shigoto.worker.Worker;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import reactor.core.publisher.Mono;

/** Workers that break fail their own run and nothing else. */
class BrokenWorkerIT {

  record Address(String street, int number) {}

  record Order(String item, List<Address> to) {}

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Told told = new Told();

  static Stream<Arguments> waysToBreak() {
    return Stream.of(
        throwing(new IllegalStateException("broken")),
        throwing(new NoClassDefFoundError("io/shigoto/Missing")),
        throwing(new ExceptionInInitializerError("broken")),
        throwing(new StackOverflowError()),
        throwing(new OutOfMemoryError("broken")),
        throwing(new AssertionError("broken")),
        Arguments.of("recursion without end", (Supplier<Mono<Outcome>>) BrokenWorkerIT::recurse),
        Arguments.of("null instead of a Mono", (Supplier<Mono<Outcome>>) () -> null),
        Arguments.of(
            "LinkageError in its pipeline",
            (Supplier<Mono<Outcome>>)
                () ->
                    Mono.just(1)
                        .map(
                            i -> {
                              throw new NoClassDefFoundError("io/shigoto/Missing");
                            })));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("waysToBreak")
  void whateverAWorkerThrowsFailsItsRun(String how, Supplier<Mono<Outcome>> work) {
    Shigoto node =
        start(
            new Scripted("broken", job -> work.get()), new Scripted("whole", job -> Mono.empty()));

    Job job = failed(node, NewJob.of("broken", Scripted.NOTHING));

    assertThat(job.errors()).hasSize(1);
    assertThat(job.errors().get(0).type()).isNotBlank();
    assertStillWorks(node);
  }

  @Test
  void runThatTakesTooLongIsCancelledAndFails() {
    AtomicInteger cancelled = new AtomicInteger();
    Shigoto node =
        start(
            new Scripted(
                "slow", job -> Mono.<Outcome>never().doOnCancel(cancelled::incrementAndGet)) {
              @Override
              public Duration timeout() {
                return Duration.ofMillis(200);
              }
            },
            new Scripted("whole", job -> Mono.empty()));

    Job job = failed(node, NewJob.of("slow", Scripted.NOTHING));

    assertThat(cancelled).hasValue(1);
    assertThat(job.errors()).extracting(JobError::type).containsExactly("RunTimeout");
    assertThat(job.errors().get(0).message()).contains("PT0.2S");
    assertStillWorks(node);
  }

  static Stream<Arguments> badBackoffs() {
    return Stream.of(
        backoff("IllegalStateException", () -> raise(new IllegalStateException("broken"))),
        backoff("NoClassDefFoundError", () -> raise(new NoClassDefFoundError("Missing"))),
        backoff("StackOverflowError", () -> raise(new StackOverflowError())),
        backoff("AssertionError", () -> raise(new AssertionError("broken"))),
        backoff("null", () -> null),
        backoff("negative", () -> Duration.ofSeconds(-1)));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("badBackoffs")
  void badBackoffFallsBackToTheStandardOne(String how, Supplier<Duration> backoff) {
    Shigoto node =
        start(
            new Scripted("broken", job -> Mono.error(new IllegalStateException("broken"))) {
              @Override
              public Duration backoff(int attempt, Throwable error) {
                return backoff.get();
              }
            },
            new Scripted("whole", job -> Mono.empty()));

    long id = node.enqueue(NewJob.of("broken", Scripted.NOTHING)).block(LIMIT).id();
    told.await(JobEvent.Kind.FAILED);

    Job job = node.jobs().find(id).block(LIMIT);
    assertThat(job.state()).isEqualTo(JobState.RETRYABLE);
    assertThat(Duration.between(job.errors().get(0).at(), job.scheduledAt()))
        .isBetween(Duration.ofSeconds(1), Duration.ofSeconds(31));
    assertStillWorks(node);
  }

  /** Each run has its own error, and none of them says what stood there. */
  @Test
  void argsThatDoNotFitFailThatRunWithThePath() {
    ReactiveWorker<Order> ship = Worker.of("ship", Order.class, job -> Mono.empty());
    Shigoto node = start(ship, new Scripted("whole", job -> Mono.empty()));

    Job wrongType =
        failed(
            node,
            NewJob.of(
                "ship",
                Map.of("item", "i", "to", List.of(Map.of("street", "s", "number", "secret")))));
    Job missing =
        failed(node, NewJob.of("ship", Map.of("item", "i", "to", List.of(Map.of("street", "s")))));
    Job noObject = failed(node, NewJob.of("ship", List.of(1, 2)));

    assertThat(message(wrongType)).contains("$.to[0].number").doesNotContain("secret");
    assertThat(message(missing)).contains("$.to[0]");
    assertThat(message(noObject)).contains("$");
    assertThat(Stream.of(wrongType, missing, noObject).map(job -> job.errors().get(0).type()))
        .containsOnly("ArgsDoNotFit");
    assertStillWorks(node);
  }

  @Test
  void resultThatCannotBeWrittenFailsTheRun() {
    Shigoto node =
        start(
            new Scripted("broken", job -> Mono.just(Outcome.done(new Unwritable()))),
            new Scripted("whole", job -> Mono.empty()));

    Job job = failed(node, NewJob.of("broken", Scripted.NOTHING));

    assertThat(job.result()).isNull();
    assertThat(job.errors()).extracting(JobError::type).containsExactly("NoClassDefFoundError");
    assertStillWorks(node);
  }

  static Stream<Arguments> errors() {
    return Stream.of(
            new IllegalStateException("broken"),
            new AssertionError("broken"),
            new NoClassDefFoundError("Missing"),
            new StackOverflowError())
        .map(error -> Arguments.of(error.getClass().getSimpleName(), error));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("errors")
  void listenerThatThrowsHarmsNobody(String how, Throwable error) {
    Shigoto node =
        nodes.start(
            builder(new Scripted("whole", job -> Mono.empty()))
                .listener(event -> raise(error))
                .listener(told));

    assertStillWorks(node);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("errors")
  void errorThatBreaksWhenItIsReadFailsItsRun(String how, Throwable error) {
    Shigoto node =
        start(
            new Scripted("broken", job -> Mono.error(new Unreadable(error))),
            new Scripted("thrown", job -> raise(new Unreadable(error))),
            new Scripted("whole", job -> Mono.empty()));

    Job broken = failed(node, NewJob.of("broken", Scripted.NOTHING));
    Job thrown = failed(node, NewJob.of("thrown", Scripted.NOTHING));

    assertThat(broken.errors()).extracting(JobError::type).containsExactly("Unreadable");
    assertThat(thrown.errors()).hasSize(1);
    assertStillWorks(node);
  }

  private static final class Unreadable extends Error {

    private static final long serialVersionUID = 1L;
    private final Throwable broken;

    Unreadable(Throwable broken) {
      this.broken = broken;
    }

    @Override
    public String getMessage() {
      return raise(broken);
    }

    @Override
    public StackTraceElement[] getStackTrace() {
      return raise(broken);
    }
  }

  private static final class Unwritable {
    @SuppressWarnings("unused") // read by Jackson
    public String getValue() {
      throw new NoClassDefFoundError("Missing");
    }
  }

  private static Arguments throwing(Throwable error) {
    Supplier<Mono<Outcome>> work = () -> raise(error);
    return Arguments.of(error.getClass().getSimpleName(), work);
  }

  private static Arguments backoff(String how, Supplier<Duration> backoff) {
    return Arguments.of(how, backoff);
  }

  @SuppressWarnings("unchecked")
  private static <T, E extends Throwable> T raise(Throwable error) throws E {
    throw (E) error;
  }

  private static Mono<Outcome> recurse() {
    return recurse().map(outcome -> outcome);
  }

  private Shigoto start(ReactiveWorker<?>... workers) {
    return nodes.start(builder(workers));
  }

  private ShigotoBuilder builder(ReactiveWorker<?>... workers) {
    ShigotoBuilder builder = Shigoto.builder(db.connectionFactory()).queue("default", 1);
    for (ReactiveWorker<?> worker : workers) {
      builder.worker(worker);
    }
    return builder.listener(told);
  }

  private Job failed(Shigoto node, NewJob job) {
    long id = node.enqueue(job.maxAttempts(1)).block(LIMIT).id();
    Await.until("it ended", LIMIT, () -> node.jobs().find(id).block(LIMIT).state().isTerminal());
    Job ended = node.jobs().find(id).block(LIMIT);
    assertThat(ended.state()).isEqualTo(JobState.DISCARDED);
    return ended;
  }

  private static String message(Job job) {
    return job.errors().get(0).message();
  }

  /** The queue has one slot: a run that hangs would keep it. */
  private void assertStillWorks(Shigoto node) {
    long id = node.enqueue(NewJob.of("whole", Scripted.NOTHING)).block(LIMIT).id();
    Await.until(LIMIT, () -> node.jobs().find(id).block(LIMIT).state() == JobState.COMPLETED);
    assertThat(told.count(JobEvent.Kind.NODE_LEFT)).isZero();
  }
}
