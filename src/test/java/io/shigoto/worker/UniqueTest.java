package io.shigoto.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.shigoto.worker.Unique.End;
import io.shigoto.worker.Unique.Field;
import io.shigoto.worker.Unique.Replace;
import io.shigoto.worker.Unique.State;
import java.time.Duration;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class UniqueTest {

  private static final Unique SAME = Unique.by(Field.WORKER, Field.ARGS);

  private static final Duration HOUR = Duration.ofHours(1);

  static Stream<Arguments> whatNeedsFields() {
    return Stream.of(
        row("argsKeys", "[customer]", unique -> unique.argsKeys("customer")),
        row("within", "PT1H", unique -> unique.within(HOUR)),
        row("debounce", "PT1H", unique -> unique.debounce(HOUR)),
        row("replace", "[ARGS]", unique -> unique.replace(Replace.ARGS)),
        row("states", "[", Unique::untilStarted),
        row("states", "[", unique -> unique.alsoAfter(End.COMPLETED)),
        row("states", "[", unique -> unique.states(State.AVAILABLE)));
  }

  private static Arguments row(String option, String value, UnaryOperator<Unique> set) {
    return Arguments.of(option, value, set);
  }

  @ParameterizedTest
  @MethodSource("whatNeedsFields")
  void whatIsNotUniqueTakesNoOptions(String option, String value, UnaryOperator<Unique> set) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> set.apply(Unique.none()))
        .withMessageStartingWith(
            option
                + " needs fields by which jobs are the same, but there are none; it is "
                + value);
    assertThat(set.apply(Unique.by(Field.WORKER)).isNone()).isFalse();
  }

  /** Whatever is said first. */
  @Test
  void aJobThatIsDebouncedHoldsItsKeyWhileItWaits() {
    Unique said = Unique.by(Field.WORKER).states(State.AVAILABLE, State.RETRYABLE).debounce(HOUR);

    assertThat(said.states())
        .containsExactlyInAnyOrder(
            State.WAITING, State.SCHEDULED, State.AVAILABLE, State.RETRYABLE);
    assertThat(Unique.by(Field.WORKER).debounce(HOUR).states(State.AVAILABLE, State.RETRYABLE))
        .isEqualTo(said);
  }

  @Test
  void whatNamesNothingIsRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> SAME.replace())
        .withMessage("replace must name at least one, but is []");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> SAME.argsKeys(new String[0]))
        .withMessage("argsKeys must name at least one, but are []");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> SAME.alsoAfter())
        .withMessage("alsoAfter must name at least one, but is []");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> SAME.argsKeys(""))
        .withMessage("argsKeys must be names, but one of them is empty: []");
  }

  /** They are the same already. */
  @Test
  void argsThatAreComparedAsAWholeAreNotReplaced() {
    Unique byOne = Unique.by(Field.WORKER).argsKeys("n").replace(Replace.ARGS);

    assertThatIllegalArgumentException()
        .isThrownBy(() -> SAME.replace(Replace.ARGS))
        .withMessageContaining("[ARGS]");
    assertThat(SAME.argsKeys("n").replace(Replace.ARGS)).isEqualTo(byOne);
    assertThat(Unique.by(Field.WORKER).replace(Replace.ARGS).replaced())
        .containsExactly(Replace.ARGS);
  }

  @Test
  void keysOfArgsNeedTheArgs() {
    Unique worker = Unique.by(Field.WORKER);

    assertThatIllegalArgumentException()
        .isThrownBy(
            () ->
                new Unique(
                    worker.fields(), Set.of("customer"), worker.states(), null, Set.of(), null))
        .withMessage(
            "argsKeys need the field ARGS, but fields are [WORKER] and argsKeys [customer]");
    assertThat(worker.argsKeys("customer").fields()).contains(Field.ARGS);
  }
}
