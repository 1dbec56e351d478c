package io.shigoto.job;

import java.util.List;

/** A job was to depend on jobs that are not there; it was not inserted. */
public final class UnknownJobs extends IllegalArgumentException {

  private static final long serialVersionUID = 1L;

  private final transient List<Long> ids;

  /**
   * What an enqueue fails with; the message has the whole list.
   *
   * @param ids of those that are not there, ascending
   */
  public UnknownJobs(List<Long> ids) {
    super("there are no jobs %s to depend on".formatted(ids));
    this.ids = List.copyOf(ids);
  }

  /** Those that are not there, ascending. */
  public List<Long> ids() {
    return ids;
  }
}
