package io.shigoto.internal.wake;

import io.shigoto.internal.postgres.Database;
import io.shigoto.internal.postgres.Sql;
import io.shigoto.internal.postgres.Statements;
import java.util.List;
import java.util.UUID;
import reactor.core.publisher.Mono;

/**
 * A notification that a node sends to itself, to know whether it would hear others. It leaves by
 * another connection than the one that listens: a pooler that gives LISTEN and NOTIFY the same
 * connection to the server would deliver it, and nothing else.
 */
public final class Canary {

  private final Database database;
  private final Sql canary;
  private final String channel;

  /**
   * @param node whose
   */
  public Canary(Database database, Statements sql, UUID node) {
    this.database = database;
    this.canary = sql.get("canary");
    this.channel = sql.schema() + "_" + node.toString().replace("-", "").substring(0, 12);
  }

  /** Where it is heard, by this node alone. */
  String channel() {
    return channel;
  }

  /** Sends it. */
  Mono<List<Boolean>> send() {
    return database.list(canary, statement -> statement.bind(0, channel), row -> true);
  }
}
