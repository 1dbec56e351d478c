package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.r2dbc.spi.Connection;
import io.r2dbc.spi.IsolationLevel;
import io.r2dbc.spi.Result;
import io.shigoto.batch.Batch;
import io.shigoto.batch.BatchNotOpen;
import io.shigoto.batch.FinishedBatch;
import io.shigoto.batch.NewBatch;
import io.shigoto.control.Retry;
import io.shigoto.event.JobEvent;
import io.shigoto.job.IfNotCompleted;
import io.shigoto.job.Job;
import io.shigoto.job.JobState;
import io.shigoto.job.NewJob;
import io.shigoto.job.UnknownJobs;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.worker.JobContext;
import io.shigoto.worker.Outcome;
import io.shigoto.worker.ReactiveWorker;
import io.shigoto.worker.Unique;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Batches of jobs, each of which ends as its args say. */
class BatchesIT {

  record Import(String file) {}

  private static final NewBatch BATCH = NewBatch.of(Report.class, new Import("may.csv"));
  private static final NewJob DONE = job("done");

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Queue<FinishedBatch<Import>> reports = new ConcurrentLinkedQueue<>();
  private final Told told = new Told();
  private Shigoto node;

  @BeforeEach
  void start() {
    node =
        nodes.start(
            Shigoto.builder(db.connectionFactory())
                .worker(new Scripted("part", this::end))
                .worker(new Report(reports))
                .queue("default", 20)
                .listener(told));
  }

  private Mono<Outcome> end(JobContext<Map<String, Object>> job) {
    return switch (String.valueOf(job.args().get("end"))) {
      case "discard" -> Mono.just(Outcome.discard("no"));
      case "cancel" -> Mono.just(Outcome.cancel("no"));
      case "fork" ->
          node.enqueueAll(Flux.just(DONE, DONE).map(next -> next.batch(batchOf(job))))
              .then(Mono.empty());
      default -> Mono.empty();
    };
  }

  private static long batchOf(JobContext<?> job) {
    Long batch = job.batchId();
    return batch == null ? 0 : batch;
  }

  @Test
  void theCallbackIsToldWhatBecameOfAllJobs() {
    long id = enqueue(DONE, job("discard"), DONE, job("cancel"), DONE);

    FinishedBatch<Import> report = report();
    assertThat(report).isEqualTo(new FinishedBatch<>(id, 5, 3, 1, 1, new Import("may.csv")));
    assertThat(report.allCompleted()).isFalse();
    Batch batch = find(id);
    assertThat(batch.state()).isEqualTo(Batch.State.FINISHED);
    assertThat(batch.progress()).isEqualTo(100);
    Job callback = node.jobs().find(batch.callbackId()).block(LIMIT);
    assertThat(callback.worker()).isEqualTo("Report");
    assertThat(callback.batchId()).isNull();
    JobEvent event = told.await(JobEvent.Kind.BATCH_COMPLETED);
    assertThat(event.jobId()).isEqualTo(batch.callbackId());
    assertThat(event.detail()).isEqualTo("" + id);
    assertThat(event.count()).isEqualTo(5);
    assertThat(event.worker()).isEqualTo("Report");
  }

  @Test
  void aBatchThatIsFilledFiresWhenItIsSealedAndNotBefore() {
    long id = open();
    enqueueInto(id, 3);
    awaitCounts(id, 3, 3);
    assertThat(find(id).state()).isEqualTo(Batch.State.OPEN);
    enqueueInto(id, 2);
    awaitCounts(id, 5, 5);
    Await.until(LIMIT, () -> db.number("SELECT count(*) FROM shigoto.loose_counts") == 0);
    assertThat(find(id).state()).isEqualTo(Batch.State.OPEN);
    assertThat(reports).isEmpty();

    Batch sealed = seal(id);

    assertThat(sealed.state()).isEqualTo(Batch.State.FINISHED);
    assertThat(sealed.total()).isEqualTo(5);
    assertThat(report().total()).isEqualTo(5);
    assertThat(seal(id)).isEqualTo(find(id));
    assertThat(jobsOf("Report")).isOne();
  }

  @Test
  void anEmptySealedBatchFiresAtOnce() {
    long id = open();
    seal(id);

    assertThat(report()).isEqualTo(new FinishedBatch<>(id, 0, 0, 0, 0, new Import("may.csv")));
    assertThat(report(enqueue()).total()).isZero();
  }

  @Test
  void jobsOfABatchAddToItWhileTheyRun() {
    long id = open();
    NewJob fork = job("fork").batch(id);
    node.enqueueAll(Flux.just(fork, fork, fork)).blockLast(LIMIT);
    awaitCounts(id, 9, 9);
    seal(id);

    assertThat(report().total()).isEqualTo(9);
  }

