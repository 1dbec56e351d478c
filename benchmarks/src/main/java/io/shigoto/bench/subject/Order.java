package io.shigoto.bench.subject;

/**
 * What a subject is to do.
 *
 * @param what the kind of work, or {@code stop} to end what was begun
 * @param target where; null for {@code stop}
 * @param config a variant of the subject, or empty
 * @param concurrency how many at the same time
 * @param jobs how many in all
 */
public record Order(
    String what,
    @org.jspecify.annotations.Nullable Target target,
    String config,
    int concurrency,
    int jobs) {

  public static Order stop() {
    return new Order("stop", null, "", 0, 0);
  }

  /** The database of an order that has one. */
  public Target database() {
    return java.util.Objects.requireNonNull(target, "target");
  }
}
