package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.batch.NewBatch;
import io.shigoto.event.JobEvent;
import io.shigoto.job.NewJob;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.worker.Outcome;
import io.shigoto.worker.Unique;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import reactor.core.publisher.Sinks;

/** A run whose job another node has claimed meanwhile, whatever it comes to. */
class FenceIT {

  private static final String ALL =
      "SELECT row_to_json(job)::text AS job, (SELECT count(*) FROM shigoto.dependencies) AS edges,"
          + " (SELECT json_agg(batch)::text FROM shigoto.batches AS batch) AS batches,"
          + " (SELECT json_agg(held)::text FROM shigoto.unique_keys AS held) AS keys"
          + " FROM shigoto.all_jobs AS job ORDER BY id";

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Told told = new Told();
  private final Sinks.One<Outcome> end = Sinks.one();
  private Shigoto node;

  @BeforeEach
  void start() {
    node =
        nodes.start(
            Shigoto.builder(db.connectionFactory())
                .worker(new Scripted("work", job -> end.asMono()))
                .queue("default", 1)
                .listener(told));
  }

  static Stream<Outcome> outcomes() {
    return Stream.of(
        Outcome.done(),
        Outcome.done("result"),
        Outcome.failed("no"),
        Outcome.snooze(Duration.ofHours(1)),
        Outcome.discard("no"),
        Outcome.cancel("no"));
  }

  @Test
  void aRunThatWasNotSupersededIsTheOnlyOne() {
    node.enqueue(NewJob.of("work", Scripted.NOTHING)).block(LIMIT);
    end.tryEmitValue(Outcome.done());
    told.await(JobEvent.Kind.COMPLETED);

    assertThat(db.number("SELECT count(*) FROM shigoto.jobs")).isZero();
    assertThat(db.number("SELECT count(*) FROM shigoto.job_history")).isOne();
  }

  @Test
  void aCompletedOneChangesNothing() {
    whateverItComesToItChangesNothing(Outcome.done());
  }

  @Test
  void aFailedOneChangesNothing() {
    whateverItComesToItChangesNothing(Outcome.failed("no"));
  }

  @ParameterizedTest
  @MethodSource("outcomes")
  void whateverItComesToItChangesNothing(Outcome outcome) {
    long batch = node.batches().open(NewBatch.of("callback", Scripted.NOTHING)).block(LIMIT);
    NewJob job = NewJob.of("work", Scripted.NOTHING);
    long id =
        node.enqueue(job.batch(batch).unique(Unique.by(Unique.Field.WORKER))).block(LIMIT).id();
    node.enqueue(NewJob.of("after", Scripted.NOTHING).dependsOn(id)).block(LIMIT);
    told.await(JobEvent.Kind.STARTED);
    Await.until(
        "it is watched",
        LIMIT,
        () -> db.number("SELECT count(*) FROM shigoto.jobs WHERE watched") == 1);
    Await.until(
        "it is counted",
        LIMIT,
        () -> db.number("SELECT count(*) FROM shigoto.batches WHERE total = 1") == 1);
    claimedByAnother(id);
    List<Map<String, Object>> before = db.sql(ALL);

    end.tryEmitValue(outcome);
    Await.until("it has ended for the node", LIMIT, () -> kinds().size() == 1);

    assertThat(db.sql(ALL)).isEqualTo(before).hasSize(2);
    assertThat(kinds()).containsExactly(JobEvent.Kind.SUPERSEDED);
  }

  private List<JobEvent.Kind> kinds() {
    return Stream.of(
            JobEvent.Kind.SUPERSEDED,
            JobEvent.Kind.COMPLETED,
            JobEvent.Kind.FAILED,
            JobEvent.Kind.SNOOZED,
            JobEvent.Kind.DISCARDED,
            JobEvent.Kind.CANCELLED)
        .filter(kind -> told.count(kind) > 0)
        .toList();
  }

  private static void claimedByAnother(long id) {
    db.sql(
        """
        WITH another AS (
          INSERT INTO shigoto.nodes (id, name, lease_until, queues, workers)
          VALUES (gen_random_uuid(), 'another', now() + interval '1 hour', '{default}', '{work}')
          RETURNING id
        )
        UPDATE shigoto.jobs
           SET lease = lease + 1, attempt = attempt + 1, owner = another.id
          FROM another
         WHERE jobs.id = %d
        """
            .formatted(id));
  }
}
