package io.shigoto.bench.subject;

import io.r2dbc.postgresql.api.PostgresqlConnection;
import io.r2dbc.spi.Connection;
import io.r2dbc.spi.ConnectionFactory;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import tools.jackson.databind.json.JsonMapper;

/**
 * {@link PrototypeDrain} for jobs that come one by one: it listens, and each notification is one
 * claim. Notes when each job was started.
 */
final class PrototypeServe implements Subject {

  private static final Duration LIMIT = Duration.ofMinutes(1);
  private static final int MOST = 5000;
  private static final JsonMapper JSON = JsonMapper.builder().build();

  @Override
  public Running begin(Order order, Consumer<Map<String, Object>> done) {
    HotStatements hot = new HotStatements();
    Starts starts = new Starts(order.jobs());
    ConnectionFactory factory = order.database().connectionFactory();
    Connection claiming = HotStatements.connect(factory, LIMIT);
    Connection settling = HotStatements.connect(factory, LIMIT);
    PostgresqlConnection listening = (PostgresqlConnection) HotStatements.connect(factory, LIMIT);
    hot.join(claiming).block(LIMIT);
    listening.createStatement("LISTEN shigoto").execute().blockLast(LIMIT);
    Disposable loop =
        listening
            .getNotifications()
            .onBackpressureLatest()
            .concatMap(notification -> claims(hot, claiming), 0)
            .filter(jobs -> !jobs.isEmpty())
            .publishOn(Schedulers.parallel(), 1)
            .doOnNext(jobs -> jobs.forEach(job -> starts.note(number(job))))
            .concatMap(jobs -> hot.settle(settling, jobs), 1)
            .subscribe(settled -> {}, Throwable::printStackTrace);
    return () -> {
      loop.dispose();
      Flux.fromIterable(List.of(claiming, settling, listening))
          .concatMap(connection -> Mono.from(connection.close()))
          .blockLast(LIMIT);
      return starts.told();
    };
  }

  /** One more as long as they come full. */
  private static Flux<List<HotStatements.Taken>> claims(HotStatements hot, Connection claiming) {
    return hot.claim(claiming, MOST)
        .expand(jobs -> jobs.size() < MOST ? Mono.empty() : hot.claim(claiming, MOST));
  }

  private static int number(HotStatements.Taken job) {
    return JSON.readValue(job.args(), Numbered.class).i();
  }
}
