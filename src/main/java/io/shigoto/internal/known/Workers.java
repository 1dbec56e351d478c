package io.shigoto.internal.known;

import io.shigoto.internal.json.Json;
import io.shigoto.worker.Middleware;
import io.shigoto.worker.ReactiveWorker;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.ObjectReader;

/** The workers that a node knows, by every name that they serve. */
public final class Workers {

  private final Map<String, Known> byName = new LinkedHashMap<>();
  private final Map<Class<?>, List<Known>> byClass = new HashMap<>();

  /**
   * @param around the middleware of the node, outermost first
   */
  public Workers(
      Collection<? extends ReactiveWorker<?>> workers, List<Middleware> around, Json json) {
    for (ReactiveWorker<?> worker : workers) {
      Known known = Known.of(worker, around, json);
      known.names.forEach(name -> add(name, known));
      byClass.merge(worker.getClass(), List.of(known), Workers::joined);
    }
  }

  /** The worker that serves this name, or null. */
  public @Nullable Known find(String name) {
    return byName.get(name);
  }

  /**
   * The worker of this class, or null.
   *
   * @throws IllegalArgumentException if there are several
   */
  public @Nullable Known find(Class<?> type) {
    List<Known> found = byClass.getOrDefault(type, List.of());
    if (found.size() > 1) {
      throw new IllegalArgumentException(
          "%s is registered as %s: enqueue by one of these names"
              .formatted(type.getName(), found.stream().map(Known::name).toList()));
    }
    return found.isEmpty() ? null : found.get(0);
  }

  /** Whether the runs of a worker of this name count for all nodes together. */
  public boolean isClusterWide(String name) {
    Known known = byName.get(name);
    return known != null && known.limits.areClusterWide();
  }

  /** All names that are served, aliases too. */
  public String[] names() {
    return byName.keySet().toArray(String[]::new);
  }

  private static List<Known> joined(List<Known> some, List<Known> more) {
    return Stream.of(some, more).flatMap(List::stream).toList();
  }

  private void add(String name, Known known) {
    Known other = byName.putIfAbsent(name, known);
    if (other != null) {
      throw new IllegalArgumentException(
          "worker name '%s' is taken twice: by %s and by %s"
              .formatted(
                  name, other.worker.getClass().getName(), known.worker.getClass().getName()));
    }
  }

  /**
   * One worker, with what is asked of it once.
   *
   * @param names its name, and its aliases
   * @param middleware all that is around it, outermost first
   * @param defaults what holds for a job that says nothing else
   * @param hearsOfDiscards whether it has an onDiscard of its own
   */
  public record Known(
      ReactiveWorker<?> worker,
      String name,
      List<String> names,
      Defaults defaults,
      ObjectReader args,
      Duration timeout,
      List<Middleware> middleware,
      boolean hearsOfDiscards,
      WorkerLimits limits) {

    private static final Duration LONGEST = Duration.ofDays(36_500);

    /**
     * Its limits that claims keep.
     *
     * @param here what no other node says
     */
    public ClusterLimit clusterLimit(String here) {
      return ClusterLimit.of(names, limits, here);
    }

    public static Known of(ReactiveWorker<?> worker, List<Middleware> around, Json json) {
      String name =
          new Asked("worker " + worker.getClass().getName() + ": ").name("name", worker.name());
      Asked asked = new Asked("worker '" + name + "': ");
      return new Known(
          worker,
          name,
          Stream.concat(Stream.of(name), asked.names("aliases", worker.aliases()).stream())
              .toList(),
          Defaults.of(worker, asked),
          json.reader(worker),
          asked.require(
              "timeout",
              "positive, and at most " + LONGEST.toDays() + " days",
              worker.timeout(),
              time -> !time.isNegative() && !time.isZero() && time.compareTo(LONGEST) <= 0),
          Stream.concat(around.stream(), own(worker).stream()).toList(),
          hearsOfDiscards(worker),
          WorkerLimits.of(worker, asked));
    }

    private static boolean hearsOfDiscards(ReactiveWorker<?> worker) {
      return Arrays.stream(worker.getClass().getMethods())
          .filter(method -> method.getName().equals("onDiscard"))
          .anyMatch(method -> method.getDeclaringClass() != ReactiveWorker.class);
    }

    private static List<Middleware> own(ReactiveWorker<?> worker) {
      List<Middleware> own = worker.middleware();
      if (own == null || own.stream().anyMatch(Objects::isNull)) {
        throw new IllegalArgumentException(
            "worker '%s': middleware must be a list without null, but is %s"
                .formatted(worker.name(), own));
      }
      return own;
    }
  }
}
