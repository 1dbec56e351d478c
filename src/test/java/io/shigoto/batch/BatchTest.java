package io.shigoto.batch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.shigoto.batch.Batch.State;
import io.shigoto.job.IfNotCompleted;
import io.shigoto.job.NewJob;
import io.shigoto.worker.Unique;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class BatchTest {

  private static final NewBatch BATCH = NewBatch.of("report", Map.of("secret", "token"));

  @ParameterizedTest
  @CsvSource({
    "OPEN, 0, 0, 0",
    "SEALED, 0, 0, 100",
    "OPEN, 10, 3, 30",
    "SEALED, 3, 2, 66",
    "SEALED, 100000, 99999, 99",
    "FINISHED, 3, 3, 100"
  })
  void progressSaysAHundredOnlyWhenAllHaveEnded(State state, long total, long ended, int percent) {
    Batch batch =
        new Batch(
            1, state, total, ended - ended / 2, ended / 2, 0, Instant.EPOCH, null, null, null);

    assertThat(batch.ended()).isEqualTo(ended);
    assertThat(batch.progress()).isEqualTo(percent);
  }

  static Stream<Arguments> whatACallbackCannotHave() {
    return Stream.of(
        row("another worker", job -> NewJob.of("other", job.args())),
        row("other args", job -> NewJob.of("report", Map.of())),
        row("delay", job -> job.delay(Duration.ofSeconds(1))),
        row("scheduledAt", job -> job.scheduledAt(Instant.EPOCH)),
        row("unique", job -> job.unique(Unique.by(Unique.Field.ARGS))),
        row("batch", job -> job.batch(7)),
        row("dependsOn", job -> job.dependsOn(7)),
        row("ifNotCompleted", job -> job.ifNotCompleted(IfNotCompleted.CANCEL)));
  }

  @ParameterizedTest
  @MethodSource("whatACallbackCannotHave")
  void anOptionThatACallbackCannotHaveIsRefusedByName(String option, UnaryOperator<NewJob> set) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> BATCH.callback(set))
        .withMessageStartingWith("the callback of a batch cannot have " + option + ", but has ");
  }

  @Test
  void allOtherOptionsAreItsJobs() {
    NewBatch batch = BATCH.callback(job -> job.queue("reports").priority(3).tags("a"));

    assertThat(batch.callback().options().queue()).isEqualTo("reports");
    assertThat(batch.callback().options().priority()).isEqualTo(3);
    assertThat(BATCH.callback().options().queue()).isNull();
  }

  @Test
  void itsTextLeavesOutArgs() {
    assertThat(BATCH.toString()).isEqualTo("NewBatch[callback=NewJob[worker=report]]");
  }

  private static Arguments row(String option, UnaryOperator<NewJob> set) {
    return Arguments.of(option, set);
  }
}
