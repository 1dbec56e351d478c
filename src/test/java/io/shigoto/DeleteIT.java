package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.r2dbc.spi.Connection;
import io.shigoto.batch.Batch;
import io.shigoto.batch.NewBatch;
import io.shigoto.control.Deletion;
import io.shigoto.event.JobEvent.Kind;
import io.shigoto.job.IfNotCompleted;
import io.shigoto.job.Job;
import io.shigoto.job.JobState;
import io.shigoto.job.NewJob;
import io.shigoto.job.Receipt;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.worker.Unique;
import java.util.HashMap;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** The deletion of jobs. */
class DeleteIT {

  private static final NewJob JOB = NewJob.of("work", Scripted.NOTHING);

  private static final Map<IfNotCompleted, JobState> AFTER_ONE_THAT_DID_NOT_COMPLETE =
      Map.of(
          IfNotCompleted.RUN, JobState.AVAILABLE,
          IfNotCompleted.CANCEL, JobState.CANCELLED,
          IfNotCompleted.DISCARD, JobState.DISCARDED);

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Told told = new Told();
  private Shigoto node;

  @BeforeEach
  void build() {
    node = nodes.build(Shigoto.builder(db.connectionFactory()).listener(told));
  }

  @ParameterizedTest
  @EnumSource
  void whatDoesNotRunIsGone(JobState state) {
    if (state.isTerminal()) {
      EndedJob.insert(db, 7, state, "2026-11-01 12:00Z");
    } else {
      db.sql(
          """
          INSERT INTO shigoto.jobs (id, queue, worker, state, pending, owner)
          VALUES (7, 'q', 'w', $1::shigoto.job_state, CASE $1 WHEN 'waiting' THEN 1 END,
                  CASE $1 WHEN 'executing' THEN gen_random_uuid() END)
          """,
          state.sqlName());
    }

    Deletion answer = delete(7);

    if (state == JobState.EXECUTING) {
      assertThat(answer).isEqualTo(new Deletion.Running(7));
      assertThat(db.number("SELECT count(*) FROM shigoto.all_jobs")).isOne();
    } else {
      assertThat(answer).isEqualTo(new Deletion.Deleted(7));
      assertThat(db.number("SELECT count(*) FROM shigoto.all_jobs")).isZero();
      assertThat(told.all(Kind.DELETED))
          .singleElement()
          .satisfies(event -> assertThat(event.detail()).isEqualTo(state.sqlName()));
      assertThat(delete(7)).isEqualTo(new Deletion.Unknown(7));
    }
  }

  @Test
  void whoWaitedForItMovesOnAsIfItWereCancelled() {
    long parent = enqueue(JOB);
    long any = enqueue(JOB.dependsOn(parent));
    long strict = enqueue(JOB.dependsOn(parent).ifNotCompleted(IfNotCompleted.CANCEL));
    nodes.start(Shigoto.builder(db.connectionFactory()));
    Await.until(LIMIT, () -> db.number("SELECT count(*) FROM shigoto.jobs WHERE watched") == 1);

    assertThat(delete(parent)).isEqualTo(new Deletion.Deleted(parent));

    assertThat(find(any).state()).isEqualTo(JobState.AVAILABLE);
    assertThat(find(strict).state()).isEqualTo(JobState.CANCELLED);
  }

  /** Nobody has looked yet who waits for it. */
  @Test
  void whoHasJustBegunToWaitForOneThatHadEndedMovesOnByItsEnd() {
    EndedJob.insert(db, 7, JobState.DISCARDED, "2026-11-01 12:00Z");
    long any = enqueue(JOB.dependsOn(7));
    long strict = enqueue(JOB.dependsOn(7).ifNotCompleted(IfNotCompleted.DISCARD));

    assertThat(delete(7)).isEqualTo(new Deletion.Deleted(7));

    assertThat(find(any).state()).isEqualTo(JobState.AVAILABLE);
    assertThat(find(strict).state()).isEqualTo(JobState.DISCARDED);
  }

  /** Nobody has looked yet who waits for it, and it will never have ended. */
  @ParameterizedTest
  @EnumSource
  void whoHasJustBegunToWaitForOneThatLivesMovesOnAsIfItWereCancelled(IfNotCompleted choice) {
    long parent = enqueue(JOB);
    long child = enqueue(JOB.dependsOn(parent).ifNotCompleted(choice));

    assertThat(delete(parent)).isEqualTo(new Deletion.Deleted(parent));

    assertThat(find(child).state()).isEqualTo(AFTER_ONE_THAT_DID_NOT_COMPLETE.get(choice));
  }

