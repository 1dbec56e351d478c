package io.shigoto.internal.postgres;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * All statements for one schema, read when the node is built: a file must not be read on an event
 * loop.
 */
public final class Statements {

  private static final List<String> NAMES =
      List.of(
          "await_claims",
          "canary",
          "cancel",
          "claim",
          "claim_limited",
          "complete",
          "create_day",
          "delete",
          "drop_day",
          "enqueue",
          "enqueue_special",
          "explain",
          "find_batch",
          "find_broadcasts",
          "find_cancelling",
          "find_days",
          "find_days_to_thin",
          "find_gone",
          "find_holders",
          "find_job",
          "find_last",
          "find_lost",
          "find_owned",
          "find_queues",
          "find_rest",
          "find_results",
          "find_settled",
          "find_standing",
          "find_states",
          "find_unserved",
          "fold_counts",
          "follow_ended",
          "forget_batches",
          "forget_broadcasts",
          "forget_failed_parents",
          "forget_rates",
          "forget_untold",
          "heal_dependencies",
          "join_cluster",
          "leave_cluster",
          "lock_migrations",
          "match",
          "migrations_exist",
          "newest_migration",
          "notify",
          "open_batch",
          "open_broadcasts",
          "pass_on_discard",
          "pause",
          "poll",
          "progress",
          "promote",
          "prune_nodes",
          "prune_unique_keys",
          "publish",
          "read_broadcasts",
          "record_migration",
          "record_thinned",
          "renew",
          "retry",
          "seal_batch",
          "search",
          "serve",
          "settle",
          "settle_completed",
          "sweep_history",
          "take_away_keys",
          "take_untold",
          "thin_day",
          "watch",
          "watch_parents");

  private final String schema;
  private final Map<String, Sql> byName;

  public Statements(String schema) {
    this.schema = SchemaName.require(schema);
    this.byName =
        NAMES.stream()
            .collect(Collectors.toMap(Function.identity(), name -> Sql.load(name, schema)));
  }

  /** The schema that they are for; also the channel of its notifications. */
  public String schema() {
    return schema;
  }

  /** The statement of {@code name.sql}. */
  public Sql get(String name) {
    Sql sql = byName.get(name);
    if (sql == null) {
      throw new IllegalArgumentException("no statement is called '" + name + "'");
    }
    return sql;
  }

  /** All of them. */
  public Collection<Sql> all() {
    return byName.values();
  }
}
