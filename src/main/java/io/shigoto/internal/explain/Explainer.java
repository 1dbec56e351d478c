package io.shigoto.internal.explain;

import io.r2dbc.spi.Readable;
import io.shigoto.control.Explanation;
import io.shigoto.control.NodeReason;
import io.shigoto.control.Reason;
import io.shigoto.internal.json.OwnJson;
import io.shigoto.internal.known.NodeState;
import io.shigoto.internal.postgres.Database;
import io.shigoto.internal.postgres.Sql;
import io.shigoto.internal.postgres.Statements;
import io.shigoto.job.JobState;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/** Says why a job does not run. */
public final class Explainer {

  private static final int MOST_AHEAD = 1000;

  private final Database database;
  private final Sql explain;
  private final Supplier<@Nullable UUID> here;
  private final Supplier<NodeState> state;

  /**
   * @param here this node, null while it is none
   * @param state what keeps this node, now
   */
  public Explainer(
      Database database, Statements sql, Supplier<@Nullable UUID> here, Supplier<NodeState> state) {
    this.database = database;
    this.explain = sql.get("explain");
    this.here = here;
    this.state = state;
  }

  /** All reasons, as of one moment. */
  public Mono<Explanation> explain(long id) {
    return database
        .list(explain, statement -> statement.bind(0, id).bind(1, MOST_AHEAD), row -> of(id, row))
        .map(rows -> rows.get(0));
  }

  private Explanation of(long id, Readable row) {
    String live = row.get("state", String.class);
    if (live == null) {
      return gone(id, row);
    }
    JobState is = JobState.ofSqlName(live);
    List<Reason> reasons = new ArrayList<>();
    Reason.HeldByTransaction held = held(row);
    if (is == JobState.EXECUTING) {
      Reason owned = owned(row);
      reasons.add(owned);
      if (held != null && owned instanceof Reason.NodeLost) {
        reasons.add(held);
      }
    } else {
      if (held != null) {
        reasons.add(held);
      }
      addWaits(reasons, is, row);
      addServing(reasons, is == JobState.AVAILABLE, row);
    }
    return new Explanation(id, is, reasons);
  }

  private static Explanation gone(long id, Readable row) {
    String ended = row.get("ended", String.class);
    if (ended == null) {
      return new Explanation(id, null, List.of(new Reason.Unknown()));
    }
    JobState as = JobState.ofSqlName(ended);
    return new Explanation(
        id, as, List.of(new Reason.Ended(as, get(row, "finished_at", Instant.class))));
  }

  private static Reason owned(Readable row) {
    String owner = get(row, "owner", String.class);
    String name = row.get("owner_name", String.class);
    Instant since = get(row, "claimed_at", Instant.class);
    int attempt = get(row, "attempt", Integer.class);
    return name != null && get(row, "owner_lives", Boolean.class)
        ? new Reason.Running(name, owner, since, attempt, get(row, "cancelling", Boolean.class))
        : new Reason.NodeLost(name, owner, since, attempt);
  }

  private static Reason.@Nullable HeldByTransaction held(Readable row) {
    String held = row.get("held", String.class);
    String application = row.get("application_name", String.class);
    return held == null
        ? null
        : new Reason.HeldByTransaction(
            Reason.HeldByTransaction.Held.valueOf(held),
            row.get("pid", Integer.class),
            application == null || application.isEmpty() ? null : application,
            row.get("xact_start", Instant.class));
  }

  private static void addWaits(List<Reason> reasons, JobState is, Readable row) {
    Long waitsFor = row.get("waits_for", Long.class);
    if (is == JobState.WAITING && waitsFor != null && waitsFor > 0) {
      reasons.add(
          new Reason.WaitsForJobs(waitsFor.intValue(), List.of(get(row, "parents", Long[].class))));
    }
    Instant due = get(row, "scheduled_at", Instant.class);
    if (due.isAfter(get(row, "looked_at", Instant.class)) && !"KEY".equals(row.get("held"))) {
      Reason.NotDue.Why why =
          is == JobState.RETRYABLE
              ? Reason.NotDue.Why.RETRY
              : get(row, "begun", Boolean.class)
                  ? Reason.NotDue.Why.SNOOZED
                  : Reason.NotDue.Why.SCHEDULED;
      reasons.add(new Reason.NotDue(due, why, get(row, "attempt", Integer.class)));
    }
    if (get(row, "paused", Boolean.class)) {
      reasons.add(new Reason.QueuePaused(get(row, "queue", String.class)));
    }
  }

  private void addServing(List<Reason> reasons, boolean available, Readable row) {
    ExplainedJob job =
        new ExplainedJob(
            get(row, "queue", String.class),
            get(row, "worker", String.class),
            get(row, "priority", Integer.class));
    List<LiveNode> nodes = nodes(row, job);
    List<LiveNode> candidates = nodes.stream().filter(LiveNode::isCandidate).toList();
    if (candidates.isEmpty()) {
      reasons.addAll(nobody(nodes, job.queue(), job.worker()));
    } else if (available) {
      List<List<Reason>> held = candidates.stream().map(node -> node.reasons(job)).toList();
      if (held.stream().noneMatch(List::isEmpty)) {
        held.forEach(reasons::addAll);
      }
      addCluster(reasons, job.worker(), row);
      long ahead = get(row, "ahead", Long.class);
      if (ahead > 0) {
        reasons.add(new Reason.JobsAhead(ahead, ahead == MOST_AHEAD));
      }
    }
  }

  private List<LiveNode> nodes(Readable row, ExplainedJob job) {
    String told = row.get("nodes", String.class);
    if (told == null) {
      return List.of();
    }
    UUID self = here.get();
    Instant now = get(row, "looked_at", Instant.class);
    return OwnJson.readObjects(told).stream()
        .map(LiveNode::of)
        .map(
            node ->
                node.id().equals(self)
                    ? node.with(Told.of(state.get(), job.queue(), job.worker(), now))
                    : node)
        .toList();
  }

  private static List<Reason> nobody(List<LiveNode> nodes, String queue, String worker) {
    List<Reason> reasons = new ArrayList<>();
    nodes.stream()
        .filter(LiveNode::stops)
        .forEach(node -> reasons.add(new NodeReason.Stopping(node.name())));
    if (!reasons.isEmpty()) {
      return reasons;
    }
    if (nodes.stream().noneMatch(LiveNode::serves)) {
      reasons.add(new Reason.NoNodeForQueue(queue));
    }
    if (nodes.stream().noneMatch(LiveNode::knows)) {
      reasons.add(new Reason.NoNodeForWorker(worker));
    }
    return reasons.isEmpty() ? List.of(new Reason.NoNodeForBoth(queue, worker)) : reasons;
  }

  private static void addCluster(List<Reason> reasons, String worker, Readable row) {
    Integer most = row.get("most", Integer.class);
    long running = get(row, "running", Long.class);
    if (most != null && running >= most) {
      reasons.add(new Reason.ClusterFull(worker, running, most));
    }
    Integer each = row.get("each", Integer.class);
    String key = row.get("partition_key", String.class);
    long ofKey = get(row, "running_of_key", Long.class);
    if (each != null && key != null && ofKey >= each) {
      reasons.add(new Reason.PartitionFull(worker, key, ofKey, each));
    }
    Instant until = row.get("paced_until", Instant.class);
    if (until != null) {
      boolean keyed = get(row, "keyed", Boolean.class);
      reasons.add(new Reason.ClusterRateLimited(worker, keyed ? key : null, until));
    }
  }

  private static <T> T get(Readable row, String column, Class<T> type) {
    return Objects.requireNonNull(row.get(column, type), column);
  }
}
