package io.shigoto.spring;

import io.r2dbc.spi.ConnectionFactory;
import io.shigoto.Shigoto;
import io.shigoto.job.NewJob;
import io.shigoto.job.Receipt;
import io.shigoto.support.DatabaseExtension;
import java.time.Duration;
import java.util.List;
import org.springframework.r2dbc.connection.R2dbcTransactionManager;
import org.springframework.r2dbc.core.DatabaseClient;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.reactive.TransactionalOperator;
import org.springframework.transaction.support.DefaultTransactionDefinition;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/** An application with orders of its own, and a node that only enqueues. */
final class Shop implements AutoCloseable {

  static final Duration LIMIT = Duration.ofSeconds(20);

  private final DatabaseExtension db;
  final ConnectionFactory factory;
  final Shigoto shigoto;
  final DatabaseClient client;
  final TransactionalOperator transaction;

  Shop(DatabaseExtension db) {
    this.db = db;
    this.factory = db.connectionFactory();
    this.shigoto = Shigoto.builder(factory).build();
    this.client = DatabaseClient.create(factory);
    this.transaction = transaction(TransactionDefinition.PROPAGATION_REQUIRED);
    db.sql("CREATE TABLE IF NOT EXISTS orders (id integer PRIMARY KEY); TRUNCATE orders");
  }

  TransactionalOperator transaction(int propagation) {
    return transaction(factory, propagation);
  }

  static TransactionalOperator transaction(ConnectionFactory factory, int propagation) {
    return TransactionalOperator.create(
        new R2dbcTransactionManager(factory), new DefaultTransactionDefinition(propagation));
  }

  /** Enqueues a job that is known by its worker's name. */
  Mono<Receipt> enqueue(String worker) {
    return shigoto.enqueue(NewJob.of(worker, List.of()));
  }

  Flux<Receipt> enqueueMany(List<String> workers) {
    return shigoto.enqueueAll(
        Flux.fromIterable(workers).map(worker -> NewJob.of(worker, List.of())));
  }

  Mono<Long> order(int id) {
    return client.sql("INSERT INTO orders VALUES (:id)").bind("id", id).fetch().rowsUpdated();
  }

  static <T> Mono<T> fail() {
    return Mono.error(() -> new IllegalArgumentException("no"));
  }

  /** The workers of the jobs that anybody can see, in the order of their ids. */
  List<String> jobs() {
    return db.sql("SELECT worker FROM shigoto.jobs ORDER BY id").stream()
        .map(row -> (String) row.get("worker"))
        .toList();
  }

  /** As {@link #jobs()}, where nothing may block. */
  Mono<List<String>> jobsNow() {
    return Mono.fromCallable(this::jobs).subscribeOn(Schedulers.boundedElastic());
  }

  long orders() {
    return db.number("SELECT count(*) FROM orders");
  }

  @Override
  public void close() {
    shigoto.stop(Duration.ZERO).block(LIMIT);
  }
}
