package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.r2dbc.spi.Connection;
import io.shigoto.control.Cancellation;
import io.shigoto.event.JobEvent;
import io.shigoto.job.Job;
import io.shigoto.job.JobState;
import io.shigoto.job.NewJob;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.support.TcpProxy;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** The cancel of jobs that do not run. */
class CancelIT {

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Told told = new Told();
  private TcpProxy network;
  private Shigoto node;

  @BeforeEach
  void build() {
    network = nodes.network(db.options());
    node =
        nodes.build(
            Shigoto.builder(Nodes.through(network, db.options()))
                .statementTimeout(Duration.ofSeconds(1))
                .listener(told));
  }

  @ParameterizedTest
  @EnumSource(names = {"WAITING", "SCHEDULED", "AVAILABLE", "RETRYABLE"})
  void whatDoesNotRunIsCancelledAtOnce(JobState state) {
    long id = insert(state);

    assertThat(cancel(id)).isEqualTo(new Cancellation.Cancelled(id));

    Job job = find(id);
    assertThat(job.state()).isEqualTo(JobState.CANCELLED);
    assertThat(job.finishedAt()).isNotNull();
    assertThat(job.attempt()).isEqualTo(2);
    assertThat(job.args()).isEqualTo("{\"a\": 1}");
    assertThat(job.tags()).containsExactly("t");
    assertThat(db.number("SELECT count(*) FROM shigoto.jobs")).isZero();
    assertThat(told.all(JobEvent.Kind.CANCELLED)).extracting(JobEvent::jobId).containsExactly(id);
  }

  @ParameterizedTest
  @EnumSource(names = {"COMPLETED", "DISCARDED", "CANCELLED"})
  void whatHasEndedStaysAsItIs(JobState state) {
    db.sql(
        """
        INSERT INTO shigoto.job_history
               (id, lease, scheduled_at, inserted_at, finished_at, state, attempt, max_attempts, priority, queue,
                worker, args)
        VALUES (7, 1, now(), now(), now(), $1::shigoto.job_state, 1, 3, 0, 'q', 'w', '{}')
        """,
        state.sqlName());

    assertThat(cancel(7)).isEqualTo(new Cancellation.Ended(7, state));

    assertThat(find(7).state()).isEqualTo(state);
    assertThat(told.count(JobEvent.Kind.CANCELLED)).isZero();
  }

  @Test
  void whatIsNotThereIsUnknown() {
    assertThat(cancel(4711)).isEqualTo(new Cancellation.Unknown(4711));
  }

  @Test
  void ofManyWhoCancelTheSameJobOneDoes() {
    long id = insert(JobState.AVAILABLE);

    assertThat(
            Flux.range(0, 50).flatMap(i -> node.jobs().cancel(id), 50).collectList().block(LIMIT))
        .hasSize(50)
        .containsOnlyOnce(new Cancellation.Cancelled(id))
        .contains(new Cancellation.Ended(id, JobState.CANCELLED));
    assertThat(db.number("SELECT count(*) FROM shigoto.job_history")).isOne();
  }

  /** A job that a transaction of the application has locked is neither waited for nor forgotten. */
  @Test
  void whatSomebodyElseHasLockedIsCancelledWhenItIsFree() {
    long id = insert(JobState.AVAILABLE);
    Connection other = lock(id);

    CompletableFuture<Cancellation> cancel = node.jobs().cancel(id).toFuture();
    Await.until(
        "it comes again", LIMIT, () -> network.counts().statements("SET cancelling = owner") > 2);
    assertThat(cancel).isNotDone();
    Mono.from(other.rollbackTransaction()).then(Mono.from(other.close())).block(LIMIT);

    assertThat(cancel.join()).isEqualTo(new Cancellation.Cancelled(id));
  }

  /** Others would wait for the jobs that are cancelled, as long as it waits for what follows. */
  @Test
  void itDoesNotWaitForThoseThatFollowAndTheyFollowAllTheSame() {
    nodes.start(
        Shigoto.builder(db.connectionFactory())
            .worker(new Scripted("work", job -> Mono.empty()))
            .queue("default", 1));
    db.sql(
        """
        INSERT INTO shigoto.jobs (id, queue, worker, watched) VALUES (1, 'q', 'w', true);
        INSERT INTO shigoto.jobs (id, queue, worker, state, pending) VALUES (2, 'q', 'w', 'waiting', 1);
        INSERT INTO shigoto.dependencies VALUES (1, 2);
        """);

    RowLock.held(
        db.connectionFactory(),
        2,
        () -> {
          assertThat(cancel(1)).isEqualTo(new Cancellation.Cancelled(1));
          assertThat(find(2).state()).isEqualTo(JobState.WAITING);
          return true;
        });

    Await.until("it follows", LIMIT, () -> find(2).state() == JobState.AVAILABLE);
  }

  @Test
  void whatStaysLockedIsAnError() {
    long id = insert(JobState.AVAILABLE);
    Connection other = lock(id);

    assertThatThrownBy(() -> cancel(id))
        .hasCauseInstanceOf(TimeoutException.class)
        .hasMessageContaining(
            "job " + id + " is locked by another transaction for longer than PT1S");

    Mono.from(other.rollbackTransaction()).then(Mono.from(other.close())).block(LIMIT);
    assertThat(find(id).state()).isEqualTo(JobState.AVAILABLE);
  }

  @Test
  void whatIsCancelledNeverRuns() {
    long first = node.enqueue(NewJob.of("work", Scripted.NOTHING)).block(LIMIT).id();
    cancel(first);
    nodes.start(
        Shigoto.builder(db.connectionFactory())
            .worker(new Scripted("work", job -> Mono.empty()))
            .queue("default", 1)
            .listener(told));
    long second = node.enqueue(NewJob.of("work", Scripted.NOTHING)).block(LIMIT).id();

    assertThat(told.await(JobEvent.Kind.COMPLETED).jobId()).isEqualTo(second);
    assertThat(told.all(JobEvent.Kind.STARTED)).extracting(JobEvent::jobId).containsExactly(second);
  }

  private static Connection lock(long id) {
    Connection other = Mono.from(db.connectionFactory().create()).block(LIMIT);
    Mono.from(other.beginTransaction())
        .thenMany(
            Flux.from(
                    other
                        .createStatement(
                            "SELECT FROM shigoto.jobs WHERE id = " + id + " FOR UPDATE")
                        .execute())
                .concatMap(result -> result.map(row -> true)))
        .blockLast(LIMIT);
    return other;
  }

  private static long insert(JobState state) {
    return db.number(
        """
        INSERT INTO shigoto.jobs (queue, worker, state, attempt, args, tags, pending, scheduled_at)
        VALUES ('q', 'w', $1::shigoto.job_state, 2, '{"a": 1}', '{t}', $2::integer,
                now() + $3::integer * interval '1 hour')
        RETURNING id
        """,
        state.sqlName(),
        state == JobState.WAITING ? 1 : 0,
        state == JobState.AVAILABLE ? 0 : 1);
  }

  private Cancellation cancel(long id) {
    return node.jobs().cancel(id).block(LIMIT);
  }

  private Job find(long id) {
    return node.jobs().find(id).block(LIMIT);
  }
}
