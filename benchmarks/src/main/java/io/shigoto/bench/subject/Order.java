package io.shigoto.bench.subject;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What a subject is to do.
 *
 * @param what the kind of work, or {@code stop} to end what was begun
 * @param target where; null for {@code stop}
 * @param config a variant, or empty
 * @param concurrency how many at the same time
 * @param jobs how many in all
 * @param everyMicros where jobs come at a pace: the time between two groups
 * @param group how many come together then
 * @param delayMillis in how many milliseconds a job is due; 0: at once
 */
public record Order(
    String what,
    @Nullable Target target,
    String config,
    int concurrency,
    int jobs,
    long everyMicros,
    int group,
    int delayMillis) {

  public static Order of(String what, Target target) {
    return new Order(what, target, "", 1, 0, 0, 1, 0);
  }

  public static Order stop() {
    return new Order("stop", null, "", 0, 0, 0, 0, 0);
  }

  /** The database of an order that has one. */
  public Target database() {
    return Objects.requireNonNull(target, "target");
  }

  public Order config(String config) {
    return new Order(what, target, config, concurrency, jobs, everyMicros, group, delayMillis);
  }

  public Order concurrency(int concurrency) {
    return new Order(what, target, config, concurrency, jobs, everyMicros, group, delayMillis);
  }

  public Order jobs(int jobs) {
    return new Order(what, target, config, concurrency, jobs, everyMicros, group, delayMillis);
  }

  /** Groups of so many, one each so many microseconds. */
  public Order pace(long everyMicros, int group) {
    return new Order(what, target, config, concurrency, jobs, everyMicros, group, delayMillis);
  }

  public Order delayMillis(int delayMillis) {
    return new Order(what, target, config, concurrency, jobs, everyMicros, group, delayMillis);
  }

  public Order what(String what) {
    return new Order(what, target, config, concurrency, jobs, everyMicros, group, delayMillis);
  }

  public Order on(Target target) {
    return new Order(what, target, config, concurrency, jobs, everyMicros, group, delayMillis);
  }
}
