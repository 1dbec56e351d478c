package io.shigoto;

import static org.assertj.core.api.Assertions.assertThat;

import io.r2dbc.spi.Connection;
import io.r2dbc.spi.ConnectionFactory;
import io.shigoto.batch.FinishedBatch;
import io.shigoto.batch.NewBatch;
import io.shigoto.event.JobEvent;
import io.shigoto.job.IfNotCompleted;
import io.shigoto.job.NewJob;
import io.shigoto.job.Receipt;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.worker.CircuitBreaker;
import io.shigoto.worker.JobContext;
import io.shigoto.worker.JobError;
import io.shigoto.worker.Outcome;
import io.shigoto.worker.ReactiveWorker;
import io.shigoto.worker.Unique;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Everything that follows from the end of a job, at once, on three nodes: batches that are filled
 * and sealed while their jobs end, dependents with each policy, keys, cancels, completions in
 * transactions.
 */
class StressIT {

  private static final int BATCHES = Integer.getInteger("shigoto.stress", 12);
  private static final int PARTS = 30;
  private static final Duration LIMIT = Duration.ofSeconds(60 + BATCHES);
  private static final Map<String, Object> NOTHING = Scripted.NOTHING;

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final long seed = System.nanoTime();
  private final ConnectionFactory factory = db.connectionFactory();
  private final Told told = new Told();
  private final Queue<FinishedBatch<Map<String, Object>>> reports = new ConcurrentLinkedQueue<>();
  private final Queue<Long> discarded = new ConcurrentLinkedQueue<>();

  @Test
  void everyJobIsInOnePlaceAndEveryCountIsRight() {
    List<Shigoto> all = List.of(node("a"), node("b"), node("c"));

    Flux.range(0, BATCHES)
        .flatMap(i -> new Filler(all, new Random(seed + i)).fill(), 8)
        .blockLast(LIMIT);
    Await.until("all ended", LIMIT, () -> db.number("SELECT count(*) FROM shigoto.jobs") == 0);

    assertThat(
            wrong(
                "more than one end",
                "SELECT id FROM shigoto.job_history GROUP BY id HAVING count(*) > 1"))
        .isEmpty();
    assertThat(wrong("wrong counts", WRONG_COUNTS)).isEmpty();
    assertThat(wrong("a dependent before its parent", TOO_EARLY)).isEmpty();
    for (String table : List.of("dependencies", "loose_ends", "loose_counts", "unique_keys")) {
      assertThat(db.number("SELECT count(*) FROM shigoto." + table)).as(table).isZero();
    }
    assertThat(db.number("SELECT count(*) FROM shigoto.batches WHERE finished_at IS NOT NULL"))
        .isEqualTo(BATCHES);
    assertThat(db.number("SELECT count(*) FROM shigoto.job_history WHERE worker = 'Report'"))
        .isEqualTo(BATCHES);
    assertThat(reports).hasSize(BATCHES).extracting(FinishedBatch::id).doesNotHaveDuplicates();
    assertThat(reports)
        .allMatch(
            report ->
                report.completed() + report.discarded() + report.cancelled() == report.total());
    assertEveryDiscardWasTold();
  }

  private static final String WRONG_COUNTS =
      """
      SELECT batch.id
        FROM shigoto.batches AS batch
        JOIN (SELECT batch_id, count(*) AS total,
                     count(*) FILTER (WHERE state = 'completed') AS completed,
                     count(*) FILTER (WHERE state = 'discarded') AS discarded,
                     count(*) FILTER (WHERE state = 'cancelled') AS cancelled
                FROM shigoto.job_history GROUP BY batch_id) AS real ON real.batch_id = batch.id
       WHERE (batch.total, batch.completed, batch.discarded, batch.cancelled)
          <> (real.total, real.completed, real.discarded, real.cancelled)
      """;

  private static final String TOO_EARLY =
      """
      SELECT child.id
        FROM shigoto.job_history AS child
       CROSS JOIN unnest(child.depends_on) AS parent_id
        JOIN shigoto.job_history AS parent ON parent.id = parent_id
       WHERE child.claimed_at < parent.finished_at
      """;

  private List<Map<String, Object>> wrong(String what, String sql) {
    List<Map<String, Object>> rows = db.sql(sql);
    assertThat(rows).as("%s, seed %d", what, seed).isEmpty();
    return rows;
  }

  /** Once each, those too that were discarded because of others. */
  private void assertEveryDiscardWasTold() {
    List<Long> ids =
        db.sql("SELECT id FROM shigoto.job_history WHERE state = 'discarded' ORDER BY id").stream()
            .map(row -> (Long) row.get("id"))
            .toList();
    Await.until("all discards are told", LIMIT, () -> discarded.size() >= ids.size());
    assertThat(discarded).containsExactlyInAnyOrderElementsOf(ids);
    assertThat(told.all(JobEvent.Kind.DISCARDED))
        .extracting(JobEvent::jobId)
        .containsExactlyInAnyOrderElementsOf(ids);
  }

