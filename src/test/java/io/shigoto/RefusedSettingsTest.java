package io.shigoto;

import static io.shigoto.job.JobState.CANCELLED;
import static io.shigoto.job.JobState.COMPLETED;
import static io.shigoto.job.JobState.DISCARDED;
import static io.shigoto.job.JobState.EXECUTING;
import static io.shigoto.job.JobState.RETRYABLE;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.r2dbc.spi.ConnectionFactories;
import java.time.Duration;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What makes no sense is refused before anything is connected, by its name and value. */
class RefusedSettingsTest {

  private static final String LONG = "x".repeat(256);
  private static final Duration A_DAY = Duration.ofDays(1);
  private static final Duration ENDLESS = Duration.ofSeconds(Long.MAX_VALUE);

  static Stream<Arguments> settings() {
    return Stream.of(
        setting("queue must have 1 to 255", "''", it -> it.queue("", 1)),
        setting("queue must have 1 to 255", "'  '", it -> it.queue("  ", 1)),
        setting("queue must have 1 to 255", "of length 256", it -> it.queue(LONG, 1)),
        setting("queue must have 1 to 255", "NUL", it -> it.queue("a\0", 1)),
        setting("queue is given twice", "'a'", it -> it.queue("a", 1).queue("a", 2)),
        setting("concurrency of queue 'a'", "but is 0", it -> it.queue("a", 0)),
        setting("concurrency of queue 'a'", "but is -3", it -> it.queue("a", -3)),
        setting("name must have 1 to 255", "''", it -> it.name("")),
        setting("name must have 1 to 255", "of length 256", it -> it.name(LONG)),
        setting("schema", "'No'", it -> it.schema("No")),
        setting("schema", "at most 50", it -> it.schema("s".repeat(51))),
        setting("lease must be", "PT0S", it -> it.lease(Duration.ZERO)),
        setting("lease must be", "PT-1S", it -> it.lease(Duration.ofSeconds(-1))),
        setting("lease must be", "PT1H0.001S", it -> it.lease(Duration.ofMillis(3_600_001))),
        setting("pollInterval must be", "PT0.009S", it -> it.pollInterval(Duration.ofMillis(9))),
        setting("pollInterval must be", "" + ENDLESS, it -> it.pollInterval(ENDLESS)),
        setting("retention must be", "PT23H", it -> it.retention(Duration.ofHours(23))),
        setting("retention must be", "PT47H", it -> it.retention(Duration.ofHours(47))),
        setting("retention must be", "" + ENDLESS, it -> it.retention(ENDLESS)),
        setting("retention must be", "PT0S", it -> it.retention(Duration.ZERO)),
        setting("retention must be", "PT-24H", it -> it.retention(Duration.ofDays(-1))),
        setting("retention is said of", "RETRYABLE", it -> it.retention(RETRYABLE, A_DAY)),
        setting("retention is said of", "EXECUTING", it -> it.retention(EXECUTING, A_DAY)),
        setting(
            "retention of DISCARDED must be", "PT0S", it -> it.retention(DISCARDED, Duration.ZERO)),
        setting(
            "retention of CANCELLED must be",
            "PT-24H",
            it -> it.retention(CANCELLED, A_DAY.negated())),
        setting(
            "retention of COMPLETED must be",
            "PT25H",
            it -> it.retention(COMPLETED, A_DAY.plusHours(1))),
        setting(
            "retention of COMPLETED must be", "" + ENDLESS, it -> it.retention(COMPLETED, ENDLESS)),
        setting("broadcastWindow must", "PT-1S", it -> it.broadcastWindow(Duration.ofSeconds(-1))),
        setting("broadcastRetention must", "PT0S", it -> it.broadcastRetention(Duration.ZERO)),
        setting(
            "broadcastWindow must not be longer",
            "PT48H",
            it -> it.broadcastWindow(Duration.ofDays(2))),
        setting("maxPayload must be", "but is 1", it -> it.maxPayload(1)),
        setting("connections must be", "but is 0", it -> it.connections(0)),
        setting("statementTimeout must be", "PT0S", it -> it.statementTimeout(Duration.ZERO)),
        setting("statementTimeout must be", "" + ENDLESS, it -> it.statementTimeout(ENDLESS)),
        setting("Context entry is given twice", "'a'", it -> it.propagate("a", "a")),
        setting("the trace context travels", "'traceparent'", it -> it.propagate("traceparent")));
  }

  @ParameterizedTest(name = "{0} {1}")
  @MethodSource("settings")
  void settingIsRefusedByNameAndValue(
      String rule, String value, UnaryOperator<ShigotoBuilder> setting) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> setting.apply(builder()).build())
        .withMessageStartingWith(rule)
        .withMessageContaining(value);
  }

  @Test
  void theEdgesAreTaken() {
    String longest = "仕".repeat(255);
    assertThatCode(
            () ->
                builder()
                    .name(longest)
                    .schema("s".repeat(50))
                    .queue(longest, Integer.MAX_VALUE)
                    .lease(Duration.ofHours(1))
                    .pollInterval(Duration.ofMillis(10))
                    .retention(Duration.ofDays(36_500))
                    .broadcastWindow(Duration.ZERO)
                    .maxPayload(Integer.MAX_VALUE)
                    .statementTimeout(Duration.ofHours(1))
                    .build()
                    .stop(Duration.ZERO)
                    .block())
        .doesNotThrowAnyException();
  }

  static ShigotoBuilder builder() {
    return Shigoto.builder(ConnectionFactories.get("r2dbc:postgresql://nobody@localhost:1/none"));
  }

  private static Arguments setting(
      String rule, String value, UnaryOperator<ShigotoBuilder> setting) {
    return Arguments.of(rule, value, setting);
  }
}
