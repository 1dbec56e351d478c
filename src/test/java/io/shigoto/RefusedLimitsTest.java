package io.shigoto;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.r2dbc.postgresql.PostgresqlConnectionConfiguration;
import io.r2dbc.postgresql.PostgresqlConnectionFactory;
import io.shigoto.worker.JobContext;
import io.shigoto.worker.Outcome;
import io.shigoto.worker.RateLimit;
import io.shigoto.worker.ReactiveWorker;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;

/** Limits of workers that make no sense are refused when the node is built. */
class RefusedLimitsTest {

  private static final RateLimit SHORT = RateLimit.of(7, Duration.ofMillis(99));

  @Test
  void aRateThatClaimsKeepHasAPeriodThatTheyCanKeep() {
    refused(SHORT.global());
    refused(SHORT.perPartition());
    refused(SHORT.leakyBucket().global().perPartition());
    assertThatCode(() -> build(SHORT)).doesNotThrowAnyException();
    RateLimit longer = RateLimit.of(7, Duration.ofMillis(100));
    assertThatCode(() -> build(longer.global())).doesNotThrowAnyException();
    assertThatCode(() -> build(longer.perPartition())).doesNotThrowAnyException();
  }

  private static void refused(RateLimit limit) {
    assertThatThrownBy(() -> build(limit))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "worker 'odd': a rateLimit that is global or per partition has a period of 100 ms or"
                + " more, but is "
                + limit);
  }

  private static Shigoto build(RateLimit limit) {
    return Shigoto.builder(
            new PostgresqlConnectionFactory(
                PostgresqlConnectionConfiguration.builder().host("nowhere").username("x").build()))
        .worker(new Odd(limit))
        .build();
  }

  private record Odd(RateLimit rateLimit) implements ReactiveWorker<String> {

    @Override
    public String name() {
      return "odd";
    }

    @Override
    public Mono<Outcome> perform(JobContext<String> job) {
      return Mono.empty();
    }
  }
}
