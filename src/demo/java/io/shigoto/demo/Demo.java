package io.shigoto.demo;

import io.r2dbc.spi.Connection;
import io.r2dbc.spi.ConnectionFactory;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/** The work itself: from an inventory to what the database says about it afterwards. */
final class Demo {

  private final ConnectionFactory factory;
  private final WordRule rule;

  Demo(ConnectionFactory factory, WordRule rule) {
    this.factory = factory;
    this.rule = rule;
  }

  /** The server's name and version. */
  Mono<String> server() {
    return Mono.usingWhen(
        factory.create(),
        connection ->
            Mono.fromSupplier(
                () ->
                    factory.getMetadata().getName()
                        + " "
                        + connection.getMetadata().getDatabaseVersion()),
        Connection::close);
  }

  /** Counts the files when subscribed, and leaves nothing behind. */
  Mono<Report> count(Inventory inventory, Progress progress) {
    return Mono.usingWhen(
        Mono.fromSupplier(() -> new Cluster(factory, rule, progress)),
        cluster -> count(inventory, cluster, progress),
        Cluster::close,
        (cluster, error) -> cluster.close().onErrorComplete(),
        Cluster::close);
  }

  private static Mono<Report> count(Inventory inventory, Cluster cluster, Progress progress) {
    return cluster
        .start()
        .then(cluster.enqueue(inventory))
        .publishOn(Schedulers.boundedElastic())
        .doOnSuccess(committed -> progress.begin())
        .then(cluster.finish(progress))
        .then(cluster.rows())
        .map(rows -> new Report(inventory, rows));
  }
}
