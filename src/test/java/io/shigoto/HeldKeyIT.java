package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static io.shigoto.worker.Unique.Field.ARGS;
import static io.shigoto.worker.Unique.Field.WORKER;
import static org.assertj.core.api.Assertions.assertThat;

import io.r2dbc.spi.Connection;
import io.shigoto.event.JobEvent.Kind;
import io.shigoto.job.IfNotCompleted;
import io.shigoto.job.JobState;
import io.shigoto.job.NewJob;
import io.shigoto.job.Receipt;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.worker.Outcome;
import io.shigoto.worker.Unique;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/** Somebody holds the row of a unique key, such as in psql, while its job ends. */
class HeldKeyIT {

  private static final int JOBS = 20;
  private static final int HELD = JOBS / 2;
  private static final Unique SAME = Unique.by(WORKER, ARGS);

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Sinks.Empty<Outcome> end = Sinks.empty();
  private final Told told = new Told();

  @ParameterizedTest
  @EnumSource(names = {"COMPLETED", "DISCARDED"})
  void itsJobEndsAllTheSameAndKeepsNobodyOut(Kind kind) {
    Shigoto node = start(kind);
    List<Long> ids = enqueued(node, SAME);
    told.await(Kind.STARTED, JOBS);

    CompletableFuture<Receipt> next =
        whileHeld(
            ids.get(HELD),
            () -> {
              end.tryEmitEmpty();
              told.await(kind, JOBS);
              return node.enqueue(job(HELD, SAME)).toFuture();
            });

    assertThat(Mono.fromFuture(next).block(LIMIT)).isInstanceOf(Receipt.Inserted.class);
    told.await(kind, JOBS + 1);
    assertThat(db.number("SELECT count(*) FROM shigoto.unique_keys")).isZero();
    assertThat(told.count(Kind.SUPERSEDED)).isZero();
  }

  @Test
  void itIsHeldOnByAJobThatIsToHoldItAfterItsEnd() {
    Unique after = SAME.alsoAfter(Unique.End.COMPLETED);
    Shigoto node = start(Kind.COMPLETED);
    List<Long> ids = enqueued(node, after);
    told.await(Kind.STARTED, JOBS);
    long held = ids.get(HELD);
    Receipt conflict = Receipt.conflict(held, Set.of());

    Receipt meanwhile =
        whileHeld(
            held,
            () -> {
              end.tryEmitEmpty();
              told.await(Kind.COMPLETED, JOBS);
              return node.enqueue(job(HELD, after)).block(LIMIT);
            });

    assertThat(meanwhile).isEqualTo(conflict);
    assertThat(node.enqueue(job(HELD, after)).block(LIMIT)).isEqualTo(conflict);
    Mono<Receipt> replacing =
        node.enqueue(job(HELD, after.replace(Unique.Replace.PRIORITY)).priority(3));
    assertThat(replacing.block(LIMIT)).isEqualTo(conflict);
    assertThat(inRepeatableRead(node, job(HELD, after))).isEqualTo(conflict);

    node.jobs().delete(held).block(LIMIT);

    assertThat(node.enqueue(job(HELD, after)).block(LIMIT)).isInstanceOf(Receipt.Inserted.class);
  }

  /** What follows from an end has other ends, whose keys somebody may hold. */
  @Test
  void thoseThatEndWithTheOneTheyWaitForEndAllTheSame() {
    Shigoto node = start(Kind.DISCARDED);
    long parent = node.enqueue(job(-1, Unique.none())).block(LIMIT).id();
    told.await(Kind.STARTED);
    List<Long> children =
        Flux.range(0, JOBS)
            .concatMap(
                i ->
                    node.enqueue(
                        job(i, SAME).dependsOn(parent).ifNotCompleted(IfNotCompleted.CANCEL)))
            .map(Receipt::id)
            .collectList()
            .block(LIMIT);

    whileHeld(
        children.get(HELD),
        () -> {
          end.tryEmitEmpty();
          return told.await(Kind.CANCELLED, JOBS);
        });

    Await.until(
        LIMIT,
        () -> node.jobs().find(children.get(HELD)).block(LIMIT).state() == JobState.CANCELLED);
    assertThat(node.enqueue(job(HELD, SAME)).block(LIMIT)).isInstanceOf(Receipt.Inserted.class);
  }

  private static List<Long> enqueued(Shigoto node, Unique unique) {
    return node.enqueueAll(Flux.range(0, JOBS).map(i -> job(i, unique)))
        .map(Receipt::id)
        .collectList()
        .block(LIMIT);
  }

  private static NewJob job(int i, Unique unique) {
    return NewJob.of("work", Map.of("n", i)).unique(unique);
  }

  private static <T> T whileHeld(long id, Supplier<T> work) {
    return Open.transaction(
        db.connectionFactory(),
        "SELECT FROM shigoto.unique_keys WHERE job_id = %d FOR UPDATE".formatted(id),
        work);
  }

  private static Receipt inRepeatableRead(Shigoto node, NewJob job) {
    Connection caller = Open.begin(db.connectionFactory());
    try {
      Open.run(caller, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ");
      return node.enqueue(job, caller).block(LIMIT);
    } finally {
      Open.end(caller, true);
    }
  }

  private Shigoto start(Kind kind) {
    Outcome outcome = kind == Kind.DISCARDED ? Outcome.discard("no") : Outcome.done();
    return nodes.start(
        Shigoto.builder(db.connectionFactory())
            .worker(new Trusted("work", job -> end.asMono().thenReturn(outcome)))
            .queue("default", 2 * JOBS)
            .statementTimeout(Duration.ofMinutes(5))
            .listener(told));
  }
}
