package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.groups.Tuple.tuple;

import io.shigoto.event.JobEvent;
import io.shigoto.job.Job;
import io.shigoto.job.JobState;
import io.shigoto.job.NewJob;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.support.TcpProxy;
import io.shigoto.worker.JobError;
import io.shigoto.worker.Outcome;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/** A node that vanishes in the middle of a run: its network is frozen or cut. */
class LostNodeIT {

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Queue<String> happened = new ConcurrentLinkedQueue<>();
  private final Told toldByA = new Told();
  private final Told toldByB = new Told();
  private final Sinks.Empty<Void> endOfA = Sinks.empty();
  private final Sinks.Empty<Void> endOfB = Sinks.empty();
  private TcpProxy network;
  private Shigoto enqueuer;

  @BeforeEach
  void networkOfA() {
    network = nodes.network(db.options());
    enqueuer = nodes.build(Shigoto.builder(db.connectionFactory()));
  }

  @Test
  void jobsOfALostNodeFailThatAttemptAndRunElsewhereAfterTheirBackoff() {
    startA();
    long id = enqueue(NewJob.of("work", Scripted.NOTHING));
    toldByA.await(JobEvent.Kind.STARTED);
    Instant firstClaimedAt = find(id).claimedAt();

    network.freeze();
    startB();
    toldByB.await(JobEvent.Kind.STARTED);

    Job job = find(id);
    assertThat(job.attempt()).isEqualTo(2);
    assertThat(job.errors())
        .extracting(JobError::attempt, JobError::node, JobError::type)
        .containsExactly(tuple(1, "a", "NodeLost"));
    assertThat(job.errors().get(0).message()).contains("lost its lease");
    assertThat(job.errors().get(0).at()).isBetween(firstClaimedAt, job.claimedAt());
    assertThat(Duration.between(job.errors().get(0).at(), job.scheduledAt()))
        .isEqualTo(Duration.ofMillis(100));
    assertThat(toldByB.all(JobEvent.Kind.RESCUED)).extracting(JobEvent::jobId).containsExactly(id);
    endOfB.tryEmitEmpty();
    assertThat(ended(id).result()).isEqualTo("\"b\"");
  }

  @Test
  void lostNodeCancelsItsRunsBeforeOthersStartThem() {
    startA();
    enqueue(NewJob.of("work", Scripted.NOTHING));
    toldByA.await(JobEvent.Kind.STARTED);
    startB();

    network.freeze();
    toldByB.await(JobEvent.Kind.STARTED);

    assertThat(happened).startsWith("a starts").endsWith("a is cancelled", "b starts");
    assertThat(toldByA.count(JobEvent.Kind.NODE_LOST_LEASE)).isPositive();
  }

  /**
   * The outcome is on its way when the network freezes, and arrives when the job runs elsewhere.
   */
  @Test
  void lateSettlementChangesNothing() {
    startA();
    long id = enqueue(NewJob.of("work", Scripted.NOTHING));
    toldByA.await(JobEvent.Kind.STARTED);
    network.freeze();
    endOfA.tryEmitEmpty();
    startB();
    toldByB.await(JobEvent.Kind.STARTED);

    network.thaw();
    assertThat(toldByA.await(JobEvent.Kind.SUPERSEDED).jobId()).isEqualTo(id);

    Job job = find(id);
    assertThat(job.state()).isEqualTo(JobState.EXECUTING);
    assertThat(job.attempt()).isEqualTo(2);
    assertThat(job.errors()).hasSize(1);
    assertThat(toldByA.count(JobEvent.Kind.COMPLETED)).isZero();
    endOfB.tryEmitEmpty();
    assertThat(ended(id).result()).isEqualTo("\"b\"");
    assertThat(db.number("SELECT count(*) FROM shigoto.job_history")).isOne();
  }

  @Test
  void jobIsDiscardedWhenTheLostAttemptWasItsLast() {
    startA();
    long id = enqueue(NewJob.of("work", Scripted.NOTHING).maxAttempts(1));
    toldByA.await(JobEvent.Kind.STARTED);

    network.cut();
    startB();

    Job job = ended(id);
    assertThat(job.state()).isEqualTo(JobState.DISCARDED);
    assertThat(job.attempt()).isEqualTo(1);
    assertThat(job.errors()).extracting("type").containsExactly("NodeLost");
    assertThat(toldByB.count(JobEvent.Kind.STARTED)).isZero();
  }

