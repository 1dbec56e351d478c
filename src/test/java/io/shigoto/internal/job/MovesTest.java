package io.shigoto.internal.job;

import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.job.JobState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class MovesTest {

  private static final RunKey RUN = Jobs.run(1, 3);
  private static final Failure ERROR = new Failure(1, "n", "Type", "message", "");

  private static final List<Settlement> ARROWS =
      List.of(
          Settlement.completed(RUN, "1"),
          Settlement.retryable(RUN, ERROR, Duration.ZERO),
          Settlement.discarded(RUN, ERROR),
          Settlement.cancelled(RUN, ERROR),
          Settlement.snoozed(RUN, Duration.ZERO),
          Settlement.released(RUN));

  @Test
  void thereIsOneFactoryForEachArrowThatLeavesExecuting() {
    assertThat(ARROWS.stream().map(Settlement::to).toList())
        .containsExactlyInAnyOrderElementsOf(JobState.EXECUTING.next());
  }

  @Test
  void everyFactoryOfSettlementIsAnArrow() {
    long factories =
        Arrays.stream(Settlement.class.getDeclaredMethods())
            .filter(method -> java.lang.reflect.Modifier.isStatic(method.getModifiers()))
            .filter(method -> method.getReturnType() == Settlement.class)
            .count();

    assertThat(ARROWS).hasSize((int) factories);
  }

  @Test
  void onlyWhatWillRunAgainIsDueAgain() {
    assertThat(ARROWS)
        .filteredOn(arrow -> arrow.to().isTerminal())
        .allMatch(arrow -> arrow.dueIn() == null);
  }

  @Test
  void aRescueIsTheSameSettlementToldAsARescue() {
    Settlement failed = Settlement.retryable(RUN, ERROR, Duration.ofSeconds(1));
    Settlement rescue = failed.asRescue();

    assertThat(rescue).usingRecursiveComparison().ignoringFields("kind").isEqualTo(failed);
    assertThat(rescue.kind()).isEqualTo(io.shigoto.event.JobEvent.Kind.RESCUED);
  }

  @Test
  void everyStateIsReachedAndEveryLifeCanEnd() {
    Set<JobState> entered = EnumSet.of(JobState.WAITING, JobState.SCHEDULED, JobState.AVAILABLE);
    Set<JobState> reached = closure(entered);

    assertThat(reached).containsExactlyInAnyOrder(JobState.values());
    assertThat(JobState.values())
        .filteredOn(state -> !state.isTerminal())
        .allMatch(state -> closure(state.next()).contains(JobState.COMPLETED))
        .allMatch(state -> closure(state.next()).contains(JobState.CANCELLED));
  }

  @Test
  void thePictureShowsEveryMoveAndNoOther() throws IOException {
    Set<String> moves =
        Arrays.stream(JobState.values())
            .flatMap(from -> from.next().stream().map(to -> from.sqlName() + "-" + to.sqlName()))
            .collect(Collectors.toSet());

    List<String> shown =
        Pattern.compile("data-moves=\"([^\"]+)\"")
            .matcher(Files.readString(Path.of("docs/life-of-a-job.svg")))
            .results()
            .flatMap(path -> Arrays.stream(path.group(1).split(" ")))
            .toList();

    assertThat(shown).containsExactlyInAnyOrderElementsOf(moves);
  }

  @Test
  void whatIsCompletedStaysSo() {
    assertThat(JobState.COMPLETED.next()).isEmpty();
    assertThat(JobState.DISCARDED.next()).containsExactly(JobState.AVAILABLE);
    assertThat(JobState.CANCELLED.next()).containsExactly(JobState.AVAILABLE);
  }

  @Test
  void onlyAClaimMakesAJobExecute() {
    assertThat(JobState.values())
        .filteredOn(state -> state.next().contains(JobState.EXECUTING))
        .containsExactly(JobState.AVAILABLE);
  }

  private static Set<JobState> closure(Set<JobState> from) {
    Set<JobState> reached = EnumSet.copyOf(from);
    while (true) {
      Set<JobState> more =
          reached.stream()
              .flatMap(state -> state.next().stream())
              .collect(Collectors.toCollection(() -> EnumSet.noneOf(JobState.class)));
      if (!reached.addAll(more)) {
        return reached;
      }
    }
  }
}
