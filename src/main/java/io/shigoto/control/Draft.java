package io.shigoto.control;

import io.shigoto.job.JobState;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Conditions that are being changed. */
final class Draft {

  Set<String> workers;
  Set<String> queues;
  Set<String> partitions;
  Set<JobState> states;
  @Nullable Long batch;
  Set<Long> ids;
  Set<String> tags;
  Set<String> anyTags;
  @Nullable Object args;
  Conditions.Span inserted;
  Conditions.Span finished;

  Draft(Conditions from) {
    this.workers = from.workers();
    this.queues = from.queues();
    this.partitions = from.partitions();
    this.states = from.states();
    this.batch = from.batch();
    this.ids = from.ids();
    this.tags = from.tags();
    this.anyTags = from.anyTags();
    this.args = from.args();
    this.inserted = from.inserted();
    this.finished = from.finished();
  }

  Conditions conditions() {
    return new Conditions(
        workers, queues, partitions, states, batch, ids, tags, anyTags, args, inserted, finished);
  }
}
