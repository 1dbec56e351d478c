package io.shigoto.internal.postgres;

import io.r2dbc.spi.Connection;
import io.r2dbc.spi.Readable;
import io.r2dbc.spi.Statement;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;
import reactor.core.publisher.Mono;

/** Where a statement is run: on a connection of ours, or in a transaction of the caller's. */
public interface Door {

  /** Runs one statement and emits its rows, all of them, once it has ended. */
  <T> Mono<List<T>> list(Sql sql, Consumer<Statement> bind, Function<Readable, T> read);

  /** Whether a statement that has ended is committed; if not, that is the caller's to do. */
  boolean commits();

  /** A connection of the caller's, in the transaction in which it is. Not detached, no deadline. */
  static Door of(Connection connection) {
    return new Door() {
      @Override
      public <T> Mono<List<T>> list(Sql sql, Consumer<Statement> bind, Function<Readable, T> read) {
        return Database.list(connection, sql, bind, read);
      }

      @Override
      public boolean commits() {
        return false;
      }
    };
  }
}
