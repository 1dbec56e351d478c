package io.shigoto;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.r2dbc.spi.Connection;
import io.shigoto.job.NewJob;
import io.shigoto.job.Receipt;
import io.shigoto.support.DatabaseExtension;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

class EnqueueManyInTransactionIT {

  private static final Duration LIMIT = Duration.ofSeconds(30);
  private static final int MANY = 2_500;

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @Test
  void allAreThereInTheirOrderAfterTheCommit() {
    List<Receipt> receipts = inTransaction(jobs(), Connection::commitTransaction);

    assertThat(receipts).hasSize(MANY);
    assertThat(receipts).extracting(Receipt::id).isSorted().doesNotHaveDuplicates();
    assertThat(db.sql("SELECT id, (args->>'n')::int AS n FROM shigoto.jobs ORDER BY id"))
        .extracting(row -> row.get("n"))
        .containsExactlyElementsOf(Flux.range(0, MANY).collectList().block(LIMIT));
  }

  @Test
  void noneIsThereAfterARollback() {
    inTransaction(jobs(), Connection::rollbackTransaction);

    assertThat(db.number("SELECT count(*) FROM shigoto.jobs")).isZero();
  }

  @Test
  void aJobThatCannotBeEnqueuedIsNamedAndTheTransactionIsTheCallers() {
    Flux<NewJob> oneIsBad =
        Flux.concat(jobs(), Mono.just(NewJob.of("count", Map.of("text", "a\0b"))));

    assertThatThrownBy(() -> inTransaction(oneIsBad, Connection::commitTransaction))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("\\u0000");
    assertThat(db.number("SELECT count(*) FROM shigoto.jobs")).isZero();
  }

  private static Flux<NewJob> jobs() {
    return Flux.range(0, MANY).map(n -> NewJob.of("count", Map.of("n", n)));
  }

  private static List<Receipt> inTransaction(
      Publisher<NewJob> jobs, Function<Connection, Publisher<Void>> end) {
    Shigoto shigoto = Shigoto.builder(db.connectionFactory()).build();
    return Flux.usingWhen(
            db.connectionFactory().create(),
            connection ->
                Mono.from(connection.beginTransaction())
                    .thenMany(shigoto.enqueueAll(jobs, connection))
                    .collectList()
                    .delayUntil(receipts -> end.apply(connection)),
            Connection::close)
        .single()
        .delayUntil(receipts -> shigoto.stop(Duration.ZERO))
        .block(LIMIT);
  }
}
