package io.shigoto.workflow;

import static java.util.Objects.requireNonNull;

import io.shigoto.job.IfNotCompleted;
import io.shigoto.job.Name;
import io.shigoto.job.NewJob;
import io.shigoto.worker.Given;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Jobs that are enqueued together, as named steps of which some come after others. Immutable; its
 * steps stand in an order in which each comes after those it waits for.
 */
public final class Workflow {

  /** Under which a job's meta have the name of its step. */
  public static final String STEP = "shigoto.step";

  /** Under which a job's meta have the name of its workflow. */
  public static final String WORKFLOW = "shigoto.workflow";

  private final String name;
  private final List<Step> steps;

  private Workflow(String name, List<Step> steps) {
    this.name = name;
    this.steps = List.copyOf(steps);
  }

  /**
   * Begins a workflow.
   *
   * @param name what it is called in errors, and in the meta of its jobs; 1 to 255 characters
   */
  public static Builder named(String name) {
    return new Builder(Name.require("workflow", name));
  }

  /** The steps that a step comes after. */
  public static After after(String... steps) {
    return after(Arrays.asList(requireNonNull(steps, "steps")));
  }

  /** The steps that a step comes after. */
  public static After after(Collection<String> steps) {
    return new After(Set.copyOf(Given.all("steps", steps)));
  }

  /** What it is called. */
  public String name() {
    return name;
  }

  /** Its steps, each after those it waits for. */
  public List<Step> steps() {
    return steps;
  }

  @Override
  public String toString() {
    return "Workflow[name=" + name + ", steps=" + steps.size() + "]";
  }

  /**
   * One step.
   *
   * @param name unique in its workflow
   * @param job what it does
   * @param after the steps that it waits for
   */
  public record Step(String name, NewJob job, Set<String> after) {}

  /** The steps that a step comes after. */
  public record After(Set<String> steps) {
    public After {
      steps = Set.copyOf(Given.all("steps", steps));
    }
  }

  /** A workflow while steps are added to it. */
  public static final class Builder {

    private final String name;
    private final Map<String, Step> steps = new LinkedHashMap<>();

    private Builder(String name) {
      this.name = name;
    }

    /**
     * Adds a step that waits for no other.
     *
     * @param step its name, unique in the workflow; 1 to 255 characters
     */
    public Builder step(String step, NewJob job) {
      return step(step, job, new After(Set.of()));
    }

    /**
     * Adds a step that comes after others: it waits until they have ended. What becomes of it if
     * one of them does not complete is said by {@link NewJob#ifNotCompleted}.
     *
     * @param step its name, unique in the workflow; 1 to 255 characters
     * @param after names of steps, which may be added later
     */
    public Builder step(String step, NewJob job, After after) {
      Name.require("step of workflow '" + name + "'", step);
      Step added = new Step(step, requireNonNull(job, "job"), requireNonNull(after, "after").steps);
      requireParents(added);
      if (steps.putIfAbsent(step, added) != null) {
        throw new IllegalArgumentException(
            "workflow '%s' has two steps '%s'".formatted(name, step));
      }
      return this;
    }

    private void requireParents(Step step) {
      NewJob.Options given = step.job.options();
      if (given.ifNotCompleted() != IfNotCompleted.RUN
          && given.dependsOn().isEmpty()
          && step.after.isEmpty()) {
        throw new IllegalArgumentException(
            "step '%s' of workflow '%s' comes after none, but has ifNotCompleted %s"
                .formatted(step.name, name, given.ifNotCompleted()));
      }
    }

    /**
     * Builds the workflow.
     *
     * @throws IllegalArgumentException if there is no step, if one comes after one that is not
     *     there, or after itself by way of others: then with the way
     */
    public Workflow build() {
      if (steps.isEmpty()) {
        throw new IllegalArgumentException("workflow '%s' has no steps".formatted(name));
      }
      return new Workflow(name, new StepOrder(name, steps).inOrder());
    }
  }
}
