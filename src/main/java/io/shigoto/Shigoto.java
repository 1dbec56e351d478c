package io.shigoto;

import static java.util.Objects.requireNonNull;

import io.r2dbc.spi.Connection;
import io.r2dbc.spi.ConnectionFactory;
import io.shigoto.event.JobEvent;
import io.shigoto.internal.node.Calls;
import io.shigoto.internal.node.Node;
import io.shigoto.internal.postgres.Migrations;
import io.shigoto.internal.settings.Settings;
import io.shigoto.internal.thread.Answering;
import io.shigoto.job.NewJob;
import io.shigoto.job.Receipt;
import io.shigoto.workflow.Workflow;
import java.time.Duration;
import java.util.Map;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import tools.jackson.core.type.TypeReference;

/**
 * One node: it enqueues jobs, and runs those of its queues. Any number of nodes share one
 * PostgreSQL.
 *
 * <p>Thread: answers come on threads of the node's own, which must not be blocked; put a {@code
 * publishOn} before what blocks. Safe for any number of threads. Errors of the database come as the
 * driver's own, unless said otherwise.
 */
public final class Shigoto {

  private static final int EVENT_BUFFER = 10_000;

  private final Node node;
  private final Calls calls;
  private final Answering answering;
  private final Batches batches;
  private final Broadcasts broadcasts;
  private final Jobs jobs;
  private final Queues queues;

  Shigoto(Settings settings) {
    this.node = new Node(settings);
    this.calls = node.calls();
    this.answering = calls.answering();
    this.batches = new Batches(calls.batches(), answering);
    this.broadcasts = new Broadcasts(calls.publications(), answering);
    this.jobs = new Jobs(calls.questions(), calls.answers(), answering);
    this.queues = new Queues(calls.served(), calls.queues(), answering);
  }

  /**
   * Begins a node on this database. A pool around the driver's factory is looked through: the node
   * has its own.
   */
  public static ShigotoBuilder builder(ConnectionFactory connectionFactory) {
    return new ShigotoBuilder(connectionFactory);
  }

  /**
   * The whole DDL for a schema, for tools such as Flyway. It records itself, so that start() finds
   * nothing to do.
   */
  public static String ddl(String schema) {
    return Migrations.ddl(schema);
  }

  /**
   * Brings the schema up to date, joins, and starts the queues when subscribed; completes when they
   * run. Twice is once. Cancel: does not stop it. Errors: {@link IllegalStateException} if the
   * schema is newer than this library, or older and not to be migrated, or if the node was stopped.
   */
  public Mono<Void> start() {
    return answering.of(node.start());
  }

  /**
   * Stops the node when subscribed: it claims no more, gives back at once what was not started,
   * lets runs finish for so long, then cancels those left and gives them back with their attempt.
   * Calls are served until the last run has ended, so runs may still enqueue; calls that are under
   * way then get their answer, later ones an {@link IllegalStateException}. Completes when every
   * outcome is written, the lease is given up and all connections are closed. Twice is once.
   * Cancel: does not keep it from stopping.
   *
   * @param grace zero or more; zero gives everything back at once, 36500 days or more is no limit
   */
  public Mono<Void> stop(Duration grace) {
    if (requireNonNull(grace, "grace").isNegative()) {
      throw new IllegalArgumentException("grace must not be negative, but is " + grace);
    }
    return answering.of(node.stop(grace));
  }

  /**
   * Inserts a job when subscribed; emits when it is committed. Works before start() too, once the
   * schema is there. Cancel: the job may be inserted all the same.
   *
   * <p>In a transaction that Spring manages for this node's connection factory, or for a pool or
   * proxy around or inside it, the job joins that: it emits when the job is inserted, and the job
   * is there if and when the transaction commits. Nothing has to be configured; without
   * spring-r2dbc and spring-tx there is nothing to join.
   *
   * @throws IllegalArgumentException at the call, if the job cannot be enqueued
   */
  public Mono<Receipt> enqueue(NewJob job) {
    return answering.of(calls.enqueuer().enqueue(requireNonNull(job, "job")));
  }

  /**
   * Inserts a job in the caller's transaction: it is there if and when that commits.
   *
   * @throws IllegalArgumentException at the call, if the job cannot be enqueued
   */
  public Mono<Receipt> enqueue(NewJob job, Connection connection) {
    return answering.of(
        calls
            .enqueuer()
            .enqueue(requireNonNull(job, "job"), requireNonNull(connection, "connection")));
  }

  /**
   * Inserts any number of jobs in groups when subscribed, one group after the other: their ids, and
   * with the same priority and time their runs, are in their order. Emits their receipts in order,
   * each after its commit. Demand: a few thousand jobs are asked for ahead, so memory is bounded
   * whatever the number. Errors: of the publisher, or of the first job that cannot be enqueued,
   * after the receipts of all jobs before it, which are committed; later ones may be.
   *
   * <p>Jobs that are unique, in a batch, or depend on others go by a line of their own. Of a stream
   * in which there are both, ids are in order among these and among those, not between them; the
   * receipts are in the order of the stream all the same. One that has to wait for an unfinished
   * transaction, which has its key or seals its batch, is written behind those that need not.
   *
   * <p>Joins a transaction of Spring's, as {@link #enqueue(NewJob)} does; its receipts then come in
   * groups. The one connection of the transaction does one thing at a time: collect what the
   * publisher reads from the same transaction before it is enqueued.
   */
  public Flux<Receipt> enqueueAll(Publisher<NewJob> jobs) {
    // Each receipt comes on a thread for that as it is: to change it once more would cost too much.
    return calls.enqueuer().enqueueAll(requireNonNull(jobs, "jobs"));
  }

