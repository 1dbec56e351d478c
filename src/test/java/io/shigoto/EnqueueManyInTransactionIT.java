package io.shigoto;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.r2dbc.spi.Connection;
import io.shigoto.batch.NewBatch;
import io.shigoto.internal.flow.GroupCommit;
import io.shigoto.job.NewJob;
import io.shigoto.job.Receipt;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.workflow.Workflow;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

class EnqueueManyInTransactionIT {

  private static final Duration LIMIT = Duration.ofSeconds(30);
  private static final int MANY = 2_500;
  private static final int HEAVY = 60;
  private static final int WEIGHT = 250_000;
  private static final NewBatch BATCH = NewBatch.of("nobody's", Map.of());

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

  static Stream<Arguments> waysInForMany() {
    return Stream.of(
        way("a stream", (node, at) -> node.enqueueAll(heavyJobs(), at).then()),
        way("a batch", (node, at) -> node.batches().enqueue(BATCH, heavyJobs(), at).then()),
        way(
            "a batch of its own",
            (node, at) ->
                heavyJobs()
                    .collectList()
                    .flatMap(jobs -> node.batches().enqueue(BATCH, jobs))
                    .then()),
        way(
            "a workflow",
            (node, at) -> heavySteps().flatMap(steps -> node.enqueue(steps, at)).then()));
  }

  /** Rows of one transaction that have the same cmin were written by the same statement. */
  @ParameterizedTest(name = "{0}")
  @MethodSource("waysInForMany")
  void noStatementHasMoreThanAFewMegabytes(
      String way, BiFunction<Shigoto, Connection, Mono<Void>> enqueue) {
    Shigoto shigoto = Shigoto.builder(db.connectionFactory()).build();
    Flux.usingWhen(
            db.connectionFactory().create(),
            connection ->
                Mono.from(connection.beginTransaction())
                    .then(enqueue.apply(shigoto, connection))
                    .then(Mono.from(connection.commitTransaction())),
            Connection::close)
        .then(shigoto.stop(Duration.ZERO))
        .block(LIMIT);

    assertThat(db.number("SELECT count(*) FROM shigoto.jobs")).isEqualTo(HEAVY);
    assertThat(
            db.number(
                "SELECT max(size) FROM (SELECT sum(octet_length(args::text)) AS size FROM shigoto.jobs GROUP BY cmin::text) AS statements"))
        .isBetween(1L + GroupCommit.HEAVIEST / 2, (long) GroupCommit.HEAVIEST + WEIGHT);
  }

  private static Arguments way(String name, BiFunction<Shigoto, Connection, Mono<Void>> enqueue) {
    return Arguments.of(name, enqueue);
  }

  private static Flux<NewJob> heavyJobs() {
    return Flux.range(0, HEAVY).map(n -> NewJob.of("count", "x".repeat(WEIGHT - 2)));
  }

  private static Mono<Workflow> heavySteps() {
    return heavyJobs()
        .index()
        .reduce(
            Workflow.named("heavy"), (steps, job) -> steps.step("step " + job.getT1(), job.getT2()))
        .map(Workflow.Builder::build);
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
