package io.shigoto;

import io.r2dbc.spi.ConnectionFactory;
import java.time.Duration;
import reactor.core.publisher.Mono;

/** The library's schema for test databases. */
public final class Schemas {

  private Schemas() {}

  /** Applies all migrations, as a node does when it starts. */
  public static Mono<Void> migrate(ConnectionFactory factory) {
    Shigoto node = Shigoto.builder(factory).build();
    return node.start().then(node.stop(Duration.ZERO));
  }
}
