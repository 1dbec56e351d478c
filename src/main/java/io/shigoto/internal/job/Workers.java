package io.shigoto.internal.job;

import io.shigoto.internal.json.Json;
import io.shigoto.job.Name;
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
  private final Map<Class<?>, Known> byClass = new HashMap<>();

  /**
   * @param around the middleware of the node, outermost first
   */
  public Workers(
      Collection<? extends ReactiveWorker<?>> workers, List<Middleware> around, Json json) {
    for (ReactiveWorker<?> worker : workers) {
      Known known = Known.of(worker, around, json);
      require(known);
      add(known.name, known);
      worker.aliases().forEach(alias -> add(alias, known));
      byClass.put(worker.getClass(), known);
    }
  }

  /** The worker that serves this name, or null. */
  public @Nullable Known find(String name) {
    return byName.get(name);
  }

  /** The worker of this class, or null. */
  public @Nullable Known find(Class<?> type) {
    return byClass.get(type);
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

  private void add(String name, Known known) {
    Name.require("worker " + known.worker.getClass().getName() + ": a name", name);
    Known other = byName.putIfAbsent(name, known);
    if (other != null) {
      throw new IllegalArgumentException(
          "worker name '%s' is taken twice: by %s and by %s"
              .formatted(
                  name, other.worker.getClass().getName(), known.worker.getClass().getName()));
    }
  }

  private static void require(Known known) {
    ReactiveWorker<?> worker = known.worker;
    String who = "worker '" + known.name + "': ";
    if (worker.maxAttempts() < 1) {
      throw new IllegalArgumentException(
          who + "maxAttempts must be at least 1, but is " + worker.maxAttempts());
    }
    if (worker.priority() != (short) worker.priority()) {
      throw new IllegalArgumentException(
          who + "priority must be from -32768 to 32767, but is " + worker.priority());
    }
    if (known.timeout.isNegative() || known.timeout.isZero()) {
      throw new IllegalArgumentException(who + "timeout must be positive, but is " + known.timeout);
    }
    Name.require(who + "queue", worker.queue());
  }

  /**
   * One worker, with what is asked of it once.
   *
   * @param middleware all that is around it, outermost first
   * @param hearsOfDiscards whether it has an onDiscard of its own
   */
  public record Known(
      ReactiveWorker<?> worker,
      String name,
      ObjectReader args,
      Duration timeout,
      List<Middleware> middleware,
      boolean hearsOfDiscards,
      WorkerLimits limits) {

    /** Its limits that hold for all nodes together. */
    public ClusterLimit clusterLimit() {
      return ClusterLimit.of(
          Stream.concat(Stream.of(name), worker.aliases().stream()).toList(), limits);
    }

    public static Known of(ReactiveWorker<?> worker, List<Middleware> around, Json json) {
      return new Known(
          worker,
          worker.name(),
          json.reader(worker),
          worker.timeout(),
          Stream.concat(around.stream(), own(worker).stream()).toList(),
          hearsOfDiscards(worker),
          WorkerLimits.of(worker));
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
