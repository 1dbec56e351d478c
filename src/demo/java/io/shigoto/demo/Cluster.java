package io.shigoto.demo;

import io.r2dbc.spi.Connection;
import io.r2dbc.spi.ConnectionFactory;
import io.shigoto.Shigoto;
import io.shigoto.event.JobListener;
import io.shigoto.job.NewJob;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/** Two nodes in this process, in a schema of their own that goes away with them. */
final class Cluster {

  static final String LEFT = "left";
  static final String RIGHT = "right";
  static final int SMALL_AT_ONCE = 16;
  static final int LARGE_AT_ONCE = 4;

  private static final long LARGE = 256 * 1024;
  private static final Duration LOOK = Duration.ofMillis(100);
  private static final Duration GRACE = Duration.ofSeconds(5);

  private final ConnectionFactory factory;
  private final String schema =
      "shigoto_demo_" + UUID.randomUUID().toString().replace("-", "").substring(0, 12);
  private final List<Shigoto> nodes;

  Cluster(ConnectionFactory factory, WordRule rule, JobListener listener) {
    this.factory = factory;
    this.nodes = Stream.of(LEFT, RIGHT).map(name -> node(name, rule, listener)).toList();
  }

  Mono<Void> start() {
    return Flux.fromIterable(nodes).flatMap(Shigoto::start).then();
  }

  /** Inserts one job per file: all of them or, if anything fails, none. */
  Mono<Void> enqueue(Inventory inventory) {
    return Flux.usingWhen(
            factory.create(),
            connection ->
                Mono.from(connection.beginTransaction())
                    .thenMany(nodes.get(0).enqueueAll(jobs(inventory), connection))
                    .then(Mono.from(connection.commitTransaction())),
            Connection::close)
        .then();
  }

  /** Completes when no job is left to run; shows how far it is. */
  Mono<Void> finish(Progress progress) {
    return Flux.usingWhen(
            factory.create(),
            connection ->
                Flux.interval(LOOK)
                    .onBackpressureDrop()
                    .concatMap(tick -> isBusy(connection), 0)
                    .publishOn(Schedulers.boundedElastic())
                    .doOnNext(busy -> progress.show())
                    .takeUntil(busy -> !busy),
            Connection::close)
        .then();
  }

  /** Every job as it stands in the database. */
  Mono<List<Row>> rows() {
    return Row.all(factory, schema, "CountFile");
  }

  /** Stops the nodes and drops the schema. */
  Mono<Void> close() {
    return Flux.fromIterable(nodes)
        .flatMap(node -> node.stop(GRACE))
        .thenMany(
            Flux.usingWhen(
                factory.create(),
                connection -> execute(connection, "DROP SCHEMA IF EXISTS " + schema + " CASCADE"),
                Connection::close))
        .then();
  }

  private Shigoto node(String name, WordRule rule, JobListener listener) {
    return Shigoto.builder(factory)
        .name(name)
        .schema(schema)
        .worker(new CountFile(rule))
        .queue("small", SMALL_AT_ONCE)
        .queue("large", LARGE_AT_ONCE)
        .listener(listener)
        .build();
  }

  private static Flux<NewJob> jobs(Inventory inventory) {
    return Flux.fromIterable(inventory.entries())
        .index(
            (i, entry) ->
                NewJob.of(CountFile.class, new FileToCount(entry.file(), i % 10 == 0))
                    .queue(entry.size() < LARGE ? "small" : "large"));
  }

  private Mono<Boolean> isBusy(Connection connection) {
    return Flux.from(
            connection.createStatement("SELECT EXISTS (SELECT FROM " + schema + ".jobs)").execute())
        .concatMap(result -> result.map(row -> Boolean.TRUE.equals(row.get(0, Boolean.class))))
        .next();
  }

  private static Flux<Long> execute(Connection connection, String sql) {
    return Flux.from(connection.createStatement(sql).execute())
        .concatMap(result -> result.getRowsUpdated());
  }
}
