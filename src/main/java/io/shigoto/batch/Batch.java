package io.shigoto.batch;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A batch as it stood in the database when it was read. While it is open, its total grows.
 *
 * @param id the batch
 * @param state where it is in its life
 * @param total how many jobs it has
 * @param completed how many of them are completed
 * @param discarded how many are discarded
 * @param cancelled how many are cancelled
 * @param openedAt when it was opened
 * @param sealedAt when it was sealed; null while it is open
 * @param finishedAt when the last of its jobs had ended and it was sealed; null before
 * @param callbackId the job of its callback; null before it has finished
 */
public record Batch(
    long id,
    State state,
    long total,
    long completed,
    long discarded,
    long cancelled,
    Instant openedAt,
    @Nullable Instant sealedAt,
    @Nullable Instant finishedAt,
    @Nullable Long callbackId) {

  private static final int ALL = 100;

  /** How many of its jobs have ended, well or not. */
  public long ended() {
    return completed + discarded + cancelled;
  }

  /**
   * How much of it has ended, in percent, rounded down: 100 says that all jobs have ended. Of an
   * empty batch 100 when it is sealed, else 0.
   */
  public int progress() {
    return total == 0 ? (state == State.OPEN ? 0 : ALL) : (int) (ended() * ALL / total);
  }

  /** Where a batch is in its life. */
  public enum State {
    /** Jobs may be added. */
    OPEN,
    /** It has all its jobs, and some of them live. */
    SEALED,
    /** All its jobs have ended, and its callback is a job. */
    FINISHED
  }
}
