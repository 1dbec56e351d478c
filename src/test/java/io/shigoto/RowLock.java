package io.shigoto;

import io.r2dbc.spi.Connection;
import io.r2dbc.spi.ConnectionFactory;
import java.util.function.Supplier;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** A transaction of somebody else's that holds the row of a job. */
final class RowLock {

  private RowLock() {}

  /** Does something while the row is held. */
  static <T> T held(ConnectionFactory factory, long id, Supplier<T> work) {
    Connection holder = Mono.from(factory.create()).block(Nodes.LIMIT);
    try {
      lock(holder, id).block(Nodes.LIMIT);
      return work.get();
    } finally {
      Mono.from(holder.close()).block(Nodes.LIMIT);
    }
  }

  private static Mono<Void> lock(Connection holder, long id) {
    return Mono.from(holder.beginTransaction())
        .thenMany(
            Flux.defer(
                () ->
                    holder
                        .createStatement("SELECT id FROM shigoto.jobs WHERE id = $1 FOR UPDATE")
                        .bind(0, id)
                        .execute()))
        .flatMap(result -> result.map((row, metadata) -> true))
        .then();
  }
}
