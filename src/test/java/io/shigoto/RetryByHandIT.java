package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.batch.Batch;
import io.shigoto.batch.NewBatch;
import io.shigoto.control.Cancellation;
import io.shigoto.control.Retry;
import io.shigoto.event.JobEvent.Kind;
import io.shigoto.job.Job;
import io.shigoto.job.JobState;
import io.shigoto.job.NewJob;
import io.shigoto.job.Receipt;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.worker.JobContext;
import io.shigoto.worker.Outcome;
import io.shigoto.worker.Unique;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Schedulers;

/** The retry of one job, asked for by a person. */
class RetryByHandIT {

  private static final NewJob JOB = NewJob.of("work", Scripted.NOTHING);

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Told told = new Told();

  /** A node that runs nothing. */
  private Shigoto node;

  @BeforeEach
  void build() {
    node = nodes.build(Shigoto.builder(db.connectionFactory()).listener(told));
  }

  @ParameterizedTest
  @EnumSource(names = {"DISCARDED", "CANCELLED"})
  void whatFailedLivesAgain(JobState state) {
    ended(7, state);
    Job before = find(7);

    assertThat(retry(7)).isEqualTo(new Retry.Retried(7));

    Job job = find(7);
    assertThat(job)
        .usingRecursiveComparison()
        .ignoringFields("state", "attempt", "scheduledAt", "claimedAt", "finishedAt", "progress")
        .isEqualTo(before);
    assertThat(job.state()).isEqualTo(JobState.AVAILABLE);
    assertThat(job.attempt()).isZero();
    assertThat(job.errors()).hasSize(1);
    assertThat(job.scheduledAt()).isAfter(before.finishedAt());
    assertThat(job.finishedAt()).isNull();
    assertThat(job.progress()).isNull();
    assertThat(db.number("SELECT lease FROM shigoto.jobs")).isGreaterThan(5);
    assertThat(db.number("SELECT count(*) FROM shigoto.job_history")).isZero();
    assertThat(told.all(Kind.RETRIED))
        .singleElement()
        .satisfies(
            event -> {
              assertThat(event.jobId()).isEqualTo(7);
              assertThat(event.queue()).isEqualTo("q");
              assertThat(event.worker()).isEqualTo("w");
              assertThat(event.detail()).isNull();
            });
  }

  @ParameterizedTest
  @EnumSource(names = {"SCHEDULED", "RETRYABLE"})
  void whatWaitsForItsTimeIsDueNow(JobState state) {
    long id = live(state);

    assertThat(retry(id)).isEqualTo(new Retry.DueNow(id));

    assertThat(find(id).state()).isEqualTo(JobState.AVAILABLE);
    assertThat(find(id).attempt()).isEqualTo(2);
    assertThat(db.number("SELECT count(*) FROM shigoto.jobs WHERE scheduled_at <= now()")).isOne();
    assertThat(told.await(Kind.RETRIED).detail()).isEqualTo("due_now");
  }

  @ParameterizedTest
  @EnumSource(names = {"WAITING", "AVAILABLE", "EXECUTING"})
  void whatLivesAndIsNotToBeRetriedStaysAsItIs(JobState state) {
    long id = live(state);

    assertThat(retry(id)).isEqualTo(new Retry.Refused(id, state));

    assertThat(find(id).state()).isEqualTo(state);
    assertThat(told.count(Kind.RETRIED)).isZero();
  }

  @Test
  void whatIsCompletedStaysAsItIs() {
    ended(7, JobState.COMPLETED);

    assertThat(retry(7)).isEqualTo(new Retry.Refused(7, JobState.COMPLETED));

    assertThat(find(7).state()).isEqualTo(JobState.COMPLETED);
  }

  @Test
  void whatIsNotThereIsUnknown() {
    assertThat(retry(4711)).isEqualTo(new Retry.Unknown(4711));
  }

  @Test
  void itsQueueIsWokenAtOnceAndItHasAllItsAttempts() {
    Shigoto working =
        working(job -> job.attempt() < 3 ? Mono.error(new Exception("no")) : Mono.empty(), "w");
    long id = working.enqueue(JOB.maxAttempts(2)).map(Receipt::id).block(LIMIT);
    told.await(Kind.DISCARDED);

    db.sql("UPDATE shigoto.job_history SET max_attempts = 3");
    assertThat(retry(id)).isEqualTo(new Retry.Retried(id));

    working.jobs().await(id).block(LIMIT);
    assertThat(find(id).attempt()).isEqualTo(3);
    assertThat(find(id).errors()).hasSize(4);
  }