  @Test
  void addingToABatchThatIsNotOpenFailsOnlyItsOwnCaller() {
    long open = open();
    long sealed = enqueue(DONE);
    report();
    List<Mono<String>> all =
        IntStream.range(0, 300)
            .mapToObj(
                i ->
                    node.enqueue(DONE.batch(i % 3 == 0 ? sealed : i % 3 == 1 ? 4_711 : open))
                        .map(receipt -> "inserted")
                        .onErrorResume(BatchNotOpen.class, no -> Mono.just("" + no.id())))
            .toList();

    List<String> answers = Flux.mergeSequential(all).collectList().block(LIMIT);

    assertThat(Collections.frequency(answers, "inserted")).isEqualTo(100);
    assertThat(Collections.frequency(answers, "" + sealed)).isEqualTo(100);
    assertThat(Collections.frequency(answers, "4711")).isEqualTo(100);
    awaitCounts(open, 100, 100);
    assertThat(find(sealed).total()).isOne();
    assertThatExceptionOfType(BatchNotOpen.class)
        .isThrownBy(() -> node.enqueue(DONE.batch(4_711)).block(LIMIT))
        .withMessage("batch 4711 is sealed, or there is none");
  }

  /** Those that wait for others, and end because these did not complete, count too. */
  @Test
  void jobsThatNeverRanCount() {
    long id = open();
    long first = node.enqueue(job("discard").batch(id)).block(LIMIT).id();
    NewJob after = DONE.batch(id).dependsOn(first);
    node.enqueueAll(
            Flux.just(
                after,
                after.ifNotCompleted(IfNotCompleted.CANCEL),
                after.ifNotCompleted(IfNotCompleted.DISCARD)))
        .blockLast(LIMIT);
    seal(id);

    assertThat(report()).isEqualTo(new FinishedBatch<>(id, 4, 1, 2, 1, new Import("may.csv")));
  }

  @Test
  void jobsComeAfterTheCallbackOfABatch() {
    long id = enqueue(DONE, DONE);
    report();
    long callback = find(id).callbackId();
    long next = node.enqueue(DONE.dependsOn(callback)).block(LIMIT).id();

    Await.until(LIMIT, () -> node.jobs().find(next).block(LIMIT).state() == JobState.COMPLETED);
  }

  @Test
  void aJobThatMeetsItsLikeIsNotPartOfTheBatch() {
    NewJob same = DONE.unique(Unique.by(Unique.Field.ARGS)).queue("nobody's");
    node.enqueue(same).block(LIMIT);
    long id = enqueue(DONE, same, DONE);

    assertThat(report(id).total()).isEqualTo(2);
  }

