package io.shigoto.internal.job;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.worker.WorkerFailure;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class FailureTest {

  private static final int EIGHT_KIB = 8 * 1024;

  @Test
  void itSaysWhatWhereAndWhen() {
    Failure failure = Failure.of(2, "north", new IllegalStateException("away"));

    assertThat(failure.attempt()).isEqualTo(2);
    assertThat(failure.node()).isEqualTo("north");
    assertThat(failure.type()).isEqualTo("IllegalStateException");
    assertThat(failure.message()).isEqualTo("away");
    assertThat(failure.stack())
        .startsWith("java.lang.IllegalStateException: away")
        .contains("at " + FailureTest.class.getName());
  }

  @Test
  void everyCauseIsInTheStackHoweverDeepTheCalls() {
    Failure failure = Failure.of(1, "n", deep(200));

    assertThat(failure.stack())
        .contains("java.lang.IllegalStateException: away\n")
        .contains("Caused by: java.lang.IllegalArgumentException: between\n")
        .contains("Caused by: java.lang.RuntimeException: the root\n")
        .contains(" more\n");
  }

  private static Throwable deep(int calls) {
    return calls > 0
        ? deep(calls - 1)
        : new IllegalStateException(
            "away", new IllegalArgumentException("between", new RuntimeException("the root")));
  }

  @Test
  void causesThatGoRoundInACircleEnd() {
    RuntimeException first = new RuntimeException("first");
    first.initCause(new RuntimeException("second", first));

    assertThat(Failure.of(1, "n", first).stack()).containsOnlyOnce("Caused by: ");
  }

  @Test
  void anErrorThatIsOnlyAMessageHasNoStack() {
    assertThat(Failure.of(1, "n", new WorkerFailure("full")))
        .isEqualTo(new Failure(1, "n", "WorkerFailure", "full", ""));
  }

  @ParameterizedTest
  @ValueSource(strings = {"x", "é", "仕", "😀", "x😀", "ab仕"})
  void itHasAtMostEightKibWhateverTheMessage(String piece) {
    Failure failure = Failure.of(1, "n", new IllegalStateException(piece.repeat(20_000)));

    int bytes =
        (failure.type() + failure.message() + failure.stack() + failure.node())
            .getBytes(UTF_8)
            .length;
    assertThat(bytes).isBetween(EIGHT_KIB / 4, EIGHT_KIB);
    assertThat(piece.repeat(20_000)).startsWith(failure.message());
    assertThat(failure.message().getBytes(UTF_8)).hasSizeBetween(2 * 1024 - 3, 2 * 1024);
  }

  @Test
  void whatTheDatabaseCannotHoldIsReplaced() {
    Failure failure = Failure.of(1, "n", new IllegalStateException("a\0b\ud800c\udc00d😀"));

    assertThat(failure.message()).isEqualTo("a\uFFFDb?c?d😀");
    assertThat(failure.stack()).doesNotContain("\0", "\ud800c");
  }

  @Test
  void anErrorWithoutAMessageHasAnEmptyOne() {
    assertThat(Failure.of(1, "n", new IllegalStateException()).message()).isEmpty();
  }

  @Test
  void anAnonymousClassHasItsFullName() {
    assertThat(Failure.of(1, "n", new IllegalStateException("away") {}).type())
        .isEqualTo(FailureTest.class.getName() + "$1");
  }

  static Stream<Throwable> errors() {
    return Stream.of(
        new IllegalStateException("broken"),
        new AssertionError("broken"),
        new NoClassDefFoundError("Missing"),
        new StackOverflowError());
  }

  @ParameterizedTest
  @MethodSource("errors")
  void anErrorThatBreaksWhenItIsReadIsStillAFailure(Throwable thrown) {
    Failure failure = Failure.of(1, "n", new Broken(thrown));

    assertThat(failure.type()).isEqualTo("Broken");
    assertThat(failure.message()).isEmpty();
    assertThat(Failure.place(new Broken(thrown))).isEmpty();
  }

  @Test
  void aMessageThatIsThereOnlyOnceIsNoTrouble() {
    AtomicInteger asked = new AtomicInteger();
    Throwable fickle =
        new RuntimeException() {
          @Override
          public String getMessage() {
            return asked.getAndIncrement() == 0 ? "once" : null;
          }
        };

    assertThat(Failure.of(1, "n", fickle).message()).isEqualTo("once");
  }

  @Test
  void aReasonHasNoStack() {
    Failure failure = Failure.of(3, "n", "cancelled", "no longer wanted\0");

    assertThat(failure).isEqualTo(new Failure(3, "n", "cancelled", "no longer wanted\uFFFD", ""));
  }

  private static final class Broken extends RuntimeException {

    private static final long serialVersionUID = 1L;
    private final Throwable thrown;

    Broken(Throwable thrown) {
      this.thrown = thrown;
    }

    @Override
    public String getMessage() {
      return raise(thrown);
    }

    @Override
    public StackTraceElement[] getStackTrace() {
      return raise(thrown);
    }

    @SuppressWarnings("unchecked")
    private static <T, E extends Throwable> T raise(Throwable error) throws E {
      throw (E) error;
    }
  }
}