  @Test
  void ofManyWhoRetryTheSameJobOneDoes() {
    for (int round = 1; round <= 30; round++) {
      long id = round;
      ended(id, JobState.DISCARDED);

      List<Retry> answers =
          Flux.range(0, 8).flatMap(i -> node.jobs().retry(id), 8).collectList().block(LIMIT);

      assertThat(answers)
          .hasSize(8)
          .containsOnlyOnce(new Retry.Retried(id))
          .contains(new Retry.Refused(id, JobState.AVAILABLE));
    }
    assertThat(db.number("SELECT count(*) FROM shigoto.jobs")).isEqualTo(30);
    assertThat(db.number("SELECT count(*) FROM shigoto.job_history")).isZero();
  }

  @Test
  void itTakesItsUniqueKeyAgain() {
    NewJob unique = JOB.unique(Unique.by(Unique.Field.ARGS));
    long first = enqueue(unique).id();
    assertThat(node.jobs().cancel(first).block(LIMIT)).isEqualTo(new Cancellation.Cancelled(first));

    assertThat(retry(first)).isEqualTo(new Retry.Retried(first));

    assertThat(enqueue(unique)).isInstanceOf(Receipt.Conflict.class);
    assertThat(enqueue(unique).id()).isEqualTo(first);
  }

  @Test
  void itStaysAsItIsWhileAnotherJobHasItsKey() {
    NewJob unique = JOB.unique(Unique.by(Unique.Field.ARGS));
    long first = enqueue(unique).id();
    node.jobs().cancel(first).block(LIMIT);
    long second = enqueue(unique).id();

    assertThat(retry(first)).isEqualTo(new Retry.KeyHeld(first, second));

    assertThat(find(first).state()).isEqualTo(JobState.CANCELLED);
    assertThat(told.count(Kind.RETRIED)).isZero();
    node.jobs().cancel(second).block(LIMIT);
    assertThat(retry(first)).isEqualTo(new Retry.Retried(first));
  }

  /** Whoever enqueues while somebody retries: one of them has the key. */
  @Test
  void neverAreTwoLiveJobsOfOneKey() {
    for (int round = 0; round < 40; round++) {
      NewJob unique =
          NewJob.of("work", Map.of("round", round)).unique(Unique.by(Unique.Field.ARGS));
      long first = enqueue(unique).id();
      node.jobs().cancel(first).block(LIMIT);

      Retry retried = Mono.zip(node.jobs().retry(first), node.enqueue(unique)).block(LIMIT).getT1();

      assertThat(retried).isInstanceOfAny(Retry.Retried.class, Retry.KeyHeld.class);
      assertThat(db.number("SELECT count(*) FROM shigoto.jobs")).isEqualTo(round + 1);
    }
    assertThat(
            db.number(
                "SELECT count(*) FROM shigoto.jobs JOIN shigoto.unique_keys ON job_id = id AND key = unique_key"))
        .isEqualTo(40);
  }

  @Test
  void itsBatchWaitsForItAgain() {
    long batch = node.batches().open(NewBatch.of("callback", Scripted.NOTHING)).block(LIMIT);
    long first = enqueue(JOB.batch(batch)).id();
    long second = enqueue(JOB.batch(batch)).id();
    node.jobs().cancel(first).block(LIMIT);

    assertThat(retry(first)).isEqualTo(new Retry.Retried(first));
    node.batches().seal(batch).block(LIMIT);
    node.jobs().cancel(second).block(LIMIT);

    assertThat(batch(batch).cancelled()).isOne();
    assertThat(batch(batch).state()).isNotEqualTo(Batch.State.FINISHED);
    node.jobs().cancel(first).block(LIMIT);
    assertThat(batch(batch).cancelled()).isEqualTo(2);
    assertThat(batch(batch).state()).isEqualTo(Batch.State.FINISHED);

    assertThat(retry(first)).isEqualTo(new Retry.Retried(first));
    assertThat(batch(batch).cancelled()).isEqualTo(2);
  }

