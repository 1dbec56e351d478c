package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.event.JobEvent.Kind;
import io.shigoto.job.Job;
import io.shigoto.job.NewJob;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.worker.Outcome;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/**
 * The database's clock decides. That the library never looks at the clock of its machine is one of
 * the house rules; here are the times that callers and databases bring.
 */
class ClockIT {

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Told told = new Told();

  @Test
  void jobOfACallerWhoseClockIsAnHourSlowRunsAtOnce() {
    Shigoto node = start();

    node.enqueue(job().scheduledAt(databaseTime().minus(Duration.ofHours(1)))).block(LIMIT);

    told.await(Kind.COMPLETED);
  }

  @Test
  void jobIsDueByTheClockOfTheDatabase() {
    Shigoto node = start();
    Instant due = databaseTime().plusMillis(300);

    long id = node.enqueue(job().scheduledAt(due)).block(LIMIT).id();
    told.await(Kind.COMPLETED);

    Job job = node.jobs().find(id).block(LIMIT);
    assertThat(job.claimedAt()).isAfterOrEqualTo(due);
  }

  @Test
  void allTimesOfAJobAreTheDatabases() {
    Shigoto node = start();
    Instant before = databaseTime();

    long id = node.enqueue(job()).block(LIMIT).id();
    told.await(Kind.COMPLETED);

    Instant after = databaseTime();
    Job job = node.jobs().find(id).block(LIMIT);
    assertThat(job.insertedAt()).isBetween(before, after);
    assertThat(job.claimedAt()).isBetween(before, after);
    assertThat(job.finishedAt()).isBetween(before, after);
  }

  /** It is alone first: all that it finds due, lost and alive it finds by the database's clock. */
  @ParameterizedTest
  @CsvSource({"+1h, 60", "-1h, -60"})
  void nodeWhoseClockIsAnHourOffChangesNothing(String offset, int minutes) {
    insertLost(5);
    nodes.child(db.options(), "clock", WrongClock.environment(offset));
    int first = 5 + NodeInAnotherJvm.LATER;
    Await.until("it has begun", ChildNode.LIMIT, () -> history("TRUE") > 0);
    awaitEnded(first);

    assertThat(history("TRUE")).isEqualTo(first);
    assertThat(history(itsClockIsOff(minutes))).as("its clock is off").isEqualTo(first);
    assertThat(history("errors->0->>'type' = 'NodeLost' AND attempt = 2"))
        .as("it rescued what was lost")
        .isEqualTo(5);
    assertThat(
            history(
                "attempt = 1 AND errors IS NULL AND scheduled_at - inserted_at = interval '300"
                    + " ms'"))
        .as("what it enqueued is due by the database's clock")
        .isEqualTo(NodeInAnotherJvm.LATER);
    assertThat(history("claimed_at - scheduled_at BETWEEN interval '0' AND interval '10 s'"))
        .as("all were claimed when they were due")
        .isEqualTo(first);
    bothRunForLongerThanTheirLeases(first);
  }

  /** Neither takes the other for lost. */
  private void bothRunForLongerThanTheirLeases(int before) {
    Sinks.Empty<Void> end = Sinks.empty();
    Shigoto right =
        nodes.start(
            Shigoto.builder(db.connectionFactory())
                .lease(Duration.ofSeconds(2))
                .worker(new Scripted("right", job -> end.asMono().thenReturn(Outcome.done())))
                .queue("default", 1)
                .listener(told));
    right.enqueue(NewJob.of("right", Scripted.NOTHING)).block(LIMIT);
    told.await(Kind.STARTED);

    right.enqueue(job().tags("long")).block(LIMIT);
    awaitEnded(before + 1);
    end.tryEmitEmpty();
    awaitEnded(before + 2);

    assertThat(history("attempt = 1 AND errors IS NULL")).isEqualTo(NodeInAnotherJvm.LATER + 2);
    assertThat(
            history(
                "tags = '{long}' AND finished_at - claimed_at BETWEEN interval '5 s' AND interval"
                    + " '25 s'"))
        .isOne();
    assertThat(db.number("SELECT count(*) FROM shigoto.nodes")).isEqualTo(2);
  }

  /** Its jobs tell what time it was when they ended. */
  private static String itsClockIsOff(int minutes) {
    return "to_timestamp(result::text::bigint / 1000.0) - finished_at - interval '%d minutes'"
            .formatted(minutes)
        + " BETWEEN interval '-5 minutes' AND interval '5 minutes'";
  }

  private static void insertLost(int count) {
    db.sql(
        """
        INSERT INTO shigoto.jobs (queue, worker, state, owner, lease, attempt, claimed_at)
        SELECT 'default', 'work', 'executing', gen_random_uuid(), 1, 1, now() FROM generate_series(1, $1)
        """,
        count);
  }

  private static void awaitEnded(int count) {
    Await.until(count + " jobs have ended", LIMIT, () -> history("TRUE") == count);
  }

  private static long history(String which) {
    return db.number(
        "SELECT count(*) FROM shigoto.job_history WHERE state = 'completed' AND " + which);
  }

  private Shigoto start() {
    return nodes.start(
        Shigoto.builder(db.connectionFactory())
            .worker(new Scripted("work", job -> Mono.empty()))
            .queue("default", 10)
            .listener(told));
  }

  private static NewJob job() {
    return NewJob.of("work", Scripted.NOTHING);
  }

  private static Instant databaseTime() {
    return ((OffsetDateTime) db.sql("SELECT clock_timestamp() AS now").get(0).get("now"))
        .toInstant();
  }
}
