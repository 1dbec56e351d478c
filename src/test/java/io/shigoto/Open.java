package io.shigoto;

import io.r2dbc.spi.Connection;
import io.r2dbc.spi.ConnectionFactory;
import java.util.function.Supplier;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** A transaction of somebody else's that is not over yet; in the end it is rolled back. */
final class Open {

  private Open() {}

  /** Does something after its statement and before its end. */
  static <T> T transaction(ConnectionFactory factory, String statement, Supplier<T> work) {
    Connection other = Mono.from(factory.create()).block(Nodes.LIMIT);
    try {
      Mono.from(other.beginTransaction())
          .thenMany(Flux.defer(() -> other.createStatement(statement).execute()))
          .flatMap(result -> result.map((row, metadata) -> true))
          .then()
          .block(Nodes.LIMIT);
      return work.get();
    } finally {
      Mono.from(other.close()).block(Nodes.LIMIT);
    }
  }
}
