package io.shigoto.workflow;

import static io.shigoto.workflow.Workflow.after;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.shigoto.job.IfNotCompleted;
import io.shigoto.job.NewJob;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;

class WorkflowTest {

  private static final NewJob JOB = NewJob.of("work", Map.of("secret", "token"));

  @Test
  void stepsStandAfterThoseTheyWaitFor() {
    Workflow diamond =
        Workflow.named("order")
            .step("ship", JOB, after("charge", "reserve"))
            .step("charge", JOB, after("check"))
            .step("reserve", JOB, after("check"))
            .step("check", JOB)
            .build();

    assertThat(diamond.steps())
        .extracting(Workflow.Step::name)
        .containsExactly("check", "charge", "reserve", "ship");
    assertThat(diamond.toString()).isEqualTo("Workflow[name=order, steps=4]");
  }

  @Test
  void aCycleIsRefusedWithItsPath() {
    Workflow.Builder cycle =
        Workflow.named("order")
            .step("before", JOB)
            .step("a", JOB, after("c", "before"))
            .step("b", JOB, after("a"))
            .step("c", JOB, after("b"))
            .step("behind", JOB, after("c"));

    assertThatIllegalArgumentException()
        .isThrownBy(cycle::build)
        .withMessage("workflow 'order' has a cycle: a → b → c → a");
  }

  @Test
  void aStepThatComesAfterNoneHasNothingThatCouldNotComplete() {
    NewJob job = JOB.ifNotCompleted(IfNotCompleted.CANCEL);

    assertThatIllegalArgumentException()
        .isThrownBy(() -> Workflow.named("order").step("ship", job))
        .withMessage(
            "step 'ship' of workflow 'order' comes after none, but has ifNotCompleted CANCEL");
    Workflow.named("order").step("ship", job.dependsOn(7)).step("mail", job, after("ship")).build();
  }

  @Test
  void theShortestCyclesAreRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Workflow.named("w").step("a", JOB, after("a")).build())
        .withMessage("workflow 'w' has a cycle: a → a");
    assertThatIllegalArgumentException()
        .isThrownBy(
            () -> Workflow.named("w").step("a", JOB, after("b")).step("b", JOB, after("a")).build())
        .withMessage("workflow 'w' has a cycle: a → b → a");
  }

  /** Any steps that come after earlier ones only; and the same with one edge back. */
  @RepeatedTest(50)
  void everyGraphWithoutACycleIsOrderedAndEveryOtherRefused(RepetitionInfo round) {
    Random random = new Random(round.getCurrentRepetition());
    int steps = 2 + random.nextInt(40);
    List<Set<String>> earlier = new ArrayList<>();
    for (int i = 0; i < steps; i++) {
      Set<String> some = new HashSet<>();
      for (int j = 0; j < i; j++) {
        if (random.nextInt(4) == 0) {
          some.add("s" + j);
        }
      }
      earlier.add(some);
    }

    List<String> ordered =
        shuffled(earlier, random).build().steps().stream().map(Workflow.Step::name).toList();

    assertThat(ordered).hasSize(steps).doesNotHaveDuplicates();
    for (int i = 0; i < steps; i++) {
      int own = ordered.indexOf("s" + i);
      assertThat(earlier.get(i)).allMatch(step -> ordered.indexOf(step) < own);
    }
    int end = 1 + random.nextInt(steps - 1);
    earlier.get(end).add("s0");
    earlier.get(0).add("s" + end);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> shuffled(earlier, random).build())
        .withMessageContaining("has a cycle");
  }

  private static Workflow.Builder shuffled(List<Set<String>> earlier, Random random) {
    List<Integer> order = new ArrayList<>(IntStream.range(0, earlier.size()).boxed().toList());
    Collections.shuffle(order, random);
    Workflow.Builder builder = Workflow.named("random");
    order.forEach(i -> builder.step("s" + i, JOB, after(earlier.get(i))));
    return builder;
  }

  @Test
  void unknownAndDoubledStepsAreRefusedByTheirNames() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Workflow.named("order").step("ship", JOB, after("charge")).build())
        .withMessage("workflow 'order': step 'ship' comes after 'charge', which is no step of it");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Workflow.named("order").step("ship", JOB).step("ship", JOB))
        .withMessage("workflow 'order' has two steps 'ship'");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Workflow.named("order").build())
        .withMessage("workflow 'order' has no steps");
  }

  @Test
  void namesThatAreNoneAreRefused() {
    for (String name : List.of("", " ", "n".repeat(256))) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> Workflow.named(name))
          .withMessageStartingWith("workflow must have 1 to 255 characters");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> Workflow.named("order").step(name, JOB))
          .withMessageStartingWith("step of workflow 'order' must have 1 to 255 characters");
    }
  }

  @Test
  void tenThousandStepsAreOrderedAtOnce() {
    Workflow.Builder builder = Workflow.named("wide");
    List<String> names = IntStream.range(0, 10_000).mapToObj(i -> "part " + i).toList();
    names.forEach(name -> builder.step(name, JOB));

    Workflow workflow = builder.step("all", JOB, after(names)).build();

    assertThat(workflow.steps()).hasSize(10_001);
    assertThat(workflow.steps().get(10_000).name()).isEqualTo("all");
  }
}
