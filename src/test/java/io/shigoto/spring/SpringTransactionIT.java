package io.shigoto.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.r2dbc.spi.ConnectionFactory;
import io.r2dbc.spi.R2dbcException;
import io.shigoto.Schemas;
import io.shigoto.Shigoto;
import io.shigoto.job.NewJob;
import io.shigoto.job.Receipt;
import io.shigoto.support.DatabaseExtension;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.springframework.r2dbc.connection.R2dbcTransactionManager;
import org.springframework.r2dbc.core.DatabaseClient;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.reactive.TransactionSynchronization;
import org.springframework.transaction.reactive.TransactionSynchronizationManager;
import org.springframework.transaction.reactive.TransactionalOperator;
import org.springframework.transaction.support.DefaultTransactionDefinition;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/** An enqueue in a transaction of Spring's is part of it. */
class SpringTransactionIT {

  private static final Duration LIMIT = Duration.ofSeconds(20);
  private static final int MANY = 2500;

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  private ConnectionFactory factory;
  private Shigoto shigoto;
  private TransactionalOperator transaction;
  private DatabaseClient client;

  @BeforeEach
  void start() {
    factory = db.connectionFactory();
    shigoto = Shigoto.builder(factory).build();
    transaction = operator(factory, TransactionDefinition.PROPAGATION_REQUIRED);
    client = DatabaseClient.create(factory);
    db.sql("CREATE TABLE IF NOT EXISTS orders (id integer PRIMARY KEY); TRUNCATE orders");
  }

  @AfterEach
  void stop() {
    shigoto.stop(Duration.ZERO).block(LIMIT);
  }

  @Test
  void jobAndOrderAreCommittedTogether() {
    order(1)
        .then(enqueue("a"))
        .then(Mono.fromCallable(SpringTransactionIT::jobs).subscribeOn(Schedulers.boundedElastic()))
        .doOnNext(seen -> assertThat(seen).as("seen before the commit").isEmpty())
        .then(order(2))
        .as(transaction::transactional)
        .block(LIMIT);
    assertThat(jobs()).containsExactly("a");
    assertThat(orders()).isEqualTo(2);
  }

  @Test
  void jobAndOrderAreRolledBackTogether() {
    Mono<Void> work = order(1).then(enqueue("a")).then(fail());
    assertThatThrownBy(() -> transaction.transactional(work).block(LIMIT)).hasMessage("no");
    assertThat(jobs()).isEmpty();
    assertThat(orders()).isZero();
  }

  @Test
  void onlyStatementOfATransactionIsCommitted() {
    enqueue("a").as(transaction::transactional).block(LIMIT);
    assertThat(jobs()).containsExactly("a");
  }

  @Test
  void onlyStatementOfATransactionIsRolledBack() {
    Mono<Void> work = enqueue("a").then(fail());
    assertThatThrownBy(() -> transaction.transactional(work).block(LIMIT)).hasMessage("no");
    assertThat(jobs()).isEmpty();
  }

  @Test
  void twoJobsAloneAreCommitted() {
    enqueue("a").then(enqueue("b")).as(transaction::transactional).block(LIMIT);
    assertThat(jobs()).containsExactly("a", "b");
  }

  @Test
  void firstStatementOfATransactionBelongsToIt() {
    Mono<Void> work = enqueue("a").then(enqueue("b")).then(order(1)).then(fail());
    assertThatThrownBy(() -> transaction.transactional(work).block(LIMIT)).hasMessage("no");
    assertThat(jobs()).isEmpty();
    assertThat(orders()).isZero();
    enqueue("c").then(order(1)).as(transaction::transactional).block(LIMIT);
    assertThat(jobs()).containsExactly("c");
    assertThat(orders()).isEqualTo(1);
  }

  @Test
  void rollbackOnlyTransactionKeepsNothing() {
    transaction
        .execute(status -> enqueue("a").doOnNext(receipt -> status.setRollbackOnly()))
        .blockLast(LIMIT);
    assertThat(jobs()).isEmpty();
  }

  @Test
  void innerTransactionCommitsAlone() {
    TransactionalOperator inner = operator(factory, TransactionDefinition.PROPAGATION_REQUIRES_NEW);
    Mono<Void> work =
        enqueue("outer")
            .then(inner.transactional(enqueue("inner")))
            .then(enqueue("x"))
            .then(fail());
    assertThatThrownBy(() -> transaction.transactional(work).block(LIMIT)).hasMessage("no");
    assertThat(jobs()).containsExactly("inner");
  }

  @Test
  void innerTransactionRollsBackAlone() {
    TransactionalOperator inner = operator(factory, TransactionDefinition.PROPAGATION_REQUIRES_NEW);
    enqueue("outer")
        .then(inner.transactional(enqueue("inner").then(fail())).onErrorComplete())
        .then(enqueue("later"))
        .as(transaction::transactional)
        .block(LIMIT);
    assertThat(jobs()).containsExactly("outer", "later");
  }

