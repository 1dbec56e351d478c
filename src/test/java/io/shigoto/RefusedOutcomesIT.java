package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import io.shigoto.event.JobEvent;
import io.shigoto.job.Job;
import io.shigoto.job.JobState;
import io.shigoto.job.NewJob;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.support.LogCapture;
import io.shigoto.worker.JobError;
import io.shigoto.worker.Outcome;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Somebody else's rules in the database keep the outcomes of one worker from being written. */
class RefusedOutcomesIT {

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Told told = new Told();
  private final LogCapture log = LogCapture.start();
  private Shigoto node;

  @BeforeEach
  void startNode() {
    db.sql("TRUNCATE shigoto.jobs, shigoto.job_history");
    node =
        nodes.start(
            Shigoto.builder(db.connectionFactory())
                .statementTimeout(Duration.ofSeconds(1))
                .worker(new Scripted("bad", job -> Mono.empty()))
                .worker(new Scripted("worse", job -> Mono.just(Outcome.failed("no"))))
                .worker(new Scripted("good", job -> Mono.just(Outcome.done("well"))))
                .queue("default", 10)
                .listener(told));
  }

  @AfterEach
  void takeTheRulesAway() {
    log.close();
    db.sql("ALTER TABLE shigoto.job_history DROP CONSTRAINT IF EXISTS theirs");
    db.sql("DROP TRIGGER IF EXISTS theirs ON shigoto.jobs");
  }

  @Test
  void aJobThatMayNotEndIsTriedAgainLaterAndKeepsNobodyWaiting() {
    db.sql(
        """
        ALTER TABLE shigoto.job_history
          ADD CONSTRAINT theirs CHECK (worker NOT IN ('bad', 'worse'))
        """);

    enqueue("bad", "worse");
    told.await(JobEvent.Kind.FAILED, 2);

    for (long id : new long[] {idOf("bad"), idOf("worse")}) {
      Job job = node.jobs().find(id).block(LIMIT);
      assertThat(job.state()).isEqualTo(JobState.RETRYABLE);
      assertThat(job.errors())
          .extracting(JobError::message)
          .containsExactly("the database refused the outcome");
      assertThat(Duration.between(job.errors().get(0).at(), job.scheduledAt()))
          .isBetween(Duration.ofSeconds(1), Duration.ofSeconds(31));
    }
    assertThat(log.messages(Level.ERROR))
        .contains("the database refuses that a job ends, it will be tried again");
    assertOthersEnd();
  }

  @Test
  void aRunOfWhichNothingCanBeWrittenIsSetAsideAndComesBackWhenItCan() {
    db.sql(
        """
        CREATE OR REPLACE FUNCTION public.theirs() RETURNS trigger LANGUAGE plpgsql AS $theirs$
        BEGIN
          RAISE EXCEPTION 'not this one';
        END
        $theirs$
        """);
    db.sql(
        """
        CREATE TRIGGER theirs BEFORE UPDATE OR DELETE ON shigoto.jobs
        FOR EACH ROW WHEN (OLD.worker = 'bad' AND OLD.state = 'executing')
        EXECUTE FUNCTION public.theirs()
        """);

    enqueue("bad");
    told.await(JobEvent.Kind.SUPERSEDED);

    assertThat(log.messages(Level.ERROR))
        .contains("the database refuses whatever is written about a run, it is set aside");
    assertOthersEnd();
    long id = idOf("bad");
    db.sql("DROP TRIGGER theirs ON shigoto.jobs");
    Await.until(
        "it has ended", LIMIT, () -> node.jobs().find(id).block(LIMIT).state().isTerminal());
  }

  private void enqueue(String... workers) {
    node.enqueueAll(
            Flux.just(workers)
                .concatWith(Flux.range(0, 20).map(i -> "good"))
                .map(worker -> NewJob.of(worker, Scripted.NOTHING).maxAttempts(1)))
        .blockLast(LIMIT);
  }

  private static long idOf(String worker) {
    return db.number("SELECT max(id) FROM shigoto.jobs WHERE worker = $1", worker);
  }

  private void assertOthersEnd() {
    told.await(JobEvent.Kind.COMPLETED, 20);
    assertThat(told.count(JobEvent.Kind.NODE_LEFT)).isZero();
    Await.until("none is held", LIMIT, () -> node.health().block(LIMIT).runsHeld() == 0);
  }
}