  @Test
  void aWholeBatchWithARefusedJobLeavesNothingBehind() {
    assertThatExceptionOfType(UnknownJobs.class)
        .isThrownBy(() -> enqueue(DONE, DONE.dependsOn(4_711)));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> node.batches().enqueue(BATCH, List.of(NewJob.of("w", "\0"))))
        .withMessageContaining("args of a job for 'w'");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> node.batches().open(NewBatch.of("w", "\0")))
        .withMessageContaining("args of a job for 'w'");

    assertThat(db.number("SELECT count(*) FROM shigoto.batches")).isZero();
    assertThat(db.number("SELECT count(*) FROM shigoto.all_jobs")).isZero();
  }

  @Test
  void whatIsNotThereIsEmpty() {
    assertThat(node.batches().find(4_711).blockOptional(LIMIT)).isEmpty();
    assertThat(node.batches().seal(4_711).blockOptional(LIMIT)).isEmpty();
  }

  static List<IsolationLevel> levels() {
    return List.of(
        IsolationLevel.READ_COMMITTED, IsolationLevel.REPEATABLE_READ, IsolationLevel.SERIALIZABLE);
  }

  @ParameterizedTest
  @MethodSource("levels")
  void inATransactionOfTheCallersItIsThereWhenThatCommits(IsolationLevel level) {
    Long id =
        inTransaction(
            level,
            connection ->
                node.batches()
                    .enqueue(BATCH, Flux.range(0, 2_500).map(i -> DONE), connection)
                    .filterWhen(written -> node.batches().find(written).hasElement().map(b -> !b)));

    assertThat(report(id).total()).isEqualTo(2_500);
    Long opened =
        inTransaction(
            level,
            connection ->
                node.batches()
                    .open(BATCH, connection)
                    .delayUntil(batch -> node.enqueue(DONE.batch(batch), connection))
                    .delayUntil(batch -> node.batches().seal(batch, connection)));
    assertThat(report(opened).total()).isOne();
  }

  /** Nobody has counted that job yet, and at some levels the transaction does not see it. */
  @ParameterizedTest
  @MethodSource("levels")
  void theSealOfACallerMissesNoJobThatIsInTheBatch(IsolationLevel level) {
    node.stop(Duration.ofSeconds(10)).block(LIMIT);
    node =
        nodes.build(
            Shigoto.builder(db.connectionFactory())
                .worker(new Report(reports))
                .queue("default", 1));
    Long batch =
        inTransaction(
            level,
            connection ->
                node.batches()
                    .open(BATCH)
                    .delayUntil(id -> snapshot(connection))
                    .delayUntil(id -> node.enqueue(DONE.batch(id)))
                    .delayUntil(id -> node.batches().seal(id, connection)));
    assertThat(find(batch).state()).isEqualTo(Batch.State.SEALED);

    start();
    assertThat(report(batch).completed()).isOne();
  }

  @Test
  void whatARollbackTakesBackIsNeverCounted() {
    long id = open();
    Mono.usingWhen(
            db.connectionFactory().create(),
            connection ->
                Mono.from(connection.beginTransaction())
                    .then(node.enqueue(DONE.batch(id), connection))
                    .then(Mono.from(connection.rollbackTransaction())),
            Connection::close)
        .block(LIMIT);

    assertThat(seal(id).total()).isZero();
  }

  /** Settlements go on meanwhile: whoever adds locks out nobody but the seal. */
  @Test
  void theSealWaitsForWhoeverAddsAndNobodyElseDoes() {
    long id = open();
    Connection caller = Mono.from(db.connectionFactory().create()).block(LIMIT);
    try {
      Mono.from(caller.beginTransaction()).block(LIMIT);
      node.enqueue(DONE.batch(id), caller).block(LIMIT);
      enqueueInto(id, 5);
      awaitCounts(id, 5, 5);
      CompletableFuture<Batch> seal = node.batches().seal(id).toFuture();
      awaitWaiting();
      enqueueInto(id, 1);
      awaitCounts(id, 6, 6);
      Mono.from(caller.commitTransaction()).block(LIMIT);

      assertThat(seal).succeedsWithin(LIMIT).extracting(Batch::total).isEqualTo(7L);
      assertThat(report().completed()).isEqualTo(7);
    } finally {
      Mono.from(caller.close()).block(LIMIT);
    }
  }

  private void awaitWaiting() {
    Await.until(
        "somebody waits for a lock",
        LIMIT,
        () ->
            db.number(
                    "SELECT count(*) FROM pg_stat_activity"
                        + " WHERE datname = current_database() AND wait_event_type = 'Lock'")
                > 0);
  }

  @Test
  void optionsOfTheCallbackAreThoseOfItsJob() {
    NewBatch other =
        BATCH.callback(
            job ->
                job.queue("nobody's")
                    .priority(7)
                    .maxAttempts(9)
                    .tags("a", "b")
                    .meta(Map.of("k", "v"))
                    .partitionKey("p"));
    long id = node.batches().enqueue(other, List.of(DONE)).block(LIMIT);
    Await.until(LIMIT, () -> find(id).state() == Batch.State.FINISHED);

    Job callback = node.jobs().find(find(id).callbackId()).block(LIMIT);
    assertThat(callback.queue()).isEqualTo("nobody's");
    assertThat(callback.priority()).isEqualTo(7);
    assertThat(callback.maxAttempts()).isEqualTo(9);
    assertThat(callback.tags()).containsExactlyInAnyOrder("a", "b");
    assertThat(callback.meta()).isEqualTo(Map.of("k", "v"));
    assertThat(callback.partitionKey()).isEqualTo("p");
  }

  @Test
  void aHundredBatchesOfOneGroupEachHaveTheirCallback() {
    List<Long> ids =
        Flux.range(0, 100).concatMap(i -> node.batches().open(BATCH)).collectList().block(LIMIT);
    node.enqueueAll(Flux.fromIterable(ids).repeat(4).map(DONE::batch)).blockLast(LIMIT);
    Flux.fromIterable(ids).concatMap(node.batches()::seal).blockLast(LIMIT);

    Await.until(LIMIT, () -> reports.size() == 100);
    assertThat(reports).allMatch(report -> report.total() == 5 && report.allCompleted());
    assertThat(reports).extracting(FinishedBatch::id).doesNotHaveDuplicates();
    assertThat(jobsOf("Report")).isEqualTo(100);
  }

  /** What a retry by a person means for the batch of the job. */
  @Test
  void aJobThatLivesAgainIsWaitedForUnlessItsBatchHasFinished() {
    long id = open();
    long discarded = node.enqueue(job("discard").batch(id)).block(LIMIT).id();
    node.enqueue(DONE.batch(id)).block(LIMIT);
    awaitCounts(id, 2, 2);
    node.queues().pause("default").block(LIMIT);

    assertThat(node.jobs().retry(discarded).block(LIMIT)).isEqualTo(new Retry.Retried(discarded));
    assertThat(seal(id).state()).isEqualTo(Batch.State.SEALED);
    assertThat(find(id)).extracting(Batch::completed, Batch::discarded).containsExactly(1L, 0L);
    node.queues().resume("default").block(LIMIT);
    awaitCounts(id, 2, 2);
    Batch finished = find(id);
    assertThat(finished.state()).isEqualTo(Batch.State.FINISHED);
    assertThat(finished).extracting(Batch::completed, Batch::discarded).containsExactly(1L, 1L);
    assertThat(report().discarded()).isOne();

    assertThat(node.jobs().retry(discarded).block(LIMIT)).isEqualTo(new Retry.Retried(discarded));
    told.await(JobEvent.Kind.DISCARDED, 3);
    assertThat(find(id)).isEqualTo(finished);
    assertThat(reports).hasSize(1);
  }

  @Test
  void finishedBatchesAreForgottenWithTheHistory() {
    long old = enqueue();
    long open = open();
    long recent = enqueue();
    Await.until(LIMIT, () -> reports.size() == 2);
    db.sql(
        "UPDATE shigoto.batches SET finished_at = now() - interval '15 days' WHERE id = $1", old);
    db.sql("UPDATE shigoto.batches SET opened_at = now() - interval '15 days' WHERE id = $1", open);

    nodes.start(Shigoto.builder(db.connectionFactory()).name("sweeper"));

    Await.until(LIMIT, () -> db.number("SELECT count(*) FROM shigoto.batches") == 2);
    assertThat(find(open)).isNotNull();
    assertThat(find(recent)).isNotNull();
  }

  private static NewJob job(String end) {
    return NewJob.of("part", Map.of("end", end));
  }

  private long open() {
    return node.batches().open(BATCH).block(LIMIT);
  }

  private long enqueue(NewJob... jobs) {
    return node.batches().enqueue(BATCH, List.of(jobs)).block(LIMIT);
  }

  private void enqueueInto(long id, int count) {
    node.enqueueAll(Flux.fromStream(Stream.generate(() -> DONE.batch(id)).limit(count)))
        .blockLast(LIMIT);
  }

  private Batch seal(long id) {
    return node.batches().seal(id).block(LIMIT);
  }

  private Batch find(long id) {
    return node.batches().find(id).block(LIMIT);
  }

  private void awaitCounts(long id, long total, long ended) {
    Await.until(
        "batch %d has %d of %d".formatted(id, ended, total),
        LIMIT,
        () -> find(id).total() == total && find(id).ended() == ended);
  }

  private FinishedBatch<Import> report() {
    Await.until("a report", LIMIT, () -> !reports.isEmpty());
    return reports.peek();
  }

  private FinishedBatch<Import> report(long id) {
    Await.until("the report of " + id, LIMIT, () -> reports.stream().anyMatch(it -> it.id() == id));
    return reports.stream().filter(it -> it.id() == id).findFirst().orElseThrow();
  }

  private long jobsOf(String worker) {
    return db.number("SELECT count(*) FROM shigoto.all_jobs WHERE worker = $1", worker);
  }

  private static Mono<Void> snapshot(Connection connection) {
    return Flux.from(connection.createStatement("SELECT 1").execute())
        .concatMap(Result::getRowsUpdated)
        .then();
  }

  private Long inTransaction(IsolationLevel level, Function<Connection, Mono<Long>> work) {
    return Mono.usingWhen(
            db.connectionFactory().create(),
            connection ->
                Mono.from(connection.beginTransaction(level))
                    .then(Mono.defer(() -> work.apply(connection)))
                    .delayUntil(id -> connection.commitTransaction()),
            Connection::close)
        .block(LIMIT);
  }

  static final class Report implements ReactiveWorker<FinishedBatch<Import>> {

    private final Queue<FinishedBatch<Import>> reports;

    Report(Queue<FinishedBatch<Import>> reports) {
      this.reports = reports;
    }

    @Override
    public Mono<Outcome> perform(JobContext<FinishedBatch<Import>> job) {
      return Mono.fromRunnable(() -> reports.add(job.args()));
    }
  }
}
