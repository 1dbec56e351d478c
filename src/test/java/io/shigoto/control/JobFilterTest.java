package io.shigoto.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.shigoto.job.JobState;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class JobFilterTest {

  private static final Instant NOON = Instant.parse("2026-03-01T12:00:00Z");

  static Stream<Arguments> nonsense() {
    return Stream.of(
        refused(JobFilter::worker, "no worker is given"),
        refused(filter -> filter.worker(" "), "worker must have 1 to 255 characters"),
        refused(JobFilter::queue, "no queue is given"),
        refused(filter -> filter.queue("q", "\0"), "queue must have"),
        refused(JobFilter::partitionKey, "no partitionKey is given"),
        refused(JobFilter::state, "no state is given"),
        refused(JobFilter::tags, "no tag is given"),
        refused(JobFilter::anyTag, "no tag is given"),
        refused(filter -> filter.anyTag("x".repeat(256)), "of length 256"),
        refused(filter -> filter.batch(0), "batch must be an id from 1, but is 0"),
        refused(filter -> filter.ids(List.of()), "ids must be 1 to 10000, but are 0"),
        refused(filter -> filter.ids(List.of(4L, -1L)), "id must be an id from 1, but is -1"),
        refused(filter -> filter.insertedFrom(Instant.MAX), "time must be from year 1 to 9999"),
        refused(filter -> filter.finishedBefore(Instant.MIN), "time must be from year 1 to 9999"),
        refused(
            filter -> filter.insertedFrom(NOON).insertedBefore(NOON),
            "no time is from 2026-03-01T12:00:00Z and before 2026-03-01T12:00:00Z"),
        refused(filter -> filter.finishedBefore(NOON).finishedFrom(NOON), "no time is from"),
        refused(
            filter -> filter.state(JobState.AVAILABLE).finishedFrom(NOON),
            "no job in state [AVAILABLE] has finished"),
        refused(
            filter -> filter.finishedFrom(NOON).state(JobState.RETRYABLE),
            "no job in state [RETRYABLE] has finished"));
  }

  @ParameterizedTest
  @MethodSource("nonsense")
  void nonsenseIsRefusedByName(Consumer<JobFilter> call, String message) {
    assertThatThrownBy(() -> call.accept(JobFilter.where()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, -1, 1001})
  void aPageHasASize(int size) {
    assertThatThrownBy(() -> Page.first(size)).hasMessageContaining("size must be from 1 to 1000");
  }

  @Test
  void aFilterThatSaysNothingIsNotEveryJob() {
    assertThatThrownBy(() -> JobFilter.where().conditions())
        .isInstanceOf(IllegalArgumentException.class);
    assertThatCode(() -> JobFilter.all().conditions()).doesNotThrowAnyException();
    assertThatCode(() -> JobFilter.where().queue("q").conditions()).doesNotThrowAnyException();
  }

  @Test
  void aStateThatIsNamedTwiceIsOne() {
    assertThat(JobFilter.where().state(JobState.AVAILABLE, JobState.AVAILABLE).conditions())
        .isEqualTo(JobFilter.where().state(JobState.AVAILABLE).conditions());
  }

  @Test
  void eachMethodGivesACopy() {
    JobFilter mail = JobFilter.where().queue("mail");

    JobFilter failed = mail.state(JobState.DISCARDED);

    assertThat(mail.conditions().states()).isEmpty();
    assertThat(failed.conditions().queues()).containsExactly("mail");
    assertThat(failed.queue("bulk").conditions().queues()).containsExactly("bulk");
  }

  @Test
  void itsTextLeavesOutTheArgs() {
    assertThat(JobFilter.where().queue("mail").args(Map.of("password", "secret")))
        .asString()
        .contains("mail")
        .doesNotContain("secret");
  }

  private static Arguments refused(Consumer<JobFilter> call, String message) {
    return Arguments.of(call, message);
  }
}
