package io.shigoto.bench.subject;

import io.r2dbc.spi.Connection;
import io.r2dbc.spi.ConnectionFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * No queue at all: claim and settle in a tight loop, which is all that the database can do.
 *
 * <p>Its variants: {@code 500} claims and settles groups of 500 one after the other on one
 * connection; {@code 500-overlapping} claims the next group on a second connection while the last
 * one is settled.
 */
final class LimitDrain implements Subject {

  private static final Duration LIMIT = Duration.ofMinutes(30);

  @Override
  public Running begin(Order order, Consumer<Map<String, Object>> done) {
    String[] config = order.config().split("-");
    int batch = Integer.parseInt(config[0]);
    boolean overlapping = config.length > 1;
    HotStatements hot = new HotStatements();
    List<Connection> connections = connect(order.database().connectionFactory());
    Connection claiming = connections.get(0);
    Connection settling = overlapping ? connections.get(1) : claiming;
    hot.join(claiming).block(LIMIT);
    Flux<List<HotStatements.Taken>> claims =
        Flux.defer(() -> hot.claim(claiming, batch)).repeat().takeWhile(jobs -> !jobs.isEmpty());
    // With a prefetch of one the next claim is on its way while a group is settled; with none it
    // waits for its turn.
    Mono<Long> loop =
        claims
            .concatMap(jobs -> hot.settle(settling, jobs), overlapping ? 1 : 0)
            .reduce(0L, Long::sum);
    Thread thread =
        new Thread(() -> done.accept(Map.of("performed", Objects.requireNonNull(loop.block()))));
    thread.setDaemon(true);
    thread.start();
    return () -> {
      thread.join(LIMIT.toMillis());
      connections.forEach(connection -> Mono.from(connection.close()).block(LIMIT));
      return Map.of();
    };
  }

  private static List<Connection> connect(ConnectionFactory factory) {
    List<Connection> connections = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      connections.add(HotStatements.connect(factory, LIMIT));
    }
    return connections;
  }
}
