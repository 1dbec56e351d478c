package io.shigoto.internal.permit;

import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.internal.job.Brought;
import io.shigoto.internal.job.Events;
import io.shigoto.internal.job.Jobs;
import io.shigoto.internal.json.Json;
import io.shigoto.internal.known.Workers;
import io.shigoto.internal.limit.Permit;
import io.shigoto.worker.CircuitBreaker;
import io.shigoto.worker.Outcome;
import io.shigoto.worker.RateLimit;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Mono;
import reactor.test.scheduler.VirtualTimeScheduler;
import tools.jackson.databind.json.JsonMapper;

/** A permit whose run is cut at a bad moment. */
class HeldTest {

  private static final Duration SECOND = Duration.ofSeconds(1);

  private final VirtualTimeScheduler time = VirtualTimeScheduler.create();

  /** Between its turn and its start it waits for a thread. */
  @Test
  void aRunThatIsCutAfterItsTurnCameDoesNotStartAndAnotherDoes() {
    Allowances allowances =
        allowances(Limited.free("limited").rate(RateLimit.of(1, SECOND).gcra()));
    Permit cut = permit(allowances);
    AtomicInteger turns = new AtomicInteger();
    cut.inTurn(Mono.fromRunnable(turns::incrementAndGet)).subscribe();
    assertThat(turns).hasValue(1);

    cut.close();

    assertThat(cut.start()).isFalse();
    Permit next = permit(allowances);
    next.inTurn(Mono.fromRunnable(turns::incrementAndGet)).subscribe();
    assertThat(turns).hasValue(2);
    assertThat(next.start()).isTrue();
  }

  /** Another one may have its place already. */
  @Test
  void aRunThatIsCutBeforeItsStartDoesNotStart() {
    Allowances allowances = allowances(Limited.free("limited").concurrency(1));
    Permit cut = permit(allowances);

    cut.close();

    assertThat(cut.start()).isFalse();
    assertThat(permit(allowances).start()).isTrue();
  }

  /** Of a window of a second a fifth. */
  @Test
  void aRunThatComesLaterThanItsPermitLastsDoesNotStart() {
    Allowances allowances =
        allowances(Limited.free("limited").rate(RateLimit.of(5, SECOND).global()));
    Permit inTime = permit(allowances);
    Permit late = permit(allowances);

    time.advanceTimeBy(Duration.ofMillis(199));
    assertThat(inTime.start()).isTrue();
    time.advanceTimeBy(Duration.ofMillis(2));
    assertThat(late.start()).isFalse();
  }

  /**
   * Whoever cuts a run does not wait for it: its worker may say how it ended all the same. Two of
   * three probes close a circuit.
   */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aProbeCountsOnce(boolean cutFirst) {
    Allowances allowances =
        allowances(
            Limited.free("limited")
                .breaker(CircuitBreaker.standard().window(1).open(SECOND).probes(3)));
    permit(allowances).ended(Outcome.failed("sick"));
    time.advanceTimeBy(SECOND);
    Permit probe = permit(allowances);
    assertThat(probe.start()).isTrue();

    if (cutFirst) {
      probe.close();
      probe.ended(Outcome.done());
    } else {
      probe.ended(Outcome.done());
      probe.close();
    }

    permit(allowances).ended(Outcome.done());
    assertThat(mayBeClaimed(allowances)).isEqualTo(cutFirst ? 3 - 1 : 10);
  }

  @Test
  void whatWasClaimedBeforeTheCircuitOpenedDoesNotStartUntilItIsClosed() {
    Allowances allowances =
        allowances(
            Limited.free("limited")
                .breaker(CircuitBreaker.standard().window(1).open(SECOND).probes(1)));
    Permit ahead = permit(allowances);
    Permit failing = permit(allowances);
    assertThat(ahead.start()).isTrue();

    failing.ended(Outcome.failed("sick"));

    assertThat(ahead.start()).isFalse();
    time.advanceTimeBy(SECOND);
    Permit probe = permit(allowances);
    assertThat(ahead.start()).isFalse();
    assertThat(probe.start()).isTrue();
    probe.ended(Outcome.done());
    assertThat(ahead.start()).isTrue();
  }

  /** Of ten. */
  private static int mayBeClaimed(Allowances allowances) {
    Lane lane = allowances.lane(() -> {});
    lane.news();
    return lane.portion(10, 10).allowances()[0];
  }

  private Allowances allowances(Limited worker) {
    return new Allowances(
        new Workers(List.of(worker), List.of(), new Json(JsonMapper.builder().build(), 1024)),
        new Events("node", List.of()),
        Duration.ofHours(1),
        time,
        () -> time.now(TimeUnit.NANOSECONDS));
  }

  private static Permit permit(Allowances allowances) {
    Lane lane = allowances.lane(() -> {});
    lane.news();
    Brought one = Brought.plain(List.of(Jobs.claimed(1, "limited")), false);
    return lane.portion(1, 1).took(one, 1_000).get(0);
  }
}
