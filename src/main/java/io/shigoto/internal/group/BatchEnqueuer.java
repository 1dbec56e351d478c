package io.shigoto.internal.group;

import io.r2dbc.spi.Connection;
import io.shigoto.batch.Batch;
import io.shigoto.batch.NewBatch;
import io.shigoto.internal.enqueue.Enqueuer;
import io.shigoto.internal.enqueue.JobRow;
import io.shigoto.internal.flow.Detached;
import io.shigoto.internal.flow.Slices;
import io.shigoto.internal.job.Bell;
import io.shigoto.internal.job.News;
import io.shigoto.internal.postgres.Database;
import io.shigoto.internal.postgres.Statements;
import io.shigoto.job.NewJob;
import io.shigoto.job.Receipt;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.util.function.Tuple2;

/** Opens, fills and seals batches. */
public final class BatchEnqueuer {

  private final Enqueuer enqueuer;
  private final Database database;
  private final BatchStatements statements;
  private final Bell bell;

  public BatchEnqueuer(Enqueuer enqueuer, Database database, Statements sql, Bell bell) {
    this.enqueuer = enqueuer;
    this.database = database;
    this.statements = new BatchStatements(database, sql);
    this.bell = bell;
  }

  /** Opens a batch in the transaction in which the subscriber is, or else in one of its own. */
  public Mono<Long> open(NewBatch batch) {
    JobRow callback = enqueuer.encode(batch.callback());
    return Mono.deferContextual(
        caller -> {
          JobRow laden = enqueuer.carrying(caller).apply(callback);
          Connection current = enqueuer.current(caller);
          return current == null ? statements.open(laden) : statements.open(laden, current);
        });
  }

  /** Opens a batch in the caller's transaction. */
  public Mono<Long> open(NewBatch batch, Connection connection) {
    JobRow callback = enqueuer.encode(batch.callback());
    return Mono.deferContextual(
        caller -> statements.open(enqueuer.carrying(caller).apply(callback), connection));
  }

  /** A batch with all its jobs, in the transaction in which the subscriber is, or else in one. */
  public Mono<Long> enqueue(NewBatch batch, List<NewJob> jobs) {
    JobRow plainCallback = enqueuer.encode(batch.callback());
    List<JobRow> plainRows = jobs.stream().map(job -> encode(job, batch)).toList();
    return Mono.deferContextual(
        caller -> {
          UnaryOperator<JobRow> carrying = enqueuer.carrying(caller);
          JobRow callback = carrying.apply(plainCallback);
          List<JobRow> rows = plainRows.stream().map(carrying).toList();
          Connection current = enqueuer.current(caller);
          return current == null
              ? commit(callback, rows)
              : write(callback, Flux.fromIterable(rows), current);
        });
  }

  /** A batch with all its jobs, in the caller's transaction. */
  public Mono<Long> enqueue(NewBatch batch, Publisher<NewJob> jobs, Connection connection) {
    JobRow callback = enqueuer.encode(batch.callback());
    return Mono.deferContextual(
        caller -> {
          UnaryOperator<JobRow> carrying = enqueuer.carrying(caller);
          Flux<JobRow> rows = Flux.from(jobs).map(job -> encode(job, batch)).map(carrying);
          return write(carrying.apply(callback), rows, connection);
        });
  }

  /** A job is counted in one batch. */
  private JobRow encode(NewJob job, NewBatch batch) {
    Long other = job.options().batch();
    if (other != null) {
      throw new IllegalArgumentException(
          "a job that is enqueued with the new batch of %s cannot be in batch %d too: %s"
              .formatted(batch.callback(), other, job));
    }
    return enqueuer.encode(job);
  }

  private Mono<Long> write(JobRow callback, Flux<JobRow> rows, Connection connection) {
    return statements
        .open(callback, connection)
        .delayUntil(id -> write(id, rows, connection).then())
        .delayUntil(id -> statements.seal(id, true, connection));
  }

  private Flux<List<Receipt>> write(long id, Flux<JobRow> rows, Connection connection) {
    return Slices.of(rows.map(row -> row.inBatch(id)), JobRow::weight)
        .concatMap(slice -> enqueuer.write(slice, connection), 0);
  }

  private Mono<Long> commit(JobRow callback, List<JobRow> rows) {
    return Detached.of(
        database
            .inTransaction(connection -> steps(callback, rows, connection))
            .map(steps -> committed(rows, steps)));
  }

  /** Opens, writes group by group, seals: emits what each step gave. */
  private Flux<Step> steps(JobRow callback, List<JobRow> rows, Connection connection) {
    return statements
        .open(callback, connection)
        .flatMapMany(
            id ->
                Flux.concat(
                    write(id, Flux.fromIterable(rows), connection)
                        .map(receipts -> new Step(id, receipts, News.NONE)),
                    statements
                        .seal(id, false, connection)
                        .map(news -> new Step(id, List.of(), news))));
  }

  private long committed(List<JobRow> rows, List<Step> steps) {
    List<Receipt> receipts = new ArrayList<>(rows.size());
    steps.forEach(step -> receipts.addAll(step.receipts));
    Step last = steps.get(steps.size() - 1);
    enqueuer.committed(rows, receipts);
    ring(last.news);
    return last.id;
  }

  /** Seals a batch in the transaction in which the subscriber is, or else in one of its own. */
  public Mono<Batch> seal(long id) {
    return Mono.deferContextual(
        caller -> {
          Connection current = enqueuer.current(caller);
          return current == null ? commitSeal(id) : seal(id, current);
        });
  }

  /** Seals a batch in the caller's transaction. */
  public Mono<Batch> seal(long id, Connection connection) {
    return statements.seal(id, true, connection).flatMap(told -> statements.find(id, connection));
  }

  private Mono<Batch> commitSeal(long id) {
    return Detached.of(
        database
            .inTransaction(
                connection ->
                    statements
                        .seal(id, false, connection)
                        .zipWhen(news -> statements.find(id, connection))
                        .flux())
            .flatMapMany(Flux::fromIterable)
            .next()
            .doOnNext(found -> ring(found.getT1()))
            .map(Tuple2::getT2));
  }

  /** The batch, or empty. */
  public Mono<Batch> find(long id) {
    return statements.find(id);
  }

  private void ring(News news) {
    if (!news.isNone()) {
      bell.ring(news);
    }
  }

  private record Step(long id, List<Receipt> receipts, News news) {}
}