  @Test
  void nestedTransactionRollsBackToItsSavepoint() {
    TransactionalOperator nested = operator(factory, TransactionDefinition.PROPAGATION_NESTED);
    enqueue("outer")
        .then(nested.transactional(enqueue("nested").then(fail())).onErrorComplete())
        .then(nested.transactional(enqueue("kept")))
        .as(transaction::transactional)
        .block(LIMIT);
    assertThat(jobs()).containsExactly("outer", "kept");
  }

  @Test
  void suspendedTransactionIsNotJoined() {
    TransactionalOperator none = operator(factory, TransactionDefinition.PROPAGATION_NOT_SUPPORTED);
    Mono<Void> work = enqueue("joined").then(none.transactional(enqueue("alone"))).then(fail());
    assertThatThrownBy(() -> transaction.transactional(work).block(LIMIT)).hasMessage("no");
    assertThat(jobs()).containsExactly("alone");
  }

  @Test
  void transactionOfAnotherFactoryIsNotJoined() {
    ConnectionFactory other = db.connectionFactory();
    TransactionalOperator elsewhere = operator(other, TransactionDefinition.PROPAGATION_REQUIRED);
    // The second statement of this factory makes Spring keep a connection that is in no
    // transaction.
    Mono<Void> work = enqueue("a").then(order(1)).then(enqueue("b")).then(fail());
    assertThatThrownBy(() -> elsewhere.transactional(work).block(LIMIT)).hasMessage("no");
    assertThat(jobs()).containsExactlyInAnyOrder("a", "b");
  }

  @Test
  void transactionInsideOneOfAnotherFactoryIsJoined() {
    TransactionalOperator elsewhere =
        operator(db.connectionFactory(), TransactionDefinition.PROPAGATION_REQUIRED);
    Mono<Void> own = transaction.transactional(enqueue("a").then(fail()));
    elsewhere.transactional(own.onErrorComplete().then(enqueue("b"))).block(LIMIT);
    assertThat(jobs()).containsExactly("b");
  }

  @Test
  void enqueueAfterTheCommitStandsForItself() {
    Mono<Void> later =
        TransactionSynchronizationManager.forCurrentTransaction()
            .doOnNext(
                current ->
                    current.registerSynchronization(
                        new TransactionSynchronization() {
                          @Override
                          public Mono<Void> afterCommit() {
                            return enqueue("after").then();
                          }
                        }))
            .then();
    enqueue("in").then(later).as(transaction::transactional).block(LIMIT);
    assertThat(jobs()).containsExactly("in", "after");
  }

  @Test
  void manyJobsKeepTheirOrder() {
    List<Receipt> receipts =
        enqueueMany().as(transaction::transactional).collectList().block(LIMIT);
    List<String> names = IntStream.range(0, MANY).mapToObj(i -> "n" + i).toList();
    assertThat(receipts).extracting(Receipt::id).isSorted().doesNotHaveDuplicates().hasSize(MANY);
    assertThat(jobs()).isEqualTo(names);
  }

  @Test
  void manyJobsAreRolledBackTogether() {
    Mono<Void> work = enqueueMany().then(fail());
    assertThatThrownBy(() -> transaction.transactional(work).block(LIMIT)).hasMessage("no");
    assertThat(jobs()).isEmpty();
  }

  @Test
  void errorOfTheServerIsTheDriversOwn() {
    Mono<Receipt> broken =
        client.sql("SELECT 1 / 0").fetch().first().onErrorComplete().then(enqueue("a"));
    assertThatThrownBy(() -> transaction.transactional(broken).block(LIMIT))
        .isInstanceOf(R2dbcException.class)
        .extracting(error -> ((R2dbcException) error).getSqlState())
        .isEqualTo("25P02");
    assertThat(jobs()).isEmpty();
  }

  private Mono<Receipt> enqueue(String worker) {
    return shigoto.enqueue(NewJob.of(worker, List.of()));
  }

  private Flux<Receipt> enqueueMany() {
    return shigoto.enqueueAll(Flux.range(0, MANY).map(i -> NewJob.of("n" + i, List.of())));
  }

  private Mono<Long> order(int id) {
    return client.sql("INSERT INTO orders VALUES (:id)").bind("id", id).fetch().rowsUpdated();
  }

  private static Mono<Void> fail() {
    return Mono.error(() -> new IllegalArgumentException("no"));
  }

  private static List<String> jobs() {
    return db.sql("SELECT worker FROM shigoto.jobs ORDER BY id").stream()
        .map(row -> (String) row.get("worker"))
        .toList();
  }

  private static long orders() {
    return db.number("SELECT count(*) FROM orders");
  }

  private static TransactionalOperator operator(ConnectionFactory factory, int propagation) {
    return TransactionalOperator.create(
        new R2dbcTransactionManager(factory), new DefaultTransactionDefinition(propagation));
  }
}
