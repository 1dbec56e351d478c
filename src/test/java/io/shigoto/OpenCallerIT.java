package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static io.shigoto.Scripted.NOTHING;
import static org.assertj.core.api.Assertions.assertThat;

import io.r2dbc.spi.Connection;
import io.shigoto.batch.Batch;
import io.shigoto.batch.NewBatch;
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
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/** A caller leaves a transaction open: nobody waits for it but those who want the same thing. */
class OpenCallerIT {

  private static final int OTHERS = 20;

  /** So many that what each of them may cost would not be borne by one statement. */
  private static final int CROWD = 500;

  private static final Unique SAME =
      Unique.by(Unique.Field.WORKER).replace(Unique.Replace.PRIORITY);

  private static final Unique STARTED =
      Unique.by(Unique.Field.WORKER, Unique.Field.ARGS).untilStarted();

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Sinks.Empty<Outcome> end = Sinks.empty();
  private final Told told = new Told();
  private Shigoto node;
  private Connection caller;

  @BeforeEach
  void open() {
    node =
        nodes.start(
            Shigoto.builder(db.connectionFactory())
                .worker(new Scripted("held", job -> end.asMono()))
                .worker(new Scripted("work", job -> Mono.empty()))
                .worker(new Trusted("discarded", job -> Mono.just(Outcome.discard("no"))))
                .worker(new Trusted("failing", this::failOnce))
                .queue("default", CROWD)
                .queue("second", 10)
                .listener(told));
    caller = Mono.from(db.connectionFactory().create()).block(LIMIT);
    Mono.from(caller.beginTransaction()).block(LIMIT);
  }

  @AfterEach
  void close() {
    Mono.from(caller.close()).block(LIMIT);
  }

  /** Its jobs end meanwhile, and those of another batch. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void whoSealsABatchHoldsUpItsCallbackAlone(boolean commits) {
    long sealed = node.batches().open(NewBatch.of("work", NOTHING)).block(LIMIT);
    long other = node.batches().open(NewBatch.of("work", NOTHING)).block(LIMIT);
    enqueue(NewJob.of("held", NOTHING).batch(sealed), 5);
    enqueue(NewJob.of("held", NOTHING).batch(other), 5);
    node.batches().seal(other).block(LIMIT);
    told.await(Kind.STARTED, 10);

    node.batches().seal(sealed, caller).block(LIMIT);
    end.tryEmitEmpty();
    told.await(Kind.COMPLETED, 10);
    othersRun();
    Await.until("the other one finishes", LIMIT, () -> batch(other).finishedAt() != null);

    end(commits);
    if (!commits) {
      Await.until("all are counted", LIMIT, () -> batch(sealed).completed() == 5);
      assertThat(batch(sealed).finishedAt()).isNull();
      node.batches().seal(sealed).block(LIMIT);
    }
    Await.until("it finishes", LIMIT, () -> batch(sealed).finishedAt() != null);
    assertThat(batch(sealed).completed()).isEqualTo(5);
    told.await(Kind.BATCH_COMPLETED, 2);
  }

  /** The jobs it waits for end meanwhile; another job waits for them too. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void whoReplacesAJobThatWaitsHoldsUpThatJobAlone(boolean commits) {
    List<Long> parents = enqueue(NewJob.of("held", NOTHING), 4);
    long replaced = enqueue(NewJob.of("work", NOTHING).unique(SAME).dependsOn(parents), 1).get(0);
    long other = enqueue(NewJob.of("work", NOTHING).dependsOn(parents), 1).get(0);
    told.await(Kind.STARTED, 4);
    Await.until(
        "the parents are watched",
        LIMIT,
        () -> db.number("SELECT count(*) FROM shigoto.loose_ends") == 0);

    Receipt met =
        node.enqueue(NewJob.of("work", NOTHING).unique(SAME).priority(3), caller).block(LIMIT);
    end.tryEmitEmpty();
    told.await(Kind.COMPLETED, 5);
    othersRun();

    assertThat(met.id()).isEqualTo(replaced);
    assertThat(job(other).state()).isEqualTo(JobState.COMPLETED);
    assertThat(job(replaced).state()).isEqualTo(JobState.WAITING);
    end(commits);
    Await.until("it runs", LIMIT, () -> job(replaced).state() == JobState.COMPLETED);
    assertThat(job(replaced).priority()).isEqualTo((short) (commits ? 3 : 0));
  }

  /** Their runs end meanwhile, and hold no keys while they run. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void whoTakesTheKeysOfRunsHoldsUpTheirReturnAlone(boolean commits) {
    List<NewJob> crowd =
        IntStream.range(0, CROWD)
            .mapToObj(i -> NewJob.of("failing", Map.<String, Object>of("i", i)).unique(STARTED))
            .toList();
    node.enqueueAll(Flux.fromIterable(crowd)).blockLast(LIMIT);
    told.await(Kind.STARTED, CROWD);
    node.enqueueAll(Flux.fromIterable(crowd), caller).blockLast(LIMIT);

    end.tryEmitEmpty();
    for (int i = 1; i <= 5; i++) {
      enqueue(NewJob.of("discarded", NOTHING).queue("second"), 1);
      told.await(Kind.DISCARDED, i);
    }
    othersRun();
    assertThat(told.count(Kind.FAILED)).isZero();

    end(commits);
    int all = commits ? 2 * CROWD : CROWD;
    Await.until(
        "all have ended",
        LIMIT,
        () -> told.count(Kind.COMPLETED) + told.count(Kind.CANCELLED) == OTHERS + all);
    assertThat(told.count(Kind.COMPLETED)).isGreaterThanOrEqualTo(OTHERS + CROWD);
  }

  private Mono<Outcome> failOnce(JobContext<?> job) {
    return end.asMono().thenReturn(job.attempt() == 1 ? Outcome.failed("no") : Outcome.done());
  }

  /** While the transaction is open. */
  private void othersRun() {
    int before = told.count(Kind.COMPLETED);
    enqueue(NewJob.of("work", NOTHING).queue("second"), OTHERS);
    told.await(Kind.COMPLETED, before + OTHERS);
  }

  private void end(boolean commits) {
    Mono.from(commits ? caller.commitTransaction() : caller.rollbackTransaction()).block(LIMIT);
  }

  private List<Long> enqueue(NewJob job, int count) {
    return node.enqueueAll(Flux.range(0, count).map(i -> job))
        .map(Receipt::id)
        .collectList()
        .block(LIMIT);
  }

  private Batch batch(long id) {
    return node.batches().find(id).block(LIMIT);
  }

  private Job job(long id) {
    return node.jobs().find(id).block(LIMIT);
  }
}
