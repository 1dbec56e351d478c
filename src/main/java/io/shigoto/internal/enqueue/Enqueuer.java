package io.shigoto.internal.enqueue;

import io.r2dbc.spi.Connection;
import io.shigoto.internal.flow.Freight;
import io.shigoto.internal.flow.GroupCommit;
import io.shigoto.internal.flow.Slices;
import io.shigoto.internal.job.News;
import io.shigoto.internal.postgres.Database;
import io.shigoto.job.NewJob;
import io.shigoto.job.Receipt;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.util.context.ContextView;

/**
 * The way in. Jobs that are enqueued at the same time share a statement, whoever enqueues them;
 * each caller hears after the commit. A row that the server refuses fails only its own caller.
 */
public final class Enqueuer {

  private static final int GROUP_SIZE = 1000;
  private static final int WRITERS = 2;
  private static final int IN_FLIGHT = 2 * WRITERS * GROUP_SIZE;
  private static final long HEAVIEST_IN_FLIGHT = 4L * GroupCommit.HEAVIEST;

  private final Encoder encoder;
  private final Inserts inserts;
  private final SpecialEnqueuer specials;
  private final Herald herald;
  private final Scheduler scheduler;
  private final GroupCommit<JobRow, Receipt> group;

  /**
   * @param scheduler where callers hear of their commit
   */
  public Enqueuer(
      Encoder encoder,
      Inserts inserts,
      SpecialEnqueuer specials,
      Herald herald,
      Scheduler scheduler) {
    this.encoder = encoder;
    this.inserts = inserts;
    this.specials = specials;
    this.herald = herald;
    this.scheduler = scheduler;
    this.group =
        new GroupCommit<JobRow, Receipt>(
                this::commit, Database::isRefusal, JobRow::weight, GROUP_SIZE, WRITERS)
            .telling(this::told);
  }

  /**
   * Checks the job now and inserts it when subscribed: in the transaction in which the subscriber
   * is, or else in one of its own, whose commit comes before the receipt.
   */
  public Mono<Receipt> enqueue(NewJob job) {
    JobRow row = encoder.encode(job);
    return Mono.deferContextual(
        caller -> {
          JobRow laden = carrying(caller).apply(row);
          Connection current = inserts.current(caller);
          return current == null ? submit(laden) : write(laden, current);
        });
  }

  /**
   * As {@link #enqueue}, for a caller who waits for the end of the job. In a transaction nobody
   * else would see the job before the caller has done waiting: that is refused.
   */
  public Mono<Receipt> enqueueWatched(NewJob job) {
    JobRow row = encoder.encode(job).whoseEndIsWaitedFor();
    return Mono.deferContextual(
        caller ->
            inserts.current(caller) == null
                ? submit(carrying(caller).apply(row))
                : Mono.error(
                    new IllegalStateException(
                        "a job cannot be awaited in the transaction that enqueues it: nobody sees it before the commit")));
  }

  /** Checks the job now and inserts it, when subscribed, in the caller's transaction. */
  public Mono<Receipt> enqueue(NewJob job, Connection connection) {
    JobRow row = encoder.encode(job);
    return Mono.deferContextual(caller -> write(carrying(caller).apply(row), connection));
  }

  private Mono<Receipt> write(JobRow row, Connection connection) {
    return write(List.of(row), connection).map(receipts -> receipts.get(0));
  }

  private Mono<Receipt> submit(JobRow row) {
    return submit(row, group);
  }

  private Mono<Receipt> submit(JobRow row, GroupCommit<JobRow, Receipt> plain) {
    return row.isSpecial() ? specials.submit(row) : plain.submit(row);
  }

  /**
   * Any number of jobs, in order, in the transaction in which the subscriber is, or else in ones of
   * their own; only so many are in memory. A job that is refused ends the stream with its error.
   */
  public Flux<Receipt> enqueueAll(Publisher<NewJob> jobs) {
    return Flux.deferContextual(
        caller -> {
          Connection current = inserts.current(caller);
          return current == null
              ? commitAll(rows(jobs, caller))
              : writeAll(rows(jobs, caller), current);
        });
  }

  /**
   * One group after the other: ids, and so runs, are in the order of the jobs. An error, of the
   * jobs or of a commit, comes after the receipts of all jobs before it.
   */
  private Flux<Receipt> commitAll(Flux<JobRow> rows) {
    GroupCommit<JobRow, Receipt> line = group.inOrder(scheduler);
    Freight freight = new Freight(HEAVIEST_IN_FLIGHT);
    return rows.concatMapDelayError(row -> freight.admit(row, row.weight()), false, 0)
        .map(row -> submit(row, line).doFinally(end -> freight.landed(row.weight())))
        .onErrorResume(error -> Flux.just(Mono.error(error)))
        .flatMapSequential(Mono::materialize, IN_FLIGHT, 1)
        .dematerialize();
  }

