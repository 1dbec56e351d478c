package io.shigoto.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.r2dbc.spi.R2dbcException;
import io.shigoto.Schemas;
import io.shigoto.job.NewJob;
import io.shigoto.job.Receipt;
import io.shigoto.support.DatabaseExtension;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Mono;

/** An enqueue in a transaction of Spring's is part of it. */
class SpringTransactionIT {

  private static final List<String> NAMES =
      IntStream.range(0, 2500).mapToObj(i -> "n" + i).toList();

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  private Shop shop;

  @BeforeEach
  void open() {
    shop = new Shop(db);
  }

  @AfterEach
  void close() {
    shop.close();
  }

  @Test
  void jobAndOrderAreCommittedTogether() {
    shop.order(1)
        .then(shop.enqueue("a"))
        .then(shop.jobsNow())
        .doOnNext(seen -> assertThat(seen).as("seen before the commit").isEmpty())
        .then(shop.order(2))
        .as(shop.transaction::transactional)
        .block(Shop.LIMIT);
    assertThat(shop.jobs()).containsExactly("a");
    assertThat(shop.orders()).isEqualTo(2);
  }

  @Test
  void jobAndOrderAreRolledBackTogether() {
    Mono<Void> work = shop.order(1).then(shop.enqueue("a")).then(Shop.fail());
    assertThatThrownBy(() -> shop.transaction.transactional(work).block(Shop.LIMIT))
        .hasMessage("no");
    assertThat(shop.jobs()).isEmpty();
    assertThat(shop.orders()).isZero();
  }

  @Test
  void messagesAreCommittedOrRolledBackWithTheOrder() {
    Mono<Long> work = shop.order(1).then(shop.shigoto.broadcasts().publish("orders", 1));
    assertThatThrownBy(
            () -> shop.transaction.transactional(work.then(Shop.fail())).block(Shop.LIMIT))
        .hasMessage("no");
    assertThat(db.number("SELECT count(*) FROM shigoto.broadcasts")).isZero();

    Long id = work.as(shop.transaction::transactional).block(Shop.LIMIT);

    assertThat(db.number("SELECT id FROM shigoto.broadcasts")).isEqualTo(id);
    assertThat(shop.orders()).isOne();
  }

  @Test
  void jobIsNotAwaitedInTheTransactionThatEnqueuesIt() {
    Mono<Void> work = shop.shigoto.enqueueAndAwait(NewJob.of("a", List.of()));
    assertThatThrownBy(() -> shop.transaction.transactional(work).block(Shop.LIMIT))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("nobody sees it before the commit");
    assertThat(shop.jobs()).isEmpty();
  }

  @Test
  void onlyStatementOfATransactionIsCommitted() {
    shop.enqueue("a").as(shop.transaction::transactional).block(Shop.LIMIT);
    assertThat(shop.jobs()).containsExactly("a");
  }

  @Test
  void onlyStatementOfATransactionIsRolledBack() {
    Mono<Void> work = shop.enqueue("a").then(Shop.fail());
    assertThatThrownBy(() -> shop.transaction.transactional(work).block(Shop.LIMIT))
        .hasMessage("no");
    assertThat(shop.jobs()).isEmpty();
  }

  @Test
  void twoJobsAloneAreCommitted() {
    shop.enqueue("a").then(shop.enqueue("b")).as(shop.transaction::transactional).block(Shop.LIMIT);
    assertThat(shop.jobs()).containsExactly("a", "b");
  }

  @Test
  void firstStatementOfATransactionBelongsToIt() {
    Mono<Void> work =
        shop.enqueue("a").then(shop.enqueue("b")).then(shop.order(1)).then(Shop.fail());
    assertThatThrownBy(() -> shop.transaction.transactional(work).block(Shop.LIMIT))
        .hasMessage("no");
    assertThat(shop.jobs()).isEmpty();
    assertThat(shop.orders()).isZero();
    shop.enqueue("c").then(shop.order(1)).as(shop.transaction::transactional).block(Shop.LIMIT);
    assertThat(shop.jobs()).containsExactly("c");
    assertThat(shop.orders()).isEqualTo(1);
  }

  @Test
  void rollbackOnlyTransactionKeepsNothing() {
    shop.transaction
        .execute(status -> shop.enqueue("a").doOnNext(receipt -> status.setRollbackOnly()))
        .blockLast(Shop.LIMIT);
    assertThat(shop.jobs()).isEmpty();
  }

  @Test
  void manyJobsKeepTheirOrder() {
    List<Receipt> receipts =
        shop.transaction.transactional(shop.enqueueMany(NAMES)).collectList().block(Shop.LIMIT);
    assertThat(receipts).extracting(Receipt::id).isSorted().doesNotHaveDuplicates();
    assertThat(receipts).hasSameSizeAs(NAMES);
    assertThat(shop.jobs()).isEqualTo(NAMES);
  }

  @Test
  void manyJobsAreRolledBackTogether() {
    Mono<Void> work = shop.enqueueMany(NAMES).then(Shop.fail());
    assertThatThrownBy(() -> shop.transaction.transactional(work).block(Shop.LIMIT))
        .hasMessage("no");
    assertThat(shop.jobs()).isEmpty();
  }

  @Test
  void errorOfTheServerIsTheDriversOwn() {
    Mono<Receipt> broken =
        shop.client.sql("SELECT 1 / 0").fetch().first().onErrorComplete().then(shop.enqueue("a"));
    assertThatThrownBy(() -> shop.transaction.transactional(broken).block(Shop.LIMIT))
        .isInstanceOf(R2dbcException.class)
        .extracting(error -> ((R2dbcException) error).getSqlState())
        .isEqualTo("25P02");
    assertThat(shop.jobs()).isEmpty();
  }

  @Test
  void enqueueOutsideIsCommittedByItself() {
    shop.enqueue("a").block(Shop.LIMIT);
    assertThat(shop.jobs()).containsExactly("a");
    shop.enqueueMany(List.of("b", "c")).blockLast(Shop.LIMIT);
    assertThat(shop.jobs()).containsExactly("a", "b", "c");
  }
}
