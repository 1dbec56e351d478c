package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import io.r2dbc.spi.Connection;
import io.shigoto.batch.NewBatch;
import io.shigoto.control.JobFilter;
import io.shigoto.event.JobEvent;
import io.shigoto.event.JobEvent.Kind;
import io.shigoto.job.IfNotCompleted;
import io.shigoto.job.JobState;
import io.shigoto.job.NewJob;
import io.shigoto.job.Receipt;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.worker.Unique;
import io.shigoto.workflow.Workflow;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.reactivestreams.Publisher;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * A caller goes away while its write is under way. The write commits all the same, and is told all
 * the same.
 */
class CallerGoneIT {

  private static final NewJob JOB = NewJob.of("work", Scripted.NOTHING);
  private static final NewBatch BATCH = NewBatch.of("callback", Scripted.NOTHING);
  private static final JobFilter WORK = JobFilter.where().worker("work");

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Told told = new Told();
  private Shigoto node;

  /** Writes to a table for which it is called wait until there is a row in {@code gate}. */
  @BeforeAll
  static void buildTheGate() {
    db.sql(
        """
        CREATE TABLE public.gate ();
        INSERT INTO public.gate DEFAULT VALUES;
        CREATE FUNCTION public.pass_gate() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          WHILE NOT EXISTS (SELECT FROM public.gate) LOOP
            PERFORM pg_sleep(0.005);
          END LOOP;
          RETURN NULL;
        END $$;
        """);
    for (String table :
        List.of("job_history", "batches", "dependencies", "unique_keys", "jobs", "queues")) {
      db.sql(
          """
          CREATE TRIGGER pass_gate AFTER INSERT OR UPDATE OR DELETE ON shigoto.%s
          FOR EACH ROW EXECUTE FUNCTION public.pass_gate()
          """
              .formatted(table));
    }
  }

  @AfterEach
  void openTheGate() {
    setGate(true);
  }

  @BeforeEach
  void build() {
    setGate(true);
    node = nodes.build(Shigoto.builder(db.connectionFactory()).listener(told).pollOnly());
  }

  @Test
  void whatASweepHasCancelledIsTold() {
    enqueue(20);

    leave(node.jobs().cancelAll(WORK));

    assertThat(told.await(Kind.CANCELLED, 20)).hasSize(20);
  }

  @Test
  void whatASweepHasRetriedIsTold() {
    for (int id = 1; id <= 20; id++) {
      EndedJob.insert(db, id, JobState.DISCARDED, "2026-11-01 12:00Z");
    }

    leave(node.jobs().retryAll(JobFilter.all()));

    assertThat(told.await(Kind.RETRIED, 20)).hasSize(20);
  }

  @Test
  void whatFollowsFromADeletionByASweepIsTold() {
    long batch = node.batches().open(BATCH).block(LIMIT);
    node.enqueue(JOB.batch(batch)).block(LIMIT);
    node.batches().seal(batch).block(LIMIT);

    leave(node.jobs().deleteAll(WORK));

    told.await(Kind.DELETED);
    assertThat(told.await(Kind.BATCH_COMPLETED).detail()).isEqualTo("" + batch);
  }

  @Test
  void whatOneCancelHasDoneIsTold() {
    long id = enqueue(1).get(0);

    leave(node.jobs().cancel(id));

    assertThat(told.await(Kind.CANCELLED).jobId()).isEqualTo(id);
  }

  @Test
  void aWorkflowIsTold() {
    leave(
        node.enqueue(
            Workflow.named("two").step("a", JOB).step("b", JOB, Workflow.after("a")).build()));

    assertThat(told.await(Kind.INSERTED, 2)).extracting(JobEvent::worker).containsOnly("work");
  }

  @Test
  void aBatchIsTold() {
    leave(node.batches().enqueue(BATCH, List.of(JOB, JOB)));
    told.await(Kind.INSERTED, 2);

    setGate(false);
    leave(node.batches().enqueue(BATCH, List.of()));

    told.await(Kind.BATCH_COMPLETED);
  }

