package io.shigoto.internal.permit;

import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.event.JobEvent;
import io.shigoto.worker.CircuitBreaker;
import io.shigoto.worker.Outcome;
import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** A worker that fails, in virtual time. */
class CircuitTest {

  private static final Duration SECOND = Duration.ofSeconds(1);

  @Test
  void anOpenCircuitLetsNothingThroughThenProbesAndNoMore() {
    CircuitBreaker breaker = CircuitBreaker.standard().open(SECOND).probes(3);
    SimulatedNode node =
        new SimulatedNode(
            new Random(1), Limited.free("sick").breaker(breaker), Limited.free("free"));
    SimulatedQueue queue = node.queue(10, 1_000);
    node.outcomes = worker -> worker.equals("sick") ? Outcome.failed("sick") : Outcome.done();
    queue.enqueue("sick", 1_000_000);
    queue.enqueue("free", 100);
    node.pass(Duration.ofMillis(500));
    int before = node.starts("sick").size();
    assertThat(before).isBetween(20, 40);

    node.pass(SECOND.multipliedBy(10));

    int probed = node.starts("sick").size() - before;
    assertThat(probed).isBetween(2 * 9, 3 * 10);
    assertThat(node.starts("free")).hasSize(100);
    assertThat(node.kinds(JobEvent.Kind.CIRCUIT_OPENED)).isBetween(9L, 11L);
    assertThat(node.kinds(JobEvent.Kind.CIRCUIT_CLOSED)).isZero();
    node.outcomes = worker -> Outcome.done();
    node.pass(SECOND.multipliedBy(3));
    assertThat(node.kinds(JobEvent.Kind.CIRCUIT_CLOSED)).isOne();
    assertThat(node.starts("sick").size() - probed).isGreaterThan(1000);
  }

  /** A probe that snoozes tells nothing; another takes its place. */
  @Test
  void probesWithoutAResultAreMadeUpFor() {
    CircuitBreaker breaker = CircuitBreaker.standard().open(SECOND).window(5);
    SimulatedNode node = new SimulatedNode(new Random(1), Limited.free("sick").breaker(breaker));
    SimulatedQueue queue = node.queue(10, 1_000);
    node.outcomes = worker -> Outcome.failed("sick");
    queue.enqueue("sick", 1_000_000);
    node.pass(Duration.ofMillis(500));
    node.outcomes = worker -> Outcome.snooze(SECOND);
    node.pass(SECOND.multipliedBy(2));
    assertThat(node.kinds(JobEvent.Kind.CIRCUIT_CLOSED)).isZero();
    assertThat(node.starts("sick")).hasSizeGreaterThan(100);

    node.outcomes = worker -> Outcome.done();
    node.pass(SECOND);

    assertThat(node.kinds(JobEvent.Kind.CIRCUIT_CLOSED)).isOne();
  }
}
