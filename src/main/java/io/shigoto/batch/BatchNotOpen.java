package io.shigoto.batch;

/** A job was to be added to a batch that is sealed or not there; it was not inserted. */
public final class BatchNotOpen extends IllegalArgumentException {

  private static final long serialVersionUID = 1L;

  private final long id;

  /**
   * What an enqueue or a seal fails with; the message names the batch.
   *
   * @param id of the batch
   */
  public BatchNotOpen(long id) {
    super("batch %d is sealed, or there is none".formatted(id));
    this.id = id;
  }

  /** The batch. */
  public long id() {
    return id;
  }
}