  @Test
  void aSealIsTold() {
    long batch = node.batches().open(BATCH).block(LIMIT);

    leave(node.batches().seal(batch));

    assertThat(told.await(Kind.BATCH_COMPLETED).detail()).isEqualTo("" + batch);
  }

  /** It has left its group, because an unfinished transaction had its key. */
  @Test
  void aJobThatWaitedForItsKeyIsTold() {
    NewJob unique = JOB.unique(Unique.by(Unique.Field.WORKER));
    Connection other = Mono.from(db.connectionFactory().create()).block(LIMIT);
    Disposable waiting;
    try {
      Mono.from(other.beginTransaction()).block(LIMIT);
      node.enqueue(unique, other).block(LIMIT);
      setGate(false);
      waiting = node.enqueue(unique).subscribe();
      Set<Object> waits = new HashSet<>();
      Await.until(LIMIT, () -> waits.addAll(waits()) && waits.size() > 1);
      Mono.from(other.rollbackTransaction()).block(LIMIT);
    } finally {
      Mono.from(other.close()).block(LIMIT);
    }
    leave(waiting);

    assertThat(told.await(Kind.INSERTED).worker()).isEqualTo("work");
  }

  @Test
  void aPauseIsSeenAtOnce() {
    node =
        nodes.start(
            Shigoto.builder(db.connectionFactory())
                .listener(told)
                .queue("q", 1)
                .pollOnly()
                .pollInterval(Duration.ofHours(1)));

    leave(node.queues().pause("q"));

    told.await(Kind.QUEUE_PAUSED);
  }

  /** Nobody else knows what followed from the end of its parent. */
  @Test
  void whatANodeHasSeenToIsToldWhenItStopsMeanwhile() {
    EndedJob.insert(db, 7, JobState.DISCARDED, "now");
    node.enqueue(JOB.dependsOn(7).ifNotCompleted(IfNotCompleted.CANCEL)).block(LIMIT);
    setGate(false);
    Shigoto other = nodes.start(Shigoto.builder(db.connectionFactory()).listener(told));
    Await.until("the write is under way", LIMIT, CallerGoneIT::isUnderWay);
    CompletableFuture<Void> stopped = other.stop(Duration.ZERO).toFuture();
    told.await(Kind.NODE_LEFT);
    setGate(true);

    assertThat(stopped).succeedsWithin(LIMIT);
    told.await(Kind.CANCELLED);
  }

  /** Goes away while the write is under way. */
  private static void leave(Publisher<?> write) {
    setGate(false);
    leave(Flux.from(write).subscribe());
  }

  private static void leave(Disposable caller) {
    Await.until("the write is under way", LIMIT, CallerGoneIT::isUnderWay);
    caller.dispose();
    setGate(true);
  }

  private static boolean isUnderWay() {
    return db.number(
            """
            SELECT count(*) FROM pg_stat_activity
             WHERE datname = current_database() AND wait_event = 'PgSleep'
            """)
        > 0;
  }

  /** When the statements began that wait for a transaction. */
  private static Set<Object> waits() {
    return db
        .sql(
            """
            SELECT query_start FROM pg_stat_activity
             WHERE datname = current_database() AND wait_event = 'transactionid'
            """)
        .stream()
        .map(row -> row.get("query_start"))
        .collect(Collectors.toSet());
  }

  private static void setGate(boolean open) {
    db.sql(open ? "INSERT INTO public.gate DEFAULT VALUES" : "DELETE FROM public.gate");
  }

  private List<Long> enqueue(int jobs) {
    return node.enqueueAll(Flux.fromStream(IntStream.range(0, jobs).mapToObj(i -> JOB)))
        .map(Receipt::id)
        .collectList()
        .block(LIMIT);
  }
}