  /**
   * Any number of jobs, in order, in the caller's transaction: a group is asked for when the one
   * before it is written.
   */
  public Flux<Receipt> enqueueAll(Publisher<NewJob> jobs, Connection connection) {
    return Flux.deferContextual(caller -> writeAll(rows(jobs, caller), connection));
  }

  private Flux<Receipt> writeAll(Flux<JobRow> rows, Connection connection) {
    return Slices.of(rows, JobRow::weight)
        .concatMap(group -> write(group, connection), 0)
        .concatMapIterable(receipts -> receipts);
  }

  private Flux<JobRow> rows(Publisher<NewJob> jobs, ContextView caller) {
    return Flux.from(jobs).map(encoder::encode).map(carrying(caller));
  }

  /**
   * Gives rows what travels in the Context of their caller.
   *
   * @throws IllegalArgumentException naming the entry that cannot travel
   */
  public UnaryOperator<JobRow> carrying(ContextView caller) {
    return encoder.carrying(caller);
  }

  /** The connection of the transaction in which the caller is, or null. */
  public @Nullable Connection current(ContextView caller) {
    return inserts.current(caller);
  }

  /**
   * What is to be written of a job.
   *
   * @throws IllegalArgumentException naming what cannot be enqueued
   */
  public JobRow encode(NewJob job) {
    return encoder.encode(job);
  }

  /**
   * As {@link #encode}, for a step of a workflow, which may come after others.
   *
   * @throws IllegalArgumentException naming what cannot be enqueued
   */
  public JobRow encodeStep(NewJob job) {
    return encoder.encodeStep(job);
  }

  /**
   * A step with more in its meta, which wins over what is there.
   *
   * @throws IllegalArgumentException if that is too much
   */
  public JobRow carrying(JobRow step, Map<String, String> meta) {
    return meta.isEmpty() ? step : encoder.carrying(step, meta);
  }

  /** Tells of jobs that were written in a transaction and are committed. */
  public void committed(List<JobRow> rows, List<Receipt> receipts) {
    herald.committed(rows, receipts);
  }

  /**
   * Writes jobs in a transaction, whose commit wakes the nodes. Those that are nothing special
   * first; emits the receipts in the order of the rows.
   */
  public Mono<List<Receipt>> write(List<JobRow> rows, Connection connection) {
    Map<Boolean, List<JobRow>> parts =
        rows.stream().collect(Collectors.partitioningBy(JobRow::isSpecial));
    List<JobRow> plain = parts.getOrDefault(false, List.of());
    List<JobRow> special = parts.getOrDefault(true, List.of());
    Mono<List<Receipt>> first =
        plain.isEmpty()
            ? Mono.just(List.of())
            : inserts.write(plain, connection).map(Enqueuer::receipts);
    return special.isEmpty()
        ? first
        : first.zipWhen(
            receipts -> specials.write(special, connection),
            (ofPlain, ofSpecial) -> inOrder(rows, ofPlain, ofSpecial));
  }

  private static List<Receipt> inOrder(
      List<JobRow> rows, List<Receipt> plain, List<Receipt> special) {
    Iterator<Receipt> ofPlain = plain.iterator();
    Iterator<Receipt> ofSpecial = special.iterator();
    return rows.stream().map(row -> (row.isSpecial() ? ofSpecial : ofPlain).next()).toList();
  }

  /**
   * Takes no more jobs but those in a caller's transaction; completes when those that it has taken
   * have their receipts.
   */
  public Mono<Void> close() {
    return Mono.when(group.close(), specials.close());
  }

  private Mono<List<Receipt>> commit(List<JobRow> rows) {
    return herald
        .aloud(
            rows,
            () -> inserts.commit(rows, true).doOnNext(answers -> herald.ringHere(rows, answers)),
            () ->
                inserts
                    .commit(rows, false)
                    .doOnNext(answers -> herald.ring(rows, answers, News.NONE)))
        .map(Enqueuer::receipts);
  }

  private Mono<List<Receipt>> told(List<JobRow> rows, Mono<List<Receipt>> committed) {
    return committed.publishOn(scheduler).doOnNext(receipts -> herald.tell(rows, receipts));
  }

  private static List<Receipt> receipts(List<Answer.Given> inserted) {
    return inserted.stream().map(Answer.Given::receipt).toList();
  }
}
