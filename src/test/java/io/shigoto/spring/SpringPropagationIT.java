package io.shigoto.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.r2dbc.spi.Connection;
import io.r2dbc.spi.ConnectionFactory;
import io.shigoto.Schemas;
import io.shigoto.event.JobEvent;
import io.shigoto.job.Receipt;
import io.shigoto.support.DatabaseExtension;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.springframework.r2dbc.connection.DelegatingConnectionFactory;
import org.springframework.r2dbc.connection.TransactionAwareConnectionFactoryProxy;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.reactive.TransactionSynchronization;
import org.springframework.transaction.reactive.TransactionSynchronizationManager;
import org.springframework.transaction.reactive.TransactionalOperator;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/** Which of several transactions an enqueue joins, and which it does not. */
class SpringPropagationIT {

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  private Shop shop;
  private Disposable events = Disposables.disposed();

  @BeforeEach
  void open() {
    shop = new Shop(db);
  }

  @AfterEach
  void close() {
    events.dispose();
    shop.close();
  }

  @Test
  void innerTransactionCommitsAlone() {
    TransactionalOperator inner = shop.transaction(TransactionDefinition.PROPAGATION_REQUIRES_NEW);
    Mono<Void> work =
        shop.enqueue("outer")
            .then(inner.transactional(shop.enqueue("inner")))
            .then(shop.enqueue("x"))
            .then(Shop.fail());
    assertThatThrownBy(() -> shop.transaction.transactional(work).block(Shop.LIMIT))
        .hasMessage("no");
    assertThat(shop.jobs()).containsExactly("inner");
  }

  @Test
  void innerTransactionRollsBackAlone() {
    TransactionalOperator inner = shop.transaction(TransactionDefinition.PROPAGATION_REQUIRES_NEW);
    shop.enqueue("outer")
        .then(inner.transactional(shop.enqueue("inner").then(Shop.fail())).onErrorComplete())
        .then(shop.enqueue("later"))
        .as(shop.transaction::transactional)
        .block(Shop.LIMIT);
    assertThat(shop.jobs()).containsExactly("outer", "later");
  }

  @Test
  void nestedTransactionRollsBackToItsSavepoint() {
    TransactionalOperator nested = shop.transaction(TransactionDefinition.PROPAGATION_NESTED);
    shop.enqueue("outer")
        .then(nested.transactional(shop.enqueue("nested").then(Shop.fail())).onErrorComplete())
        .then(nested.transactional(shop.enqueue("kept")))
        .as(shop.transaction::transactional)
        .block(Shop.LIMIT);
    assertThat(shop.jobs()).containsExactly("outer", "kept");
  }

  @Test
  void suspendedTransactionIsNotJoined() {
    TransactionalOperator none = shop.transaction(TransactionDefinition.PROPAGATION_NOT_SUPPORTED);
    Mono<Void> work =
        shop.enqueue("joined").then(none.transactional(shop.enqueue("alone"))).then(Shop.fail());
    assertThatThrownBy(() -> shop.transaction.transactional(work).block(Shop.LIMIT))
        .hasMessage("no");
    assertThat(shop.jobs()).containsExactly("alone");
  }

  @Test
  void transactionOfAnotherFactoryIsNotJoined() {
    TransactionalOperator elsewhere =
        Shop.transaction(db.connectionFactory(), TransactionDefinition.PROPAGATION_REQUIRED);
    Mono<List<JobEvent>> events = inserted(2);
    // After the order Spring keeps a connection of the shop's, which is in no transaction.
    Mono<Void> work =
        shop.enqueue("a").then(shop.order(1)).then(shop.enqueue("b")).then(Shop.fail());
    assertThatThrownBy(() -> elsewhere.transactional(work).block(Shop.LIMIT)).hasMessage("no");
    assertThat(shop.jobs()).containsExactly("a", "b");
    assertThat(events.block(Shop.LIMIT)).extracting(JobEvent::worker).containsExactly("a", "b");
  }

  @Test
  void ownTransactionGoesBeforeThatOfAnotherLayer() {
    TransactionalOperator around =
        Shop.transaction(
            new DelegatingConnectionFactory(shop.factory),
            TransactionDefinition.PROPAGATION_REQUIRED);
    Mono<Receipt> own = shop.transaction.transactional(shop.enqueue("own"));
    Mono<Void> work = own.then(shop.enqueue("around")).then(Shop.fail());
    assertThatThrownBy(() -> around.transactional(work).block(Shop.LIMIT)).hasMessage("no");
    assertThat(shop.jobs()).containsExactly("own");
  }

  @Test
  void transactionInsideOneOfAnotherFactoryIsJoined() {
    TransactionalOperator elsewhere =
        Shop.transaction(db.connectionFactory(), TransactionDefinition.PROPAGATION_REQUIRED);
    Mono<Void> own = shop.transaction.transactional(shop.enqueue("a").then(Shop.fail()));
    elsewhere.transactional(own.onErrorComplete().then(shop.enqueue("b"))).block(Shop.LIMIT);
    assertThat(shop.jobs()).containsExactly("b");
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
                            return shop.enqueue("after").then();
                          }
                        }))
            .then();
    shop.enqueue("in").then(later).as(shop.transaction::transactional).block(Shop.LIMIT);
    assertThat(shop.jobs()).containsExactly("in", "after");
  }

  @Test
  void jobIsNotCommittedAloneWhenItsTransactionIsBroken() {
    // One statement through this proxy takes the connection from the transaction.
    ConnectionFactory proxy = new TransactionAwareConnectionFactoryProxy(shop.factory);
    Mono<Long> breaking =
        Mono.usingWhen(
            proxy.create(),
            connection ->
                Mono.from(connection.createStatement("SELECT 1").execute()).then(Mono.just(1L)),
            Connection::close);
    Mono<Receipt> work = breaking.then(shop.enqueue("a"));
    assertThatThrownBy(() -> shop.transaction.transactional(work).block(Shop.LIMIT))
        .isInstanceOf(IllegalStateException.class);
    assertThat(shop.jobs()).isEmpty();
  }

  /** The first jobs from now on that the node itself committed. */
  private Mono<List<JobEvent>> inserted(int count) {
    Sinks.Many<JobEvent> seen = Sinks.many().replay().all();
    events =
        shop.shigoto
            .events()
            .filter(event -> event.kind() == JobEvent.Kind.INSERTED)
            .subscribe(event -> seen.tryEmitNext(event).orThrow());
    return seen.asFlux().take(count).collectList();
  }
}