  /**
   * Inserts any number of jobs in groups, in the caller's transaction: they are there if and when
   * that commits. Emits their receipts in order. Demand: a thousand jobs are asked for at a time,
   * so memory is bounded whatever the number. Of these the jobs that are unique, in a batch, or
   * depend on others are written last, so their ids are behind those of the others. Errors: of the
   * publisher, of the first job that cannot be enqueued, or of the connection; then the transaction
   * is to be rolled back.
   */
  public Flux<Receipt> enqueueAll(Publisher<NewJob> jobs, Connection connection) {
    return answering.of(
        calls
            .enqueuer()
            .enqueueAll(requireNonNull(jobs, "jobs"), requireNonNull(connection, "connection")));
  }

  /**
   * Inserts a job when subscribed and waits, after its commit, until it has ended, wherever it
   * runs; completes if it is completed. Works before start() too. Cancel: ends the wait; the job
   * may be inserted and runs all the same.
   *
   * <p>There is no limit of time: put a {@code timeout} behind it. A worker that waits so for
   * another job keeps its slot meanwhile.
   *
   * <p>Errors: as those of {@link #enqueue(NewJob)} and {@link Jobs#await(long)}; {@link
   * IllegalStateException} inside of a transaction of Spring's, for nobody could run the job before
   * its commit.
   *
   * @throws IllegalArgumentException at the call, if the job cannot be enqueued
   */
  public Mono<Void> enqueueAndAwait(NewJob job) {
    return answering.of(calls.answers().enqueueAndAwait(requireNonNull(job, "job")));
  }

  /**
   * As {@link #enqueueAndAwait(NewJob)}; emits the job's result, or nothing if it has none.
   *
   * <p>Errors: also {@link io.shigoto.job.ResultDoesNotFit}, which names the JSON path.
   *
   * @throws IllegalArgumentException at the call, if the job cannot be enqueued
   */
  public <R> Mono<R> enqueueAndAwait(NewJob job, Class<R> type) {
    return answering.of(
        calls.answers().enqueueAndAwait(requireNonNull(job, "job"), requireNonNull(type, "type")));
  }

  /**
   * As {@link #enqueueAndAwait(NewJob)}; emits the job's result, or nothing if it has none.
   *
   * <p>Errors: also {@link io.shigoto.job.ResultDoesNotFit}, which names the JSON path.
   *
   * @throws IllegalArgumentException at the call, if the job cannot be enqueued
   */
  public <R> Mono<R> enqueueAndAwait(NewJob job, TypeReference<R> type) {
    return answering.of(
        calls
            .answers()
            .enqueueAndAwait(requireNonNull(job, "job"), requireNonNull(type, "type").getType()));
  }

  /**
   * Inserts all steps of a workflow in one transaction when subscribed; emits their receipts by the
   * names of the steps when they are committed. A step whose job meets another with its unique key
   * is that other job: those that come after it wait for that. In a transaction of Spring's it
   * joins that, as {@link #enqueue(NewJob)} does. Cancel: the workflow may be inserted all the
   * same.
   *
   * <p>Errors: {@link io.shigoto.job.UnknownJobs} and {@link io.shigoto.batch.BatchNotOpen}, if a
   * step depends on a job or belongs to a batch that is not there; nothing is inserted then.
   *
   * @throws IllegalArgumentException at the call, if a job cannot be enqueued
   */
  public Mono<Map<String, Receipt>> enqueue(Workflow workflow) {
    return answering.of(calls.workflows().enqueue(requireNonNull(workflow, "workflow")));
  }

  /**
   * Inserts all steps of a workflow in the caller's transaction: they are there if and when that
   * commits. After an error the transaction is to be rolled back, for some of the steps may be
   * written.
   *
   * @throws IllegalArgumentException at the call, if a job cannot be enqueued
   */
  public Mono<Map<String, Receipt>> enqueue(Workflow workflow, Connection connection) {
    return answering.of(
        calls
            .workflows()
            .enqueue(
                requireNonNull(workflow, "workflow"), requireNonNull(connection, "connection")));
  }

  /** Jobs that are counted together, with a callback when the last of them has ended. */
  public Batches batches() {
    return batches;
  }

  /** Messages that every node handles. */
  public Broadcasts broadcasts() {
    return broadcasts;
  }

  /** What can be asked about jobs: to find one, live or ended, and to wait for its end. */
  public Jobs jobs() {
    return jobs;
  }

  /** Queues while everything works: pause, resume, add, remove, resize, list. */
  public Queues queues() {
    return queues;
  }

  /**
   * What happens on this node, from now on. Demand: a subscriber that falls more than 10,000 events
   * behind loses the oldest, and the log says so. Thread: one of the subscriber's own, which may be
   * blocked. Never ends by itself.
   */
  public Flux<JobEvent> events() {
    return node.events(EVENT_BUFFER);
  }

  /** How this node is. Never fails: a database that does not answer is an answer. */
  public Mono<Health> health() {
    return answering.of(node.vitals().map(Health::of));
  }
}