  private Shigoto node(String name) {
    return nodes.start(
        Shigoto.builder(db.connectionFactory())
            .name(name)
            .worker(new Part())
            .worker(new Report())
            .queue("default", 10)
            .listener(told));
  }

  /** Opens a batch, fills it bit by bit in one way or another, and seals it. */
  private final class Filler {

    private final List<Shigoto> nodes;
    private final Random random;
    private final List<Long> ids = new ArrayList<>();

    Filler(List<Shigoto> nodes, Random random) {
      this.nodes = nodes;
      this.random = random;
    }

    private Shigoto node() {
      return nodes.get(random.nextInt(nodes.size()));
    }

    Mono<?> fill() {
      return node()
          .batches()
          .open(NewBatch.of("Report", NOTHING))
          .delayUntil(id -> Flux.range(0, PARTS / 3).concatMap(i -> add(id)))
          .flatMap(id -> node().batches().seal(id));
    }

    private Mono<Void> add(long batch) {
      List<NewJob> jobs = IntStream.range(0, 3).mapToObj(i -> part(batch)).toList();
      Mono<List<Receipt>> added =
          switch (random.nextInt(3)) {
            case 0 -> node().enqueueAll(Flux.fromIterable(jobs)).collectList();
            case 1 -> Flux.fromIterable(jobs).flatMap(job -> node().enqueue(job)).collectList();
            default -> inTransaction(jobs);
          };
      return added
          .doOnNext(receipts -> receipts.forEach(receipt -> ids.add(receipt.id())))
          .then(Mono.defer(this::cancelSome));
    }

    private Mono<Void> cancelSome() {
      return random.nextInt(4) > 0
          ? Mono.empty()
          : node().jobs().cancel(ids.get(random.nextInt(ids.size()))).then();
    }

    private Mono<List<Receipt>> inTransaction(List<NewJob> jobs) {
      return Mono.usingWhen(
          factory.create(),
          connection ->
              Mono.from(connection.beginTransaction())
                  .thenMany(node().enqueueAll(Flux.fromIterable(jobs), connection))
                  .collectList()
                  .delayUntil(done -> connection.commitTransaction()),
          Connection::close);
    }

    private NewJob part(long batch) {
      NewJob job = NewJob.of("part", Map.of("n", random.nextInt(50))).maxAttempts(2).batch(batch);
      if (random.nextInt(4) == 0) {
        Unique same = Unique.by(Unique.Field.ARGS);
        job = job.unique(random.nextBoolean() ? same : same.untilStarted());
      }
      if (!ids.isEmpty() && random.nextBoolean()) {
        long[] parents =
            IntStream.range(0, 1 + random.nextInt(3))
                .mapToLong(i -> ids.get(random.nextInt(ids.size())))
                .toArray();
        IfNotCompleted[] choices = IfNotCompleted.values();
        job = job.dependsOn(parents).ifNotCompleted(choices[random.nextInt(choices.length)]);
      }
      return job;
    }
  }

  private final class Part extends Scripted {

    Part() {
      super("part", StressIT.this::work);
    }

    @Override
    public CircuitBreaker circuitBreaker() {
      return CircuitBreaker.none();
    }

    @Override
    public Mono<Void> onDiscard(JobContext<Map<String, Object>> job, List<JobError> errors) {
      return Mono.fromRunnable(() -> discarded.add(job.id()));
    }
  }

  private Mono<Outcome> work(JobContext<Map<String, Object>> job) {
    Mono<Outcome> soon =
        Mono.delay(Duration.ofMillis(ThreadLocalRandom.current().nextInt(4)))
            .thenReturn(Outcome.done());
    return switch (ThreadLocalRandom.current().nextInt(10)) {
      case 0 -> soon.thenReturn(Outcome.failed("no"));
      case 1 -> soon.thenReturn(Outcome.snooze(Duration.ofMillis(2)));
      case 2 -> soon.thenReturn(Outcome.discard("no"));
      case 3 -> soon.thenReturn(Outcome.cancel("no"));
      case 4 -> soon.thenReturn(Outcome.done("result"));
      case 5, 6 -> completeIn(job).thenReturn(Outcome.done());
      default -> soon;
    };
  }

  private Mono<Void> completeIn(JobContext<?> job) {
    return Mono.usingWhen(
        factory.create(),
        connection ->
            Mono.from(connection.beginTransaction())
                .then(job.completeIn(connection))
                .then(Mono.from(connection.commitTransaction())),
        Connection::close);
  }

  private final class Report implements ReactiveWorker<FinishedBatch<Map<String, Object>>> {

    @Override
    public Mono<Outcome> perform(JobContext<FinishedBatch<Map<String, Object>>> job) {
      return Mono.fromRunnable(() -> reports.add(job.args()));
    }
  }
}