  /** Nodes are forgotten long after they are lost, and their runs are rescued all the same. */
  @Test
  void anErrorNamesANodeThatIsForgottenByItsId() {
    String forgotten = "00000000-0000-0000-0000-0000000000f0";
    long id =
        db.number(
            """
            INSERT INTO shigoto.jobs (queue, worker, state, owner, lease, attempt, claimed_at, max_attempts)
            VALUES ('default', 'work', 'executing', $1::uuid, 7, 2, now() - interval '2 hours', 2)
            RETURNING id
            """,
            forgotten);

    startB();

    assertThat(ended(id).errors())
        .extracting(JobError::attempt, JobError::node, JobError::type)
        .containsExactly(tuple(2, forgotten, "NodeLost"));
  }

  /** The lease of this node is so long that it looks once only. */
  @Test
  void allJobsOfALostNodeAreRescuedAtOnceHoweverManyThereAre() {
    int jobs = 3_500;
    db.sql(
        """
        INSERT INTO shigoto.jobs (queue, worker, state, owner, lease, attempt, claimed_at)
        SELECT 'default', 'elsewhere', 'executing', '00000000-0000-0000-0000-0000000000f0', 1, 1, now()
          FROM generate_series(1, $1)
        """,
        jobs);

    nodes.start(
        builder("b")
            .lease(Duration.ofMinutes(10))
            .worker(worker("b", endOfB))
            .queue("default", 10)
            .listener(toldByB));

    toldByB.await(JobEvent.Kind.RESCUED, jobs);
    assertThat(db.number("SELECT count(*) FROM shigoto.jobs WHERE attempt = 1 AND owner IS NULL"))
        .isEqualTo(jobs);
  }

  @Test
  void nodeThatDoesNotKnowTheWorkerRescuesToo() {
    startA();
    long last = enqueue(NewJob.of("work", Scripted.NOTHING).maxAttempts(1));
    long retried = enqueue(NewJob.of("work", Scripted.NOTHING));
    toldByA.await(JobEvent.Kind.STARTED, 2);

    network.freeze();
    nodes.start(
        builder("c")
            .worker(new Scripted("other", job -> Mono.empty()))
            .queue("default", 1)
            .listener(toldByB));
    toldByB.await(JobEvent.Kind.RESCUED, 2);

    assertThat(find(last).state()).isEqualTo(JobState.DISCARDED);
    Job job = find(retried);
    assertThat(job.state()).isEqualTo(JobState.RETRYABLE);
    assertThat(Duration.between(job.errors().get(0).at(), job.scheduledAt()))
        .isBetween(Duration.ofSeconds(1), Duration.ofSeconds(31));
  }

  @Test
  void lostNodeComesBackAsAnotherIncarnation() {
    startA();
    enqueue(NewJob.of("work", Scripted.NOTHING));
    toldByA.await(JobEvent.Kind.STARTED);

    network.cut();
    toldByA.await(JobEvent.Kind.NODE_LOST_LEASE);
    endOfA.tryEmitEmpty();
    network.restore();

    List<JobEvent> joined = toldByA.await(JobEvent.Kind.NODE_JOINED, 2);
    assertThat(joined).extracting(JobEvent::detail).doesNotHaveDuplicates();
    long next = enqueue(NewJob.of("work", Scripted.NOTHING));
    assertThat(ended(next).result()).isEqualTo("\"a\"");
    Await.until(LIMIT, () -> db.number("SELECT count(*) FROM shigoto.jobs") == 0);
    assertThat(db.number("SELECT count(*) FROM shigoto.nodes")).isOne();
  }

  private void startA() {
    nodes.start(
        Shigoto.builder(Nodes.through(network, db.options()))
            .name("a")
            .lease(Duration.ofSeconds(2))
            .statementTimeout(Duration.ofSeconds(1))
            .worker(worker("a", endOfA))
            .queue("default", 10)
            .listener(toldByA));
  }

  private void startB() {
    nodes.start(builder("b").worker(worker("b", endOfB)).queue("default", 10).listener(toldByB));
  }

  private static ShigotoBuilder builder(String name) {
    return Shigoto.builder(db.connectionFactory()).name(name).lease(Duration.ofSeconds(2));
  }

  private Scripted worker(String node, Sinks.Empty<Void> end) {
    return new Scripted(
        "work",
        job ->
            end.asMono()
                .thenReturn(Outcome.done(node))
                .doOnSubscribe(start -> happened.add(node + " starts"))
                .doOnCancel(() -> happened.add(node + " is cancelled")));
  }

  private long enqueue(NewJob job) {
    return enqueuer.enqueue(job).block(LIMIT).id();
  }

  private Job find(long id) {
    return enqueuer.jobs().find(id).block(LIMIT);
  }

  private Job ended(long id) {
    Await.until("job " + id + " ended", LIMIT, () -> find(id).state().isTerminal());
    return find(id);
  }
}
