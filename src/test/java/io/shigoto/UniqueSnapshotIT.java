package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static io.shigoto.worker.Unique.Field.ARGS;
import static io.shigoto.worker.Unique.Field.WORKER;
import static org.assertj.core.api.Assertions.assertThat;

import io.r2dbc.spi.Connection;
import io.r2dbc.spi.IsolationLevel;
import io.shigoto.job.JobState;
import io.shigoto.job.NewJob;
import io.shigoto.job.Receipt;
import io.shigoto.job.Receipt.Change;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.worker.Unique;
import io.shigoto.worker.Unique.Replace;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** What jobs that change those they meet do in a transaction that does not see all of them. */
class UniqueSnapshotIT {

  private static final Unique LATEST = Unique.by(WORKER, ARGS).replace(Replace.PRIORITY);

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private Shigoto node;

  @BeforeEach
  void build() {
    node = nodes.build(Shigoto.builder(db.connectionFactory()));
  }

  /** One of them has ended, one is new. */
  @ParameterizedTest
  @MethodSource("io.shigoto.OldSnapshot#levels")
  void whatIsSeenIsChangedWhateverBecameOfTheOthers(IsolationLevel level) {
    List<Receipt> first = enqueue(job(1), job(2), job(3));

    List<Receipt> next =
        inTransaction(
            level,
            connection -> {
              OldSnapshot.end(db, first.get(1).id());
              return enqueue(
                  connection,
                  job(1).priority(7),
                  job(2).priority(7),
                  job(3).priority(7),
                  job(4).priority(7));
            });

    Set<Change> priority = Set.of(Change.PRIORITY);
    assertThat(next.get(0)).isEqualTo(Receipt.conflict(first.get(0).id(), priority));
    assertThat(next.get(1)).isInstanceOf(Receipt.Inserted.class);
    assertThat(next.get(2)).isEqualTo(Receipt.conflict(first.get(2).id(), priority));
    assertThat(next.get(3)).isInstanceOf(Receipt.Inserted.class);
    assertThat(db.number("SELECT count(*) FROM shigoto.jobs WHERE priority = 7")).isEqualTo(4);
  }

  @ParameterizedTest
  @MethodSource("io.shigoto.OldSnapshot#levels")
  void ofThoseThatComeTogetherTheLastWins(IsolationLevel level) {
    long first = enqueue(job(1)).get(0).id();

    List<Receipt> next =
        inTransaction(
            level,
            connection -> {
              OldSnapshot.end(db, first);
              return enqueue(
                  connection, job(1).priority(5), job(1).priority(6), job(1).priority(7));
            });

    assertTheFirstIsChangedByTheOthers(next);
  }

  private void assertTheFirstIsChangedByTheOthers(List<Receipt> three) {
    Receipt last = Receipt.conflict(three.get(0).id(), Set.of(Change.PRIORITY));
    assertThat(three.get(0)).isInstanceOf(Receipt.Inserted.class);
    assertThat(three.subList(1, 3)).containsExactly(last, last);
    assertThat(node.jobs().find(last.id()).block(LIMIT).priority()).isEqualTo(7);
  }

  /** One after the other: the transaction meets its own job, although it sees the other one too. */
  @ParameterizedTest
  @MethodSource("io.shigoto.OldSnapshot#levels")
  void aTransactionMeetsItsOwnJob(IsolationLevel level) {
    long first = enqueue(job(1)).get(0).id();

    List<Receipt> next =
        inTransaction(
            level,
            connection -> {
              OldSnapshot.end(db, first);
              return Flux.range(5, 3)
                  .concatMap(priority -> node.enqueue(job(1).priority(priority), connection))
                  .collectList();
            });

    assertTheFirstIsChangedByTheOthers(next);
  }

  /** Outside, the one that it ended lives; and what comes with it is there, unseen. */
  @ParameterizedTest
  @MethodSource("io.shigoto.OldSnapshot#levels")
  void aKeyWhoseJobTheTransactionItselfEndedIsFree(IsolationLevel level) {
    long own = enqueue(job(1)).get(0).id();

    List<Receipt> next =
        inTransaction(
            level,
            connection -> {
              long other = enqueue(job(2)).get(0).id();
              return OldSnapshot.end(connection, own)
                  .then(Mono.defer(() -> enqueue(connection, job(1), job(2))))
                  .doOnNext(receipts -> assertThat(receipts.get(1).id()).isEqualTo(other));
            });

    assertThat(next.get(0)).isInstanceOf(Receipt.Inserted.class);
    assertThat(next.get(1)).isInstanceOf(Receipt.Conflict.class);
  }

  /** A job that is moved into the future holds its key no more. */
  @ParameterizedTest
  @MethodSource("io.shigoto.OldSnapshot#levels")
  void whatTheTransactionItselfGaveUpIsFree(IsolationLevel level) {
    Unique due =
        Unique.by(WORKER)
            .states(Unique.State.AVAILABLE, Unique.State.EXECUTING)
            .replace(Replace.SCHEDULED_AT);
    NewJob now = NewJob.of("due", Map.of()).unique(due);

    List<Receipt> receipts =
        inTransaction(
            level,
            connection ->
                Flux.just(now, now.delay(Duration.ofHours(1)), now)
                    .concatMap(job -> node.enqueue(job, connection))
                    .collectList());

    assertThat(receipts.get(1))
        .isEqualTo(Receipt.conflict(receipts.get(0).id(), Set.of(Change.SCHEDULED_AT)));
    assertThat(receipts.get(2)).isInstanceOf(Receipt.Inserted.class);
    assertThat(node.jobs().find(receipts.get(0).id()).block(LIMIT).state())
        .isEqualTo(JobState.SCHEDULED);
  }

  private static NewJob job(int n) {
    return NewJob.of("work", Map.of("n", n)).unique(LATEST);
  }

  private List<Receipt> enqueue(NewJob... jobs) {
    return node.enqueueAll(Flux.just(jobs)).collectList().block(LIMIT);
  }

  private Mono<List<Receipt>> enqueue(Connection connection, NewJob... jobs) {
    return node.enqueueAll(Flux.fromStream(Stream.of(jobs)), connection).collectList();
  }

  private static <T> T inTransaction(IsolationLevel level, Function<Connection, Mono<T>> work) {
    return OldSnapshot.transaction(db.connectionFactory(), level, work);
  }
}
