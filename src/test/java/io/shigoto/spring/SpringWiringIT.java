package io.shigoto.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.r2dbc.pool.ConnectionPool;
import io.r2dbc.pool.ConnectionPoolConfiguration;
import io.r2dbc.postgresql.PostgresqlConnectionFactoryProvider;
import io.r2dbc.spi.ConnectionFactories;
import io.r2dbc.spi.ConnectionFactory;
import io.shigoto.Schemas;
import io.shigoto.Shigoto;
import io.shigoto.job.NewJob;
import io.shigoto.job.Receipt;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.r2dbc.connection.R2dbcTransactionManager;
import org.springframework.r2dbc.connection.TransactionAwareConnectionFactoryProxy;
import org.springframework.transaction.reactive.TransactionalOperator;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** The transaction is joined whatever stands around the driver's factory, and nothing leaks. */
class SpringWiringIT {

  private static final Duration LIMIT = Duration.ofSeconds(20);
  private static final String APPLICATION = "wiring";
  private static final int POOL_SIZE = 2;
  private static final int ROUNDS = 10;

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  /** What the transaction manager has, and what the library was given. */
  enum Wiring {
    SAME_DRIVER(false, false, false),
    SAME_POOL(true, true, false),
    DRIVER_UNDER_THE_POOL(true, false, false),
    POOL_AROUND_THE_DRIVER(false, true, false),
    PROXY_OF_THE_DRIVER(false, false, true),
    PROXY_OF_THE_POOL(true, true, true);

    final boolean managerHasPool;
    final boolean libraryHasPool;
    final boolean libraryHasProxy;

    Wiring(boolean managerHasPool, boolean libraryHasPool, boolean libraryHasProxy) {
      this.managerHasPool = managerHasPool;
      this.libraryHasPool = libraryHasPool;
      this.libraryHasProxy = libraryHasProxy;
    }
  }

  private ConnectionFactory driver;
  private ConnectionPool pool;

  @BeforeEach
  void connect() {
    driver =
        ConnectionFactories.get(
            db.options()
                .mutate()
                .option(PostgresqlConnectionFactoryProvider.APPLICATION_NAME, APPLICATION)
                .build());
    pool =
        new ConnectionPool(ConnectionPoolConfiguration.builder(driver).maxSize(POOL_SIZE).build());
  }

  @AfterEach
  void disconnect() {
    pool.disposeLater().block(LIMIT);
  }

  @ParameterizedTest
  @EnumSource
  void jobsAloneAreCommittedAndRolledBackAndNothingLeaks(Wiring wiring) {
    Shigoto shigoto = Shigoto.builder(given(wiring)).build();
    TransactionalOperator transaction =
        TransactionalOperator.create(
            new R2dbcTransactionManager(wiring.managerHasPool ? pool : driver));
    Mono<Receipt> enqueue = shigoto.enqueue(NewJob.of("any", List.of()));

    for (int i = 0; i < ROUNDS; i++) {
      transaction.transactional(enqueue).block(LIMIT);
      transaction.transactional(enqueue.then(enqueue)).block(LIMIT);
      Mono<Void> undone = enqueue.then(enqueue).then(Mono.error(new IllegalStateException("no")));
      assertThatThrownBy(() -> transaction.transactional(undone).block(LIMIT)).hasMessage("no");
      transaction
          .transactional(shigoto.enqueueAll(Flux.just(NewJob.of("any", 1), NewJob.of("any", 2))))
          .take(1)
          .blockLast(LIMIT);
    }

    assertThat(db.number("SELECT count(*) FROM shigoto.jobs")).isEqualTo(3L * ROUNDS);
    shigoto.stop(Duration.ZERO).block(LIMIT);
    pool.disposeLater().block(LIMIT);
    Await.until("every connection is closed", LIMIT, () -> connections() == 0);
  }

  private ConnectionFactory given(Wiring wiring) {
    ConnectionFactory factory = wiring.libraryHasPool ? pool : driver;
    return wiring.libraryHasProxy ? new TransactionAwareConnectionFactoryProxy(factory) : factory;
  }

  private static long connections() {
    return db.number(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1", APPLICATION);
  }
}