  /** A run of its earlier life that goes on somewhere writes nothing into the later one. */
  @Test
  void aRunOfItsEarlierLifeChangesNothing() {
    Map<String, Sinks.One<Outcome>> runs = new ConcurrentHashMap<>();
    Shigoto first = working(job -> runs.computeIfAbsent("first", n -> Sinks.one()).asMono(), "a");
    long id = first.enqueue(JOB).map(Receipt::id).block(LIMIT);
    Await.until(LIMIT, () -> runs.containsKey("first"));
    first.queues().pause("default").block(LIMIT);
    db.sql(
        """
        WITH gone AS (DELETE FROM shigoto.jobs RETURNING *)
        INSERT INTO shigoto.job_history
               (id, lease, scheduled_at, inserted_at, claimed_at, finished_at, state, attempt, max_attempts, priority,
                queue, worker, args)
        SELECT id, lease, scheduled_at, inserted_at, claimed_at, now(), 'discarded', attempt, max_attempts, priority,
               queue, worker, args
          FROM gone
        """);

    assertThat(retry(id)).isEqualTo(new Retry.Retried(id));
    db.sql(
        """
        UPDATE shigoto.jobs
           SET state = 'executing', lease = lease + 1, attempt = 1, owner = gen_random_uuid()
        """);
    runs.get("first").tryEmitValue(Outcome.done());

    assertThat(told.await(Kind.SUPERSEDED).jobId()).isEqualTo(id);
    assertThat(find(id).state()).isEqualTo(JobState.EXECUTING);
    assertThat(told.count(Kind.COMPLETED)).isZero();
  }

  /** Its day may be dropped at that moment: then it is gone, or it lives. */
  @Test
  void itIsNotLostInADayThatIsDropped() {
    for (int round = 0; round < 10; round++) {
      db.sql("TRUNCATE shigoto.jobs");
      db.sql(
          """
          CREATE TABLE shigoto.job_history_20260301 PARTITION OF shigoto.job_history
            FOR VALUES FROM ('2026-03-01 00:00Z') TO ('2026-03-02 00:00Z')
          """);
      for (long id = 1; id <= 20; id++) {
        EndedJob.insert(db, id, JobState.DISCARDED, "2026-03-01 12:00Z");
      }

      Flux<Retry> retries = Flux.range(1, 20).flatMap(id -> node.jobs().retry(id), 5);
      Mono<Long> drop =
          Mono.fromCallable(() -> (long) db.sql("DROP TABLE shigoto.job_history_20260301").size())
              .subscribeOn(Schedulers.boundedElastic());
      List<Retry> answers = Flux.zip(retries.collectList(), drop).blockLast(LIMIT).getT1();

      assertThat(answers)
          .hasSize(20)
          .hasOnlyElementsOfTypes(Retry.Retried.class, Retry.Unknown.class);
      assertThat(db.number("SELECT count(*) FROM shigoto.jobs"))
          .isEqualTo(answers.stream().filter(Retry.Retried.class::isInstance).count());
    }
  }

  private Shigoto working(
      Function<JobContext<Map<String, Object>>, Mono<Outcome>> script, String name) {
    return nodes.start(
        Shigoto.builder(db.connectionFactory())
            .name(name)
            .worker(new Scripted("work", script))
            .queue("default", 1)
            .pollInterval(Duration.ofMinutes(1))
            .listener(told));
  }

  private static void ended(long id, JobState state) {
    EndedJob.insert(db, id, state, "2026-11-01 12:00Z");
  }

  private static long live(JobState state) {
    return db.number(
        """
        INSERT INTO shigoto.jobs (queue, worker, state, attempt, args, pending, owner, scheduled_at)
        VALUES ('q', 'w', $1::shigoto.job_state, 2, '{"a": 1}', $2::integer,
                CASE WHEN $1 = 'executing' THEN gen_random_uuid() END, now() + $3::integer * interval '1 hour')
        RETURNING id
        """,
        state.sqlName(),
        state == JobState.WAITING ? 1 : 0,
        state == JobState.SCHEDULED || state == JobState.RETRYABLE ? 1 : 0);
  }

  private Receipt enqueue(NewJob job) {
    return node.enqueue(job).block(LIMIT);
  }

  private Batch batch(long id) {
    return node.batches().find(id).block(LIMIT);
  }

  private Retry retry(long id) {
    return node.jobs().retry(id).block(LIMIT);
  }

  private Job find(long id) {
    return node.jobs().find(id).block(LIMIT);
  }
}
