package io.shigoto.internal.enqueue;

import io.r2dbc.spi.Connection;
import io.shigoto.event.JobEvent;
import io.shigoto.internal.enqueue.Inserts.Inserted;
import io.shigoto.internal.flow.GroupCommit;
import io.shigoto.internal.job.Bell;
import io.shigoto.internal.job.Events;
import io.shigoto.internal.job.News;
import io.shigoto.internal.postgres.Database;
import io.shigoto.job.NewJob;
import io.shigoto.job.Receipt;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * The way in. Jobs that are enqueued at the same time share a statement, whoever enqueues them;
 * each caller hears after the commit. A row that the server refuses fails only its own caller.
 */
public final class Enqueuer {

  private static final int GROUP_SIZE = 1000;
  private static final int WRITERS = 2;
  private static final int IN_FLIGHT = 2 * WRITERS * GROUP_SIZE;

  private final Encoder encoder;
  private final Inserts inserts;
  private final Bell bell;
  private final Events events;
  private final Scheduler scheduler;
  private final GroupCommit<JobRow, Receipt> group;

  /**
   * @param scheduler where callers hear of their commit
   */
  public Enqueuer(Encoder encoder, Inserts inserts, Bell bell, Events events, Scheduler scheduler) {
    this.encoder = encoder;
    this.inserts = inserts;
    this.bell = bell;
    this.scheduler = scheduler;
    this.events = events;
    this.group =
        new GroupCommit<>(this::commit, Database::isRefusal, JobRow::weight, GROUP_SIZE, WRITERS);
  }

  /**
   * Checks the job now and inserts it when subscribed: in the transaction in which the subscriber
   * is, or else in one of its own, whose commit comes before the receipt.
   */
  public Mono<Receipt> enqueue(NewJob job) {
    JobRow row = encoder.encode(job);
    return Mono.deferContextual(
        caller -> {
          Connection current = inserts.current(caller);
          return current == null ? group.submit(row) : write(row, current);
        });
  }

  /** Checks the job now and inserts it, when subscribed, in the caller's transaction. */
  public Mono<Receipt> enqueue(NewJob job, Connection connection) {
    return write(encoder.encode(job), connection);
  }

  private Mono<Receipt> write(JobRow row, Connection connection) {
    return inserts
        .write(List.of(row), connection)
        .map(inserted -> Receipt.inserted(inserted.get(0).id()));
  }

  /**
   * Any number of jobs, in order, in the transaction in which the subscriber is, or else in ones of
   * their own; only so many are in memory. A job that is refused ends the stream with its error.
   */
  public Flux<Receipt> enqueueAll(Publisher<NewJob> jobs) {
    return Flux.deferContextual(
        caller -> {
          Connection current = inserts.current(caller);
          return current == null ? commitAll(jobs) : enqueueAll(jobs, current);
        });
  }

  private Flux<Receipt> commitAll(Publisher<NewJob> jobs) {
    return Flux.from(jobs).map(encoder::encode).flatMapSequential(group::submit, IN_FLIGHT, 1);
  }

  /**
   * Any number of jobs, in order, in the caller's transaction: a group is asked for when the one
   * before it is written.
   */
  public Flux<Receipt> enqueueAll(Publisher<NewJob> jobs, Connection connection) {
    return Flux.from(jobs)
        .map(encoder::encode)
        .buffer(GROUP_SIZE)
        .concatMap(rows -> inserts.write(rows, connection), 0)
        .concatMapIterable(inserted -> inserted)
        .map(inserted -> Receipt.inserted(inserted.id()));
  }

  /**
   * Takes no more jobs but those in a caller's transaction; completes when those that it has taken
   * have their receipts.
   */
  public Mono<Void> close() {
    return group.close();
  }

  private Mono<List<Receipt>> commit(List<JobRow> rows) {
    return inserts
        .commit(rows)
        .doOnNext(inserted -> ring(rows, inserted))
        .publishOn(scheduler)
        .doOnNext(inserted -> tell(rows, inserted))
        .map(inserted -> inserted.stream().map(row -> Receipt.inserted(row.id())).toList());
  }

  private void ring(List<JobRow> rows, List<Inserted> inserted) {
    Set<String> queues = new HashSet<>();
    long soonest = -1;
    for (int i = 0; i < inserted.size(); i++) {
      long dueIn = inserted.get(i).dueIn();
      if (dueIn == 0) {
        queues.add(rows.get(i).queue());
      } else if (soonest < 0 || dueIn < soonest) {
        soonest = dueIn;
      }
    }
    bell.ring(new News(queues, soonest, Set.of()));
  }

  private void tell(List<JobRow> rows, List<Inserted> inserted) {
    for (int i = 0; i < inserted.size(); i++) {
      events.ofJob(
          JobEvent.Kind.INSERTED, inserted.get(i).id(), rows.get(i).queue(), rows.get(i).worker());
    }
  }
}
