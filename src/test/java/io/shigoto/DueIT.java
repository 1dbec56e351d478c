package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import io.r2dbc.spi.Connection;
import io.shigoto.event.JobEvent.Kind;
import io.shigoto.job.Job;
import io.shigoto.job.JobState;
import io.shigoto.job.NewJob;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.worker.JobContext;
import io.shigoto.worker.Outcome;
import java.time.Duration;
import java.util.Map;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Mono;

/**
 * What is due later is run when it is due: nodes poll and look for due jobs once an hour, so what
 * runs was run by the alarm, and by whatever set it.
 */
class DueIT {

  private static final Duration NEVER = Duration.ofHours(1);
  private static final Duration SOON = Duration.ofMillis(300);

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Told told = new Told();
  private Function<JobContext<Map<String, Object>>, Mono<Outcome>> script = job -> Mono.empty();

  @Test
  void aJobOfThisNode() {
    Shigoto node = start(serving());

    runsInTime(node.enqueue(job().delay(SOON)).block(LIMIT).id());
  }

  @Test
  void aJobOfANodeThatHearsNothing() {
    Shigoto node = nodes.start(serving().pollOnly());
    told.await(Kind.NODE_JOINED);
    ran(node.enqueue(job()).block(LIMIT).id());

    runsInTime(node.enqueue(job().delay(SOON)).block(LIMIT).id());
  }

  @Test
  void aJobOfAnotherNode() {
    start(serving());

    runsInTime(enqueueing().enqueue(job().delay(SOON)).block(LIMIT).id());
  }

  @Test
  void aJobOfATransaction() {
    start(serving());
    Connection client = Mono.from(db.connectionFactory().create()).block(LIMIT);
    Mono.from(client.beginTransaction()).block(LIMIT);
    long id = enqueueing().enqueue(job().delay(SOON), client).block(LIMIT).id();
    Mono.from(client.commitTransaction()).block(LIMIT);
    Mono.from(client.close()).block(LIMIT);

    runsInTime(id);
  }

  @Test
  void aJobThatFailedAfterItsBackoff() {
    script = job -> job.attempt() == 1 ? Mono.error(new IllegalStateException()) : Mono.empty();
    Shigoto node = start(serving());

    long id = node.enqueue(job()).block(LIMIT).id();
    told.await(Kind.FAILED);

    runsInTime(id);
  }

  @Test
  void aJobThatIsSnoozed() {
    script =
        job ->
            told.count(Kind.SNOOZED) == 0
                ? Mono.just(Outcome.snooze(SOON))
                : Mono.just(Outcome.done());
    Shigoto node = start(serving());

    long id = node.enqueue(job()).block(LIMIT).id();
    told.await(Kind.SNOOZED);

    runsInTime(id);
  }

  /** The alarm was set for what is due in an hour. */
  @Test
  void aJobThatIsDueBeforeOthers() {
    Shigoto node = start(serving());
    long later = node.enqueue(job().delay(NEVER)).block(LIMIT).id();

    runsInTime(node.enqueue(job().delay(SOON)).block(LIMIT).id());

    assertThat(node.jobs().find(later).block(LIMIT).state()).isEqualTo(JobState.SCHEDULED);
  }

  /** Nobody tells of it: the look at the first finds it. */
  @Test
  void aJobThatIsDueAfterOthers() {
    Shigoto node = start(serving());
    long second =
        db.number(
            """
            INSERT INTO shigoto.jobs (queue, worker, scheduled_at)
            SELECT 'default', 'work', now() + interval '600 ms'
              FROM set_config('shigoto.notify', 'off', true)
            RETURNING id
            """);

    runsInTime(node.enqueue(job().delay(SOON)).block(LIMIT).id());
    runsInTime(second);
  }

  @Test
  void aJobFromBeforeTheNodeWasThere() {
    long id = enqueueing().enqueue(job().delay(Duration.ofSeconds(2))).block(LIMIT).id();

    start(serving());

    runsInTime(id);
  }

  private void runsInTime(long id) {
    ran(id);
    Job job = enqueueing().jobs().find(id).block(LIMIT);
    assertThat(job.claimedAt()).isAfterOrEqualTo(job.scheduledAt());
  }

  private void ran(long id) {
    Await.until(
        "job " + id + " ran",
        LIMIT,
        () ->
            db.number(
                    "SELECT count(*) FROM shigoto.job_history WHERE state = 'completed' AND id ="
                        + " $1",
                    id)
                == 1);
  }

  /** When it hears, it looks at everything; that must be over. */
  private Shigoto start(ShigotoBuilder builder) {
    Shigoto node = nodes.start(builder);
    Await.until("it hears", LIMIT, () -> node.health().block(LIMIT).notificationsArrive());
    return node;
  }

  private ShigotoBuilder serving() {
    return builder()
        .worker(new Scripted("work", job -> script.apply(job)))
        .queue("default", 5)
        .listener(told);
  }

  private Shigoto enqueueing() {
    return nodes.build(builder());
  }

  private static ShigotoBuilder builder() {
    return Shigoto.builder(db.connectionFactory()).pollInterval(NEVER);
  }

  private static NewJob job() {
    return NewJob.of("work", Scripted.NOTHING);
  }
}
