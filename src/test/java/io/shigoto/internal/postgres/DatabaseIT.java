package io.shigoto.internal.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.r2dbc.spi.R2dbcException;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/** Whatever statements come to, the next one finds a connection. */
class DatabaseIT {

  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final int ERRORS = 100;
  private static final Sql GOOD = new Sql("good", "SELECT 1 WHERE $1 > 0");
  private static final Sql BAD = new Sql("bad", "SELECT nosuch FROM pg_class WHERE oid = $1");

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("empty", factory -> Mono.empty());

  /**
   * An error arrives on the thread that asks, now and then, and the rest of the answer on the event
   * loop: then the driver's close waits for its own caller.
   */
  @Test
  void anErrorThatArrivesWhereItWasAskedForHoldsUpNobody() {
    Scheduler timer = Schedulers.newSingle("timer", true);
    Scheduler caller = Schedulers.newBoundedElastic(1, 1, "caller");
    Connector connector = new Connector(db.connectionFactory(), true, LIMIT, timer);
    Database database = new Database(connector, 2, LIMIT, timer, System::nanoTime);
    AtomicInteger errors = new AtomicInteger();
    try {
      caller.schedule(
          () -> {
            for (int i = 0; i < ERRORS; i++) {
              ask(database, GOOD).block(LIMIT);
              ask(database, BAD)
                  .doOnError(R2dbcException.class, error -> errors.incrementAndGet())
                  .onErrorComplete(R2dbcException.class)
                  .block(LIMIT);
            }
          });
      Await.until("every error is there", LIMIT, () -> errors.get() == ERRORS);
      assertThat(ask(database, GOOD).block(LIMIT)).isTrue();
    } finally {
      database.close().then(connector.close()).block(LIMIT);
      caller.dispose();
      timer.dispose();
    }
  }

  private static Mono<Boolean> ask(Database database, Sql sql) {
    return database.list(sql, statement -> statement.bind(0, 1), row -> true).map(rows -> true);
  }
}
