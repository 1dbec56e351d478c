package io.shigoto.workflow;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;

/** Puts the steps of a workflow into an order in which each comes after those it waits for. */
final class StepOrder {

  private final String workflow;
  private final Map<String, Workflow.Step> steps;

  StepOrder(String workflow, Map<String, Workflow.Step> steps) {
    this.workflow = workflow;
    this.steps = steps;
  }

  /** Those that wait for nobody come first, as they were added; refuses what cannot be ordered. */
  List<Workflow.Step> inOrder() {
    Map<String, List<Workflow.Step>> followers = new HashMap<>();
    Map<String, Integer> open = new HashMap<>();
    Deque<Workflow.Step> ready = new ArrayDeque<>();
    for (Workflow.Step step : steps.values()) {
      for (String earlier : step.after()) {
        requireKnown(step, earlier);
        followers.computeIfAbsent(earlier, name -> new ArrayList<>()).add(step);
      }
      open.put(step.name(), step.after().size());
      if (step.after().isEmpty()) {
        ready.add(step);
      }
    }
    List<Workflow.Step> ordered = new ArrayList<>(steps.size());
    while (!ready.isEmpty()) {
      Workflow.Step step = ready.remove();
      ordered.add(step);
      for (Workflow.Step follower : followers.getOrDefault(step.name(), List.of())) {
        if (open.merge(follower.name(), -1, Integer::sum) == 0) {
          ready.add(follower);
        }
      }
    }
    ordered.forEach(step -> open.remove(step.name()));
    if (!open.isEmpty()) {
      throw new IllegalArgumentException(
          "workflow '%s' has a cycle: %s".formatted(workflow, cycle(open.keySet())));
    }
    return ordered;
  }

  private Stream<String> earlier(String step) {
    return Objects.requireNonNull(steps.get(step)).after().stream();
  }

  private void requireKnown(Workflow.Step step, String earlier) {
    if (!steps.containsKey(earlier)) {
      throw new IllegalArgumentException(
          "workflow '%s': step '%s' comes after '%s', which is no step of it"
              .formatted(workflow, step.name(), earlier));
    }
  }

  /**
   * Each that is left waits for another that is left: going on from any of them ends in a round.
   */
  private String cycle(Set<String> left) {
    String step = steps.keySet().stream().filter(left::contains).findFirst().orElseThrow();
    Set<String> way = new LinkedHashSet<>();
    while (way.add(step)) {
      step = earlier(step).filter(left::contains).sorted().findFirst().orElseThrow();
    }
    List<String> round = new ArrayList<>(way);
    round = new ArrayList<>(round.subList(round.indexOf(step), round.size()));
    round.add(step);
    Collections.reverse(round);
    return String.join(" → ", round);
  }
}
