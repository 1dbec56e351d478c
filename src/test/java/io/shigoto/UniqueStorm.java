package io.shigoto;

import static io.shigoto.worker.Unique.Field.ARGS;
import static io.shigoto.worker.Unique.Field.WORKER;

import io.r2dbc.spi.Connection;
import io.r2dbc.spi.ConnectionFactory;
import io.r2dbc.spi.IsolationLevel;
import io.r2dbc.spi.R2dbcException;
import io.shigoto.batch.NewBatch;
import io.shigoto.job.NewJob;
import io.shigoto.job.Receipt;
import io.shigoto.worker.Unique;
import io.shigoto.worker.Unique.Replace;
import io.shigoto.workflow.Workflow;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.springframework.r2dbc.connection.R2dbcTransactionManager;
import org.springframework.transaction.reactive.TransactionalOperator;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Callers that enqueue jobs of few keys at the same time, each by ways in that it draws. Every
 * second key is held until its job starts, the others until it has ended; what a job changes of the
 * one that it meets is drawn, or nothing.
 */
final class UniqueStorm {

  private static final int MANY = 5;
  private static final String SERIALIZATION_FAILURE = "40001";
  private static final List<IsolationLevel> LEVELS =
      List.of(
          IsolationLevel.READ_COMMITTED,
          IsolationLevel.REPEATABLE_READ,
          IsolationLevel.SERIALIZABLE);
  private static final List<UnaryOperator<Unique>> WISHES =
      List.of(
          same -> same.replace(Replace.PRIORITY),
          same -> same.replace(Replace.SCHEDULED_AT, Replace.MAX_ATTEMPTS),
          same -> same.replace(Replace.TAGS).within(Duration.ofHours(1)),
          same -> same.debounce(Duration.ofMillis(5)),
          same -> same.debounce(Duration.ofMillis(3)).replace(Replace.PRIORITY),
          same -> same);

  private final ConnectionFactory factory;
  private final TransactionalOperator spring;
  private final int keys;
  private final int ways;
  private final boolean wishes;
  final Queue<Throwable> errors = new ConcurrentLinkedQueue<>();
  final AtomicInteger inserted = new AtomicInteger();
  final AtomicInteger conflicts = new AtomicInteger();

  /** Of serializable transactions that change jobs, which PostgreSQL may end. */
  final AtomicInteger ended = new AtomicInteger();

  /**
   * @param workflows whether some come in by workflows, which take their keys by several statements
   * @param wishes whether jobs change those that they meet
   */
  UniqueStorm(ConnectionFactory factory, int keys, boolean workflows, boolean wishes) {
    this.factory = factory;
    this.spring = TransactionalOperator.create(new R2dbcTransactionManager(factory));
    this.keys = keys;
    this.ways = workflows ? 8 : 7;
    this.wishes = wishes;
  }

  /** Enqueues this many jobs for each of the callers, who take the nodes in turn. */
  Mono<Void> rage(List<Shigoto> nodes, int callers, int jobs, long seed) {
    return Flux.range(0, callers)
        .flatMap(
            caller ->
                new Caller(nodes.get(caller % nodes.size()), new Random(seed + caller)).call(jobs),
            callers)
        .then();
  }

  private final class Caller {

    private final Shigoto node;
    private final Random random;
    private IsolationLevel level = IsolationLevel.READ_COMMITTED;

    Caller(Shigoto node, Random random) {
      this.node = node;
      this.random = random;
    }

    Mono<Void> call(int jobs) {
      return Mono.usingWhen(factory.create(), own -> call(jobs, own), Connection::close);
    }

    private Mono<Void> call(int jobs, Connection own) {
      AtomicInteger left = new AtomicInteger(jobs);
      return Mono.defer(() -> oneWay(own))
          .doOnNext(receipts -> receipts.forEach(this::count))
          .map(receipts -> Math.max(1, receipts.size()))
          .onErrorResume(
              error -> {
                failed(error);
                return rollback(own).thenReturn(MANY);
              })
          .doOnNext(done -> left.addAndGet(-done))
          .repeat(() -> left.get() > 0)
          .then();
    }

    private void failed(Throwable error) {
      if (wishes
          && level == IsolationLevel.SERIALIZABLE
          && error instanceof R2dbcException refused
          && SERIALIZATION_FAILURE.equals(refused.getSqlState())) {
        ended.incrementAndGet();
      } else {
        errors.add(error);
      }
    }

    private void count(Receipt receipt) {
      (receipt instanceof Receipt.Inserted ? inserted : conflicts).incrementAndGet();
    }

    private Mono<List<Receipt>> oneWay(Connection own) {
      level = IsolationLevel.READ_COMMITTED;
      return switch (random.nextInt(ways)) {
        case 0, 1 -> node.enqueue(job()).map(List::of);
        case 2 -> node.enqueueAll(Flux.fromIterable(many())).collectList();
        case 3 -> inTransaction(own, node.enqueue(job(), own).map(List::of));
        case 4 -> inTransaction(own, node.enqueueAll(Flux.fromIterable(many()), own).collectList());
        case 5 -> batch();
        case 6 -> spring.transactional(node.enqueue(job()).map(List::<Receipt>of));
        default -> workflow();
      };
    }

    /** Its snapshot is taken before; one of ten is rolled back. */
    private Mono<List<Receipt>> inTransaction(Connection own, Mono<List<Receipt>> work) {
      level = LEVELS.get(random.nextInt(LEVELS.size()));
      boolean commits = random.nextInt(10) > 0;
      return Mono.from(own.beginTransaction(level))
          .thenMany(
              Flux.from(own.createStatement("SELECT txid_current_snapshot()::text").execute())
                  .concatMap(result -> result.getRowsUpdated()))
          .then(work)
          .delayUntil(done -> commits ? own.commitTransaction() : own.rollbackTransaction());
    }

    private Mono<Void> rollback(Connection own) {
      return own.isAutoCommit() ? Mono.empty() : Mono.from(own.rollbackTransaction());
    }

    private Mono<List<Receipt>> workflow() {
      return node.enqueue(
              Workflow.named("storm")
                  .step("first", job())
                  .step("second", job(), Workflow.after("first"))
                  .step("third", job(), Workflow.after("first", "second"))
                  .build())
          .map(receipts -> List.copyOf(receipts.values()));
    }

    private Mono<List<Receipt>> batch() {
      return node.batches().enqueue(NewBatch.of("over", Map.of()), many()).thenReturn(List.of());
    }

    private List<NewJob> many() {
      return java.util.stream.Stream.generate(this::job).limit(MANY).toList();
    }

    private NewJob job() {
      int key = random.nextInt(keys);
      Unique same = Unique.by(WORKER, ARGS);
      return NewJob.of("work", Map.of("key", key))
          .maxAttempts(2)
          .priority(random.nextInt(5))
          .unique(wish(key % 2 == 0 ? same : same.untilStarted()));
    }

    private Unique wish(Unique same) {
      return wishes ? WISHES.get(random.nextInt(WISHES.size())).apply(same) : same;
    }
  }
}
