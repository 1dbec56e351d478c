package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.groups.Tuple.tuple;

import io.shigoto.event.JobEvent;
import io.shigoto.job.Job;
import io.shigoto.job.NewJob;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.support.Link;
import io.shigoto.support.TcpProxy;
import io.shigoto.worker.Outcome;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Mono;

/** The server does what it was told, and the node does not hear of it. */
class LostAnswersIT {

  private static final String CLAIM = "SET state = 'executing'";
  private static final String SETTLE = "DELETE FROM shigoto.jobs";
  private static final String PROMOTE = "SET state = 'available'";

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Told told = new Told();
  private final AtomicInteger runs = new AtomicInteger();
  private TcpProxy network;
  private Shigoto node;
  private Shigoto enqueuer;

  @BeforeEach
  void network() {
    network = nodes.network(db.options());
    enqueuer = nodes.build(Shigoto.builder(db.connectionFactory()));
  }

  @Test
  void claimWhoseAnswerIsLostIsGivenBackWithItsAttempt() {
    network.onStatement(CLAIM, Link::loseAnswer);
    long id = enqueue();
    start();

    Job job = ended(id);

    assertThat(runs).hasValue(1);
    assertThat(job.attempt()).isEqualTo(1);
    assertThat(job.errors()).isEmpty();
    assertThat(told.all(JobEvent.Kind.RELEASED))
        .extracting(JobEvent::jobId, JobEvent::detail)
        .containsExactly(tuple(job.id(), "audit"));
    assertThat(leaseOf(job.id())).isEqualTo(2);
  }

  /**
   * The claim waits in the network until its node has long given it up, and then reaches the
   * server.
   */
  @Test
  void claimThatReachesTheServerLateIsGivenBack() {
    network.onStatement(CLAIM, Link::freeze);
    network.onStatement(CLAIM, 2, this::letTheFirstPassInstead);
    long id = enqueue();
    start();

    assertThat(ended(id).attempt()).isEqualTo(1);
    assertThat(runs).hasValue(1);
    assertThat(leaseOf(id)).isEqualTo(2);
  }

  @Test
  void settlementWhoseAnswerIsLostIsWrittenOnce() {
    network.onStatement(SETTLE, Link::loseAnswer);
    start();

    Job job = ended(enqueue());
    Await.until("nothing waits", LIMIT, () -> node.health().block(LIMIT).runsHeld() == 0);

    assertThat(network.counts().statements(SETTLE)).isEqualTo(2);
    assertThat(job.attempt()).isEqualTo(1);
    assertThat(job.result()).isEqualTo("1");
    assertThat(runs).hasValue(1);
    assertThat(db.number("SELECT count(*) FROM shigoto.job_history")).isOne();
  }

  @Test
  void settlementThatNeverReachedTheServerIsWrittenAfterAll() {
    network.onStatement(SETTLE, Link::cut);
    start();

    Job job = ended(enqueue());

    assertThat(network.counts().statements(SETTLE)).isEqualTo(2);
    assertThat(job.attempt()).isEqualTo(1);
    assertThat(runs).hasValue(1);
    assertThat(told.await(JobEvent.Kind.COMPLETED).jobId()).isEqualTo(job.id());
  }

  @Test
  void promotionWhoseAnswerIsLostStillRunsTheJob() {
    network.onStatement(PROMOTE, Link::loseAnswer);
    long id = enqueue(NewJob.of("work", Scripted.NOTHING).delay(Duration.ofMillis(1)));
    Await.until(
        LIMIT,
        () -> db.number("SELECT count(*) FROM shigoto.jobs WHERE scheduled_at < now()") == 1);
    start();

    assertThat(ended(id).attempt()).isEqualTo(1);
    Await.until("it is tried again", LIMIT, () -> network.counts().statements(PROMOTE) > 1);
  }

  @Test
  void renewalsWhoseAnswerIsLostDoNotCostTheLease() {
    Shigoto shortLease =
        nodes.start(
            Shigoto.builder(Nodes.through(network, db.options()))
                .lease(Duration.ofSeconds(5))
                .listener(told));
    network.onStatement("lease_until = now() +", Link::loseAnswer);

    told.await(JobEvent.Kind.DATABASE_LOST);
    told.await(JobEvent.Kind.DATABASE_BACK);

    assertThat(told.count(JobEvent.Kind.NODE_LOST_LEASE)).isZero();
    assertThat(shortLease.health().block(LIMIT).status()).isEqualTo(Health.Status.UP);
  }

  /** Its caller cannot know; the job is there all the same. */
  @Test
  void enqueueWhoseAnswerIsLostIsAnErrorForItsCallerAndTheJobRuns() {
    network.onStatement("INSERT INTO shigoto.jobs", Link::loseAnswer);
    start();

    assertThatThrownBy(() -> node.enqueue(NewJob.of("work", Scripted.NOTHING)).block(LIMIT))
        .isNotNull();

    told.await(JobEvent.Kind.COMPLETED);
    assertThat(runs).hasValue(1);
    assertThat(told.count(JobEvent.Kind.INSERTED)).isZero();
  }

  private void start() {
    node =
        nodes.start(
            Shigoto.builder(Nodes.through(network, db.options()))
                .name("a")
                .statementTimeout(Duration.ofSeconds(1))
                .worker(new Scripted("work", job -> run()))
                .queue("default", 10)
                .listener(told));
  }

  private void letTheFirstPassInstead(Link second) {
    network.thaw();
    second.cut();
  }

  private Mono<Outcome> run() {
    return Mono.fromSupplier(() -> Outcome.done(runs.incrementAndGet()));
  }

  private long enqueue() {
    return enqueue(NewJob.of("work", Scripted.NOTHING));
  }

  private long enqueue(NewJob job) {
    return enqueuer.enqueue(job).block(LIMIT).id();
  }

  private Job ended(long id) {
    Await.until(
        "job " + id + " ended",
        LIMIT,
        () -> enqueuer.jobs().find(id).block(LIMIT).state().isTerminal());
    return enqueuer.jobs().find(id).block(LIMIT);
  }

  private static long leaseOf(long id) {
    return db.number("SELECT lease FROM shigoto.all_jobs WHERE id = $1", id);
  }
}
