package io.shigoto.internal.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import ch.qos.logback.classic.Level;
import io.shigoto.event.JobEvent.Kind;
import io.shigoto.internal.job.Jobs;
import io.shigoto.internal.job.RunKey;
import io.shigoto.internal.job.Settlement;
import io.shigoto.internal.json.Json;
import io.shigoto.internal.known.Workers;
import io.shigoto.job.JobState;
import io.shigoto.support.LogCapture;
import io.shigoto.worker.JobContext;
import io.shigoto.worker.Outcome;
import io.shigoto.worker.ReactiveWorker;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import reactor.core.publisher.Mono;
import tools.jackson.databind.json.JsonMapper;

class TransitionTest {

  private static final Duration CHOSEN = Duration.ofSeconds(42);
  private static final Json JSON = new Json(JsonMapper.builder().build(), 1_000);
  private static final Outcome FAILED = Outcome.failed(new IllegalStateException("away"));

  private final Transition transition = new Transition("north", JSON);

  /** What an outcome in the given attempt of three means for the job. */
  record Row(
      Outcome outcome,
      int attempt,
      JobState to,
      @Nullable Duration dueIn,
      int refund,
      @Nullable String error,
      @Nullable String result,
      Kind kind) {}

  static Stream<Row> rows() {
    return Stream.of(
        completed(Outcome.done(), 1, null),
        completed(Outcome.done(Map.of("n", 1)), 3, "{\"n\":1}"),
        retried(Outcome.done(Double.NaN), 1, "IllegalArgumentException"),
        discarded(Outcome.done("x".repeat(1_000)), 3, "IllegalArgumentException"),
        retried(FAILED, 1, "IllegalStateException"),
        retried(FAILED, 2, "IllegalStateException"),
        discarded(FAILED, 3, "IllegalStateException"),
        discarded(FAILED, 4, "IllegalStateException"),
        retried(Outcome.failed("full"), 1, "WorkerFailure"),
        snoozed(CHOSEN, 1),
        snoozed(Duration.ZERO, 3),
        new Row(
            Outcome.cancel("why"),
            1,
            JobState.CANCELLED,
            null,
            0,
            "cancelled",
            null,
            Kind.CANCELLED),
        discarded(Outcome.discard("why"), 1, "discarded"));
  }

  @ParameterizedTest
  @MethodSource("rows")
  void anOutcomeDecidesWhatIsWritten(Row row) {
    RunKey run = Jobs.run(row.attempt, 3);

    Settlement settlement = transition.of(run, row.outcome, worker(() -> CHOSEN));

    assertThat(settlement.run()).isEqualTo(run);
    assertThat(settlement.to()).isEqualTo(row.to);
    assertThat(settlement.dueIn()).isEqualTo(row.dueIn);
    assertThat(settlement.refund()).isEqualTo(row.refund);
    assertThat(settlement.result()).isEqualTo(row.result);
    assertThat(settlement.kind()).isEqualTo(row.kind);
    if (row.error == null) {
      assertThat(settlement.error()).isNull();
    } else {
      assertThat(settlement.error().type()).isEqualTo(row.error);
      assertThat(settlement.error().attempt()).isEqualTo(row.attempt);
      assertThat(settlement.error().node()).isEqualTo("north");
    }
  }

  @Test
  void aWorkerThatIsNotKnownHereHasTheStandardBackoff() {
    assertThat(backoff(1, null)).isBetween(Duration.ofSeconds(1), Duration.ofSeconds(31));
    assertThat(backoff(4, null)).isBetween(Duration.ofSeconds(256), Duration.ofSeconds(286));
    assertThat(backoff(7, null)).isEqualTo(Duration.ofSeconds(1800));
    assertThat(backoff(Integer.MAX_VALUE - 1, null)).isEqualTo(Duration.ofSeconds(1800));
  }

  @Test
  void aBackoffThatMakesNoSenseFallsBackToTheStandardOne() {
    Supplier<@Nullable Duration> broken =
        () -> {
          throw new IllegalStateException("broken");
        };
    try (LogCapture log = LogCapture.start()) {
      for (Workers.Known worker :
          List.of(worker(() -> null), worker(() -> Duration.ofSeconds(-1)), worker(broken))) {
        assertThat(backoff(1, worker)).isBetween(Duration.ofSeconds(1), Duration.ofSeconds(31));
      }
      assertThat(log.lines(Level.WARN))
          .hasSize(3)
          .allMatch(line -> line.contains("the standard one is used worker=worker"));
    }
  }

  @Test
  void aBackoffHasACap() {
    assertThat(backoff(1, worker(() -> Duration.ofSeconds(Long.MAX_VALUE))))
        .isEqualTo(Duration.ofDays(3650));
    assertThat(backoff(1, worker(() -> Duration.ZERO))).isZero();
  }

  @Test
  void aSnoozeThatMakesNoSenseIsRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Outcome.snooze(Duration.ofMillis(-1)))
        .withMessageContaining("PT-0.001S");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Outcome.snooze(Duration.ofSeconds(Long.MAX_VALUE)))
        .withMessageContaining("at most 365000 days");
  }

  @Test
  void anOutcomeThatTheDatabaseRefusesIsAFailedAttempt() {
    IllegalStateException refused = new IllegalStateException("with a secret");

    Settlement again = Settlement.completed(Jobs.run(1, 3), "1").unwritable(refused);
    Settlement last = Settlement.completed(Jobs.run(3, 3), "1").unwritable(refused);

    assertThat(again.to()).isEqualTo(JobState.RETRYABLE);
    assertThat(again.dueIn()).isPositive();
    assertThat(last.to()).isEqualTo(JobState.DISCARDED);
    assertThat(List.of(again, last))
        .allMatch(settlement -> settlement.result() == null)
        .noneMatch(settlement -> settlement.toString().contains("secret"));
  }

  private @Nullable Duration backoff(int attempt, Workers.@Nullable Known worker) {
    return transition
        .of(Jobs.run(attempt, Integer.MAX_VALUE), Outcome.failed("full"), worker)
        .dueIn();
  }

  private static Workers.Known worker(Supplier<@Nullable Duration> backoff) {
    ReactiveWorker<String> worker = new Chosen(backoff);
    return Workers.Known.of(worker, List.of(), JSON);
  }

  private static Row completed(Outcome outcome, int attempt, @Nullable String result) {
    return new Row(outcome, attempt, JobState.COMPLETED, null, 0, null, result, Kind.COMPLETED);
  }

  private static Row retried(Outcome outcome, int attempt, String error) {
    return new Row(outcome, attempt, JobState.RETRYABLE, CHOSEN, 0, error, null, Kind.FAILED);
  }

  private static Row discarded(Outcome outcome, int attempt, String error) {
    return new Row(outcome, attempt, JobState.DISCARDED, null, 0, error, null, Kind.DISCARDED);
  }

  private static Row snoozed(Duration time, int attempt) {
    return new Row(
        Outcome.snooze(time), attempt, JobState.SCHEDULED, time, 1, null, null, Kind.SNOOZED);
  }

  private record Chosen(Supplier<@Nullable Duration> chosen) implements ReactiveWorker<String> {

    @Override
    public String name() {
      return "worker";
    }

    @Override
    public Mono<Outcome> perform(JobContext<String> job) {
      return Mono.empty();
    }

    @Override
    public @Nullable Duration backoff(int attempt, Throwable error) {
      return chosen.get();
    }
  }
}
