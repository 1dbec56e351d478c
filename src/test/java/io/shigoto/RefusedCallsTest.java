package io.shigoto;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.r2dbc.spi.Connection;
import io.r2dbc.spi.ConnectionFactory;
import io.r2dbc.spi.ConnectionFactoryMetadata;
import io.r2dbc.spi.Wrapped;
import io.shigoto.broadcast.Message;
import io.shigoto.control.Page;
import io.shigoto.job.NewJob;
import io.shigoto.worker.JobContext;
import io.shigoto.worker.Outcome;
import io.shigoto.worker.ReactiveWorker;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Mono;

/** What is refused at its call, or when the node is built, before anything is connected. */
class RefusedCallsTest {

  private static final Duration BEFORE = Duration.ofMillis(-1);

  static Stream<Arguments> calls() {
    return Stream.of(
        call("snooze must not be negative, but is PT-0.001S", () -> Outcome.snooze(BEFORE)),
        call("at most 365000 days, but is", () -> Outcome.snooze(Duration.ofDays(365_001))),
        call("grace must not be negative, but is PT-0.001S", () -> node().stop(BEFORE)),
        call("size must be from 1 to", () -> Page.first(0)),
        call("below must be an id from 1, but is 0", () -> new Page(1, 0)),
        call("must be for PostgreSQL, but is for H2", () -> Shigoto.builder(new Other()).build()),
        call(
            "must be for PostgreSQL, but is for H2",
            () -> Shigoto.builder(new Around(new Around(new Other()))).build()),
        call(Untyped.class.getName() + " does not say what its arguments are", () -> with(raw())),
        call("does not say what its arguments are", () -> with(new Generic<String>())));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("calls")
  void isRefusedByNameAndValue(String rule, ThrowingCallable call) {
    assertThatIllegalArgumentException().isThrownBy(call).withMessageContaining(rule);
  }

  @Test
  void whatBelongsToARunIsNotElsewhere() {
    assertThatIllegalStateException()
        .isThrownBy(() -> JobContext.current().block())
        .withMessage("not inside the run of a job");
    assertThatIllegalStateException()
        .isThrownBy(() -> Message.current().block())
        .withMessage("not inside the receiver of a message");
  }

  @Test
  void aNodeThatWasStoppedIsOver() {
    Shigoto node = node();
    node.stop(Duration.ZERO).block();

    for (Mono<?> call : List.of(node.start(), node.enqueue(NewJob.of("work", 1)))) {
      assertThatIllegalStateException()
          .isThrownBy(call::block)
          .withMessage("the node was stopped; build another");
    }
    assertThat(node.stop(Duration.ZERO).blockOptional()).isEmpty();
  }

  private static Shigoto node() {
    return RefusedSettingsTest.builder().build();
  }

  private static Shigoto with(ReactiveWorker<?> worker) {
    return RefusedSettingsTest.builder().worker(worker).build();
  }

  @SuppressWarnings("rawtypes") // as somebody might forget it
  private static ReactiveWorker<?> raw() {
    return new Untyped();
  }

  private static Arguments call(String rule, ThrowingCallable call) {
    return Arguments.of(rule, call);
  }

  @SuppressWarnings("rawtypes")
  private static final class Untyped implements ReactiveWorker {

    @Override
    public Mono<Outcome> perform(JobContext job) {
      return Mono.empty();
    }
  }

  private static final class Generic<A> implements ReactiveWorker<A> {

    @Override
    public Mono<Outcome> perform(JobContext<A> job) {
      return Mono.empty();
    }
  }

  /** Of another database. */
  private static class Other implements ConnectionFactory {

    @Override
    public Publisher<? extends Connection> create() {
      return Mono.error(new AssertionError("is not asked"));
    }

    @Override
    public ConnectionFactoryMetadata getMetadata() {
      return () -> "H2";
    }
  }

  /** A pool, or whatever stands before it, and calls itself as it likes. */
  private record Around(ConnectionFactory inner)
      implements ConnectionFactory, Wrapped<ConnectionFactory> {

    @Override
    public Publisher<? extends Connection> create() {
      return inner.create();
    }

    @Override
    public ConnectionFactoryMetadata getMetadata() {
      return () -> "PostgreSQL";
    }

    @Override
    public ConnectionFactory unwrap() {
      return inner;
    }
  }
}
