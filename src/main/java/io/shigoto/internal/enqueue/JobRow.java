package io.shigoto.internal.enqueue;

import java.time.Instant;
import java.util.Collection;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A job as it will be inserted: checked, with all defaults filled in, args and meta and tags as
 * JSON.
 *
 * @param unique which others it is the same as; null: none
 * @param watched whether somebody waits for its end
 * @param ties what it belongs to
 */
public record JobRow(
    String queue,
    String worker,
    String args,
    int priority,
    int maxAttempts,
    @Nullable Instant dueAt,
    @Nullable Long dueIn,
    @Nullable String meta,
    @Nullable String tags,
    @Nullable String partitionKey,
    @Nullable UniqueRow unique,
    boolean watched,
    Ties ties) {

  /** The same job, for whose end somebody waits. */
  JobRow whoseEndIsWaitedFor() {
    return with(meta, true, ties);
  }

  /**
   * The same job, with more in its meta, which wins over what is there.
   *
   * @param fields of a JSON object
   */
  JobRow carrying(String fields) {
    String all =
        meta == null ? "{" + fields : meta.substring(0, meta.lastIndexOf('}')) + "," + fields;
    return with(all + "}", watched, ties);
  }

  /** Whether there is more to do than to insert it. */
  boolean isSpecial() {
    return unique != null || !ties.isNone();
  }

  /** The same job in a batch. */
  public JobRow inBatch(long batch) {
    return with(meta, watched, ties.inBatch(batch));
  }

  /** The jobs that it waits for. */
  public Set<Long> parents() {
    return ties.parents();
  }

  /** The same job, which waits for these too. */
  public JobRow after(Collection<Long> ids) {
    return ids.isEmpty() ? this : with(meta, watched, ties.after(ids));
  }

  private JobRow with(@Nullable String everything, boolean waitedFor, Ties others) {
    return new JobRow(
        queue,
        worker,
        args,
        priority,
        maxAttempts,
        dueAt,
        dueIn,
        everything,
        tags,
        partitionKey,
        unique,
        waitedFor,
        others);
  }

  /** Its unique key; only asked for where it has one. */
  String key() {
    return Objects.requireNonNull(unique).key();
  }

  /** Roughly how many bytes it takes in a statement. */
  public int weight() {
    return args.length()
        + (meta == null ? 0 : meta.length())
        + (tags == null ? 0 : tags.length())
        + ties.weight();
  }
}
