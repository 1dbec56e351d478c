package io.shigoto.internal.node;

import io.shigoto.internal.postgres.Connector;
import io.shigoto.internal.postgres.Database;
import io.shigoto.internal.settings.Settings;
import io.shigoto.internal.upkeep.Lease;
import java.time.Duration;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * What a node does with its connections, each purpose with its own, so that none starves another.
 */
final class Connections {

  private static final int FOR_UPKEEP = 2;

  /** Makes them, and has the one for LISTEN. */
  final Connector connector;

  /** Claims, settlements, and what stands in messages to all nodes. */
  final Database engine;

  /** Calls of the application. */
  final Database calls;

  final Database upkeep;

  /** Renews the lease. */
  final Database leasing;

  private final Settings settings;
  private final Scheduler timer;

  Connections(Settings settings, Scheduler timer) {
    this.settings = settings;
    this.timer = timer;
    this.connector =
        new Connector(
            settings.store().connectionFactory(),
            settings.store().listens(),
            settings.store().timeout(),
            timer);
    this.engine = database(settings.store().connections(), settings.store().timeout());
    this.calls = database(settings.store().connections(), settings.store().timeout());
    this.upkeep = database(FOR_UPKEEP, settings.store().timeout());
    this.leasing = database(1, Lease.deadline(settings.rhythm().lease()));
  }

  private Database database(int connections, Duration deadline) {
    return new Database(connector, connections, deadline, timer, settings.nanos());
  }

  /** Takes no more work; completes when all that was taken has ended. */
  Mono<Void> drain() {
    return Flux.just(engine, calls, upkeep, leasing).flatMap(Database::close).then();
  }

  /** Closes all that are open, whatever they do. */
  Mono<Void> close() {
    return connector.close();
  }
}