  /** The transaction that begins to wait commits after the deletion. */
  @ParameterizedTest
  @EnumSource
  void whoBeginsToWaitForOneThatIsDeletedMeanwhileMovesOnAsIfItHadNotCompleted(
      IfNotCompleted choice) {
    long parent = enqueue(JOB);
    Mono<Long> begins =
        Mono.usingWhen(
            db.connectionFactory().create(),
            connection ->
                Mono.from(connection.beginTransaction())
                    .then(node.enqueue(JOB.dependsOn(parent).ifNotCompleted(choice), connection))
                    .map(Receipt::id)
                    .delayUntil(id -> node.jobs().delete(parent))
                    .delayUntil(id -> connection.commitTransaction()),
            Connection::close);
    long child = begins.block(LIMIT);

    nodes.start(Shigoto.builder(db.connectionFactory()));

    Await.until(LIMIT, () -> find(child).state() == AFTER_ONE_THAT_DID_NOT_COMPLETE.get(choice));
    if (choice != IfNotCompleted.RUN) {
      assertThat(find(child).errors().get(0).message())
          .isEqualTo("job %d, which this one depends on, was deleted".formatted(parent));
    }
  }

  @Test
  void whoAwaitsItHearsThatItIsGone() {
    long id = enqueue(JOB);
    CompletableFuture<Void> end = node.jobs().await(id).toFuture();
    Await.until(LIMIT, () -> db.number("SELECT count(*) FROM shigoto.jobs WHERE watched") == 1);

    delete(id);

    assertThatThrownBy(end::join)
        .isInstanceOf(CompletionException.class)
        .hasCauseInstanceOf(NoSuchElementException.class);
  }

  @Test
  void itsUniqueKeyIsFree() {
    NewJob unique = JOB.unique(Unique.by(Unique.Field.ARGS).alsoAfter(Unique.End.CANCELLED));
    long live = enqueue(unique);

    delete(live);
    long second = enqueue(unique);
    node.jobs().cancel(second).block(LIMIT);
    assertThat(node.enqueue(unique).block(LIMIT)).isInstanceOf(Receipt.Conflict.class);
    delete(second);

    assertThat(node.enqueue(unique).block(LIMIT)).isInstanceOf(Receipt.Inserted.class);
    assertThat(db.number("SELECT count(*) FROM shigoto.unique_keys")).isOne();
  }

  @Test
  void itsBatchCountsItAsCancelledOnce() {
    long batch = node.batches().open(NewBatch.of("callback", Scripted.NOTHING)).block(LIMIT);
    long first = enqueue(JOB.batch(batch));
    long second = enqueue(JOB.batch(batch));
    node.batches().seal(batch).block(LIMIT);
    node.jobs().cancel(first).block(LIMIT);

    delete(first);
    assertThat(batch(batch).cancelled()).isOne();
    delete(second);

    assertThat(batch(batch).cancelled()).isEqualTo(2);
    assertThat(batch(batch).state()).isEqualTo(Batch.State.FINISHED);
  }

  /** A job runs or is deleted, never both. */
  @Test
  void whatIsDeletedNeverRuns() {
    Set<Long> ran = ConcurrentHashMap.newKeySet();
    Shigoto working =
        nodes.start(
            Shigoto.builder(db.connectionFactory())
                .worker(new Scripted("work", job -> Mono.fromRunnable(() -> ran.add(job.id()))))
                .queue("default", 10));
    Map<Long, Deletion> answers = new HashMap<>();

    Flux.range(0, 1_500)
        .flatMap(i -> working.enqueue(JOB).map(Receipt::id), 32)
        .flatMap(id -> node.jobs().delete(id).map(answer -> Map.entry(id, answer)), 32)
        .doOnNext(answer -> answers.put(answer.getKey(), answer.getValue()))
        .blockLast(LIMIT);
    Await.until(LIMIT, () -> db.number("SELECT count(*) FROM shigoto.jobs") == 0);

    assertThat(answers).hasSize(1_500);
    long history = db.number("SELECT count(*) FROM shigoto.job_history");
    assertThat(history)
        .isEqualTo(answers.values().stream().filter(Deletion.Running.class::isInstance).count());
    assertThat(answers.values()).doesNotHaveAnyElementsOfTypes(Deletion.Unknown.class);
    assertThat(ran)
        .hasSizeGreaterThanOrEqualTo((int) history)
        .allSatisfy(id -> assertThat(answers).containsKey(id));
  }

  private long enqueue(NewJob job) {
    return node.enqueue(job).map(Receipt::id).block(LIMIT);
  }

  private Deletion delete(long id) {
    return node.jobs().delete(id).block(LIMIT);
  }

  private Job find(long id) {
    return node.jobs().find(id).block(LIMIT);
  }

  private Batch batch(long id) {
    return node.batches().find(id).block(LIMIT);
  }
}
