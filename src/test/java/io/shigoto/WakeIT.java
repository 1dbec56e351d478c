package io.shigoto;

import static org.assertj.core.api.Assertions.assertThat;

import io.r2dbc.spi.Connection;
import io.shigoto.Health.Unserved;
import io.shigoto.job.Job;
import io.shigoto.job.JobState;
import io.shigoto.job.NewJob;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.worker.Outcome;
import io.shigoto.worker.Worker;
import java.time.Duration;
import java.time.Instant;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Mono;

/** With a poll once an hour, what runs was woken. */
class WakeIT {

  record Note(String text) {}

  private static final Duration LIMIT = Duration.ofSeconds(20);
  private static final Duration NEVER = Duration.ofHours(1);

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Queue<Long> ran = new ConcurrentLinkedQueue<>();
  private Shigoto serving;
  private Shigoto enqueueing;

  @BeforeEach
  void start() {
    serving =
        nodes.start(
            builder()
                .worker(
                    Worker.of(
                        "note",
                        Note.class,
                        job -> {
                          ran.add(job.id());
                          return Mono.just(Outcome.done());
                        }))
                .queue("default", 5));
    enqueueing = nodes.start(builder());
    Await.until(
        "both nodes listen",
        LIMIT,
        () ->
            serving.health().block(LIMIT).notificationsArrive()
                && enqueueing.health().block(LIMIT).notificationsArrive());
  }

  @Test
  void aNodeThatOnlyEnqueuesWakesTheOthers() {
    long id = enqueueing.enqueue(NewJob.of("note", new Note("x"))).block(LIMIT).id();

    Await.until(LIMIT, () -> ran.contains(id));
    assertThat(enqueueing.health().block(LIMIT))
        .extracting(Health::status, Health::runsHeld)
        .containsExactly(Health.Status.UP, 0);
  }

  @Test
  void aPlainInsertWakesTheQueueAtItsCommit() {
    Connection client = Mono.from(db.connectionFactory().create()).block(LIMIT);
    Mono.from(client.beginTransaction()).block(LIMIT);
    execute(
        client, "INSERT INTO shigoto.jobs (queue, worker, args) VALUES ('default', 'note', '{}')");
    long bystander = enqueueing.enqueue(NewJob.of("note", new Note("x"))).block(LIMIT).id();
    Await.until(LIMIT, () -> ran.contains(bystander));
    assertThat(ran).hasSize(1);

    Mono.from(client.commitTransaction()).block(LIMIT);

    Await.until(LIMIT, () -> ran.size() == 2);
    Mono.from(client.close()).block(LIMIT);
  }

  @Test
  void aPlainInsertThatIsDueLaterIsNotRunEarly() {
    long id =
        db.number(
            """
            INSERT INTO shigoto.jobs (queue, worker, scheduled_at)
            VALUES ('default', 'note', now() + interval '400 milliseconds') RETURNING id
            """);

    assertThat(serving.jobs().find(id).block(LIMIT).state()).isEqualTo(JobState.SCHEDULED);
    Await.until(LIMIT, () -> ran.contains(id));
    Await.until(LIMIT, () -> serving.jobs().find(id).block(LIMIT).state() == JobState.COMPLETED);
    Job job = serving.jobs().find(id).block(LIMIT);
    assertThat(job.claimedAt()).isAfterOrEqualTo(job.scheduledAt());
  }

  @Test
  void aJobInTheCallersTransactionIsThereAndWakesAtItsCommit() {
    Connection client = Mono.from(db.connectionFactory().create()).block(LIMIT);
    Mono.from(client.beginTransaction()).block(LIMIT);
    long id = enqueueing.enqueue(NewJob.of("note", new Note("x")), client).block(LIMIT).id();
    assertThat(enqueueing.jobs().find(id).block(LIMIT)).isNull();

    Mono.from(client.commitTransaction()).block(LIMIT);

    Await.until(LIMIT, () -> ran.contains(id));
    Mono.from(client.close()).block(LIMIT);
  }

  @Test
  void aJobInTheCallersTransactionGoesWithItsRollback() {
    Connection client = Mono.from(db.connectionFactory().create()).block(LIMIT);
    Mono.from(client.beginTransaction()).block(LIMIT);
    long id = enqueueing.enqueue(NewJob.of("note", new Note("x")), client).block(LIMIT).id();

    Mono.from(client.rollbackTransaction()).block(LIMIT);
    long next = enqueueing.enqueue(NewJob.of("note", new Note("x"))).block(LIMIT).id();

    Await.until(LIMIT, () -> ran.contains(next));
    assertThat(ran).doesNotContain(id);
    assertThat(enqueueing.jobs().find(id).block(LIMIT)).isNull();
    Mono.from(client.close()).block(LIMIT);
  }

  @Test
  void aWorkerThatNobodyKnowsWaitsAndShowsInHealth() {
    long stranger = enqueueing.enqueue(NewJob.of("stranger", new Note("x"))).block(LIMIT).id();
    enqueueing.enqueue(NewJob.of("note", new Note("x")).queue("nobody's")).block(LIMIT);
    long known = enqueueing.enqueue(NewJob.of("note", new Note("x"))).block(LIMIT).id();
    Await.until(LIMIT, () -> ran.contains(known));

    Health health = serving.health().block(LIMIT);

    assertThat(health.status()).isEqualTo(Health.Status.DEGRADED);
    assertThat(health.unserved())
        .containsExactlyInAnyOrder(
            new Unserved("default", "stranger"), new Unserved("nobody's", "note"));
    Job job = serving.jobs().find(stranger).block(LIMIT);
    assertThat(job.state()).isEqualTo(JobState.AVAILABLE);
    assertThat(job.attempt()).isZero();
  }

  @Test
  void aTimeThatHasPassedIsDueAtOnce() {
    long id =
        enqueueing
            .enqueue(NewJob.of("note", new Note("x")).scheduledAt(Instant.EPOCH))
            .block(LIMIT)
            .id();

    Await.until(LIMIT, () -> ran.contains(id));
  }

  private ShigotoBuilder builder() {
    return Shigoto.builder(db.connectionFactory()).pollInterval(NEVER);
  }

  private static void execute(Connection client, String statement) {
    Mono.from(client.createStatement(statement).execute())
        .flatMap(result -> Mono.from(result.getRowsUpdated()))
        .block(LIMIT);
  }
}
