package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.event.JobEvent.Kind;
import io.shigoto.job.Job;
import io.shigoto.job.NewJob;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

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

  /** Were it not for the database's clock, it would take the other for lost, or the other it. */
  @Test
  void nodeWhoseClockIsAnHourOffChangesNothing() {
    Map<String, String> hourFast = WrongClock.environment("+1h");
    Shigoto node = nodes.build(Shigoto.builder(db.connectionFactory()));
    nodes.child(db.options(), "slow", hourFast);
    nodes.child(db.options(), "slow");
    Await.until(LIMIT, () -> db.number("SELECT count(*) FROM shigoto.nodes") == 2);

    node.enqueueAll(Flux.range(0, 15).map(i -> job().delay(Duration.ofMillis(300))))
        .blockLast(LIMIT);
    Await.until(LIMIT, () -> db.number("SELECT count(*) FROM shigoto.job_history") == 15);

    assertThat(
            db.number(
                "SELECT count(*) FROM shigoto.job_history"
                    + " WHERE state = 'completed' AND attempt = 1 AND errors IS NULL"
                    + " AND claimed_at - scheduled_at BETWEEN interval '0' AND interval '10 s'"
                    + " AND finished_at - claimed_at BETWEEN interval '5 s' AND interval '20 s'"))
        .isEqualTo(15);
    assertThat(db.number("SELECT count(*) FROM shigoto.nodes")).isEqualTo(2);
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
