package io.shigoto.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class NewJobTest {

  private static final NewJob JOB = NewJob.of("mail", Map.of("to", "a secret"));
  private static final String LONGEST = "n".repeat(255);

  static Stream<Arguments> refused() {
    return Stream.concat(
        Stream.of(
            row("priority", "32768", job -> job.priority(32_768)),
            row("priority", "-32769", job -> job.priority(-32_769)),
            row("maxAttempts", "0", job -> job.maxAttempts(0)),
            row("maxAttempts", "-1", job -> job.maxAttempts(-1)),
            row("delay", "PT-0.001S", job -> job.delay(Duration.ofMillis(-1))),
            row("delay", "PT8784000H", job -> job.delay(Duration.ofDays(366_000))),
            row(
                "delay",
                "PT2562047788015215H30M7S",
                job -> job.delay(Duration.ofSeconds(Long.MAX_VALUE))),
            row("batch", "0", job -> job.batch(0)),
            row("dependsOn", "0", job -> job.dependsOn(7, 0)),
            row("dependsOn", "-1", job -> job.dependsOn(List.of(-1L))),
            row("scheduledAt", Instant.MAX.toString(), job -> job.scheduledAt(Instant.MAX)),
            row("scheduledAt", Instant.MIN.toString(), job -> job.scheduledAt(Instant.MIN))),
        Stream.of("", " ", "\t\n", "n".repeat(256), "nul\0", "lone \ud800", "\udc00 lone")
            .flatMap(NewJobTest::asEveryName));
  }

  private static Stream<Arguments> asEveryName(String name) {
    String shown = "'" + name.substring(0, Math.min(name.length(), 30));
    return Stream.of(
        row("queue", shown, job -> job.queue(name)),
        row("partitionKey", shown, job -> job.partitionKey(name)),
        row("tag", shown, job -> job.tags("good", name)),
        row("worker", shown, job -> NewJob.of(name, Map.of())));
  }

  @ParameterizedTest
  @MethodSource("refused")
  void whatMakesNoSenseIsRefusedByNameAndValue(
      String option, String value, UnaryOperator<NewJob> set) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> set.apply(JOB))
        .withMessageStartingWith(option)
        .withMessageContaining(value);
  }

  @Test
  void whatIsMissingIsRefused() {
    assertThatNullPointerException().isThrownBy(() -> NewJob.of("mail", null)).withMessage("args");
    assertThatNullPointerException().isThrownBy(() -> JOB.queue(null)).withMessage("queue");
    assertThatNullPointerException().isThrownBy(() -> JOB.scheduledAt(null));
  }

  @Test
  void theExtremesAreAccepted() {
    NewJob job =
        NewJob.of(LONGEST, Map.of())
            .queue(LONGEST)
            .partitionKey(LONGEST)
            .tags(LONGEST, "😀 仕事")
            .priority(Short.MIN_VALUE)
            .priority(Short.MAX_VALUE)
            .maxAttempts(Integer.MAX_VALUE)
            .delay(Duration.ofDays(365_000));

    assertThat(job.workerName()).isEqualTo(LONGEST);
    assertThat(job.options())
        .isEqualTo(
            new NewJob.Options(
                LONGEST,
                32_767,
                Integer.MAX_VALUE,
                null,
                Duration.ofDays(365_000),
                Set.of(LONGEST, "😀 仕事"),
                Map.of(),
                LONGEST,
                null,
                null,
                Collections.emptySortedSet(),
                IfNotCompleted.RUN));
  }

  @Test
  void aJobIsNeverChanged() {
    Map<String, String> meta = new HashMap<>(Map.of("k", "v"));
    NewJob changed = JOB.meta(meta);
    meta.put("k", "changed");

    assertThat(changed.options().meta()).containsEntry("k", "v");
    assertThat(JOB.options()).isEqualTo(NewJob.Options.NONE);
  }

  @Test
  void delayAndScheduledAtReplaceEachOther() {
    Instant time = Instant.parse("2030-01-01T00:00:00.123456789Z");

    NewJob.Options at = JOB.delay(Duration.ZERO).scheduledAt(time).options();
    NewJob.Options in = JOB.scheduledAt(time).delay(Duration.ZERO).options();

    assertThat(at.delay()).isNull();
    assertThat(at.scheduledAt()).isEqualTo(Instant.parse("2030-01-01T00:00:00.123456Z"));
    assertThat(in.scheduledAt()).isNull();
    assertThat(in.delay()).isZero();
  }

  @Test
  void itsTextLeavesOutArgsAndMeta() {
    assertThat(JOB.meta(Map.of("token", "a secret")).toString())
        .isEqualTo("NewJob[worker=mail]")
        .doesNotContain("secret");
  }

  private static Arguments row(String option, String value, UnaryOperator<NewJob> set) {
    return Arguments.of(option, value, set);
  }
}
