package io.shigoto.internal.postgres;

import io.r2dbc.spi.Connection;
import io.r2dbc.spi.Statement;
import io.r2dbc.spi.ValidationDepth;
import io.shigoto.internal.flow.Detached;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import reactor.core.publisher.Mono;

/**
 * A connection of a pool, with the statements that were made on it. The driver reads the text of a
 * statement whenever it makes one, which takes 50 µs for a claim; a statement that is kept is bound
 * again and executed again. For one borrower at a time.
 */
final class Session {

  private final Connection connection;
  private final Map<Sql, Statement> made = new HashMap<>();

  Session(Connection connection) {
    this.connection = connection;
  }

  Connection connection() {
    return connection;
  }

  /**
   * Whether it was closed while nobody used it, such as by a server that was restarted: only what
   * the driver knows by itself, so it is told at once, and nothing is sent. The pool asks before it
   * hands it out, and could not stand an error.
   */
  boolean isGone() {
    AtomicBoolean open = new AtomicBoolean(true);
    Detached.start(
        Mono.defer(() -> Mono.from(connection.validate(ValidationDepth.LOCAL)))
            .onErrorReturn(false)
            .doOnNext(open::set));
    return !open.get();
  }

  /** What was bound before is bound still: every parameter has to be bound anew. */
  Statement statement(Sql sql) {
    return made.computeIfAbsent(sql, missing -> connection.createStatement(missing.text()));
  }
}
