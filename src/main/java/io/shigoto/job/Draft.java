package io.shigoto.job;

import io.shigoto.worker.Unique;
import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import org.jspecify.annotations.Nullable;

/** Options of a job while one of them is being changed. */
final class Draft {

  @Nullable String queue;
  @Nullable Integer priority;
  @Nullable Integer maxAttempts;
  @Nullable Instant scheduledAt;
  @Nullable Duration delay;
  @Nullable Set<String> tags;
  Map<String, String> meta = Map.of();
  @Nullable String partitionKey;
  @Nullable Unique unique;
  @Nullable Long batch;
  SortedSet<Long> dependsOn = Collections.emptySortedSet();
  IfNotCompleted ifNotCompleted = IfNotCompleted.RUN;

  Draft() {}

  Draft(NewJob.Options options) {
    this.queue = options.queue();
    this.priority = options.priority();
    this.maxAttempts = options.maxAttempts();
    this.scheduledAt = options.scheduledAt();
    this.delay = options.delay();
    this.tags = options.tags();
    this.meta = options.meta();
    this.partitionKey = options.partitionKey();
    this.unique = options.unique();
    this.batch = options.batch();
    this.dependsOn = options.dependsOn();
    this.ifNotCompleted = options.ifNotCompleted();
  }

  NewJob.Options options() {
    return new NewJob.Options(
        queue,
        priority,
        maxAttempts,
        scheduledAt,
        delay,
        tags,
        meta,
        partitionKey,
        unique,
        batch,
        dependsOn,
        ifNotCompleted);
  }
}
