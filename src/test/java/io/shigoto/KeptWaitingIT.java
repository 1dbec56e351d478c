package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static io.shigoto.Scripted.NOTHING;
import static io.shigoto.worker.Unique.Field.ARGS;
import static io.shigoto.worker.Unique.Field.WORKER;
import static org.assertj.core.api.Assertions.assertThat;

import io.r2dbc.spi.Connection;
import io.shigoto.batch.NewBatch;
import io.shigoto.job.JobState;
import io.shigoto.job.NewJob;
import io.shigoto.job.Receipt;
import io.shigoto.job.Receipt.Change;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.worker.Unique;
import io.shigoto.worker.Unique.Replace;
import io.shigoto.workflow.Workflow;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Many calls wait for what unfinished transactions have. */
class KeptWaitingIT {

  private static final Unique SAME = Unique.by(WORKER, ARGS);

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  /** One connection is the most that they hold, however many they are, whatever they wait for. */
  @ParameterizedTest
  @ValueSource(ints = {1, 300})
  void theyKeepNobodyElseWaiting(int keys) {
    Shigoto node = build();
    Connection caller = Open.begin(db.connectionFactory());
    List<NewJob> busy =
        IntStream.range(0, 300)
            .mapToObj(i -> NewJob.of("busy", Map.of("i", i % keys)).unique(SAME))
            .toList();
    node.enqueueAll(Flux.fromIterable(busy).take(keys), caller).blockLast(LIMIT);

    Mono<List<Receipt>> waiting =
        Flux.fromIterable(busy).flatMap(node::enqueue, 300).collectList().cache();
    Disposable subscribed = waiting.subscribe();
    // It comes behind them all.
    assertThat(node.enqueue(NewJob.of("free", NOTHING).unique(SAME)).block(LIMIT))
        .isInstanceOf(Receipt.Inserted.class);
    Await.until("one waits", LIMIT, () -> Open.kept(db) == 1);
    for (int i = 0; i < 50; i++) {
      long id = node.enqueue(NewJob.of("plain", NOTHING)).block(LIMIT).id();
      assertThat(node.jobs().find(id).block(LIMIT).state()).isEqualTo(JobState.AVAILABLE);
      assertThat(Open.kept(db)).isLessThanOrEqualTo(1);
    }
    assertThat(subscribed.isDisposed()).isFalse();
    Open.end(caller, false);

    assertThat(waiting.block(LIMIT))
        .hasSize(300)
        .filteredOn(Receipt.Inserted.class::isInstance)
        .hasSize(keys);
    assertThat(db.number("SELECT count(*) FROM shigoto.jobs WHERE worker = 'busy'"))
        .isEqualTo(keys);
  }

  /** They are transactions of their own, and are tried again one at a time. */
  @Test
  void workflowsKeepNobodyElseWaiting() {
    Shigoto node = build();
    Connection caller = Open.begin(db.connectionFactory());
    NewJob busy = NewJob.of("busy", "workflow").unique(SAME);
    node.enqueue(busy, caller).block(LIMIT);

    Mono<List<Receipt>> waiting =
        Flux.range(0, 100)
            .flatMap(i -> node.enqueue(Workflow.named("w" + i).step("a", busy).build()), 100)
            .map(receipts -> receipts.get("a"))
            .collectList()
            .cache();
    Disposable subscribed = waiting.subscribe();
    AtomicInteger inARow = new AtomicInteger();
    Await.until(
        "all have tried once, and but one have let go",
        LIMIT,
        () -> {
          node.enqueue(NewJob.of("plain", NOTHING)).block(LIMIT);
          return inARow.updateAndGet(before -> Open.kept(db) <= 1 ? before + 1 : 0) == 50;
        });
    assertThat(subscribed.isDisposed()).isFalse();
    Open.end(caller, false);

    assertThat(waiting.block(LIMIT))
        .hasSize(100)
        .filteredOn(Receipt.Inserted.class::isInstance)
        .hasSize(1);
  }

  /** They come in by the same statement. */
  @Test
  void aJobThatSomebodyChangesKeepsNoneOfAnotherKeyWaiting() {
    Shigoto node = build();
    Connection caller = Open.begin(db.connectionFactory());
    List<NewJob> latest =
        IntStream.range(0, 20)
            .mapToObj(
                i -> NewJob.of("latest", Map.of("i", i)).unique(SAME.replace(Replace.PRIORITY)))
            .toList();
    List<Receipt> first = node.enqueueAll(Flux.fromIterable(latest)).collectList().block(LIMIT);
    node.enqueue(latest.get(0).priority(1), caller).block(LIMIT);

    Mono<List<Receipt>> next =
        node.enqueueAll(
                Flux.fromIterable(latest)
                    .skip(1)
                    .concatWithValues(latest.get(0))
                    .map(job -> job.priority(2)))
            .collectList()
            .cache();
    Disposable subscribed = next.subscribe();
    Await.until(
        "the others are changed",
        LIMIT,
        () -> db.number("SELECT count(*) FROM shigoto.jobs WHERE priority = 2") == 19);
    assertThat(subscribed.isDisposed()).isFalse();
    Open.end(caller, true);

    assertThat(next.block(LIMIT))
        .hasSize(20)
        .contains(Receipt.conflict(first.get(0).id(), Set.of(Change.PRIORITY)));
    assertThat(db.number("SELECT count(*) FROM shigoto.jobs WHERE priority = 2")).isEqualTo(20);
  }

  @Test
  void aBatchThatIsBeingSealedKeepsNoOtherBatchWaiting() {
    Shigoto node = build();
    long sealed = node.batches().open(NewBatch.of("report", NOTHING)).block(LIMIT);
    long open = node.batches().open(NewBatch.of("report", NOTHING)).block(LIMIT);
    Connection caller = Open.begin(db.connectionFactory());
    node.batches().seal(sealed, caller).block(LIMIT);

    Mono<List<Receipt>> waiting =
        Flux.range(0, 100)
            .flatMap(i -> node.enqueue(NewJob.of("work", i).batch(sealed)), 100)
            .collectList()
            .cache();
    Disposable subscribed = waiting.subscribe();
    List<Receipt> others =
        Flux.range(0, 100)
            .flatMap(i -> node.enqueue(NewJob.of("work", i).batch(open)), 100)
            .collectList()
            .block(LIMIT);

    assertThat(others).hasSize(100).allMatch(Receipt.Inserted.class::isInstance);
    assertThat(subscribed.isDisposed()).isFalse();
    Open.end(caller, false);
    assertThat(waiting.block(LIMIT)).hasSize(100).allMatch(Receipt.Inserted.class::isInstance);
  }

  /** Each statement that tries them takes its time, and there are many. */
  @Test
  void aStopEndsThemAll() {
    Shigoto node = build();
    Connection caller = Open.begin(db.connectionFactory());
    List<NewJob> busy =
        IntStream.range(0, 1000)
            .mapToObj(i -> NewJob.of("stopped", Map.of("i", i)).unique(SAME))
            .toList();
    node.enqueueAll(Flux.fromIterable(busy), caller).blockLast(LIMIT);
    Mono<List<Throwable>> errors =
        Flux.fromIterable(busy)
            .flatMap(
                job ->
                    node.enqueue(job)
                        .<Throwable>map(receipt -> new AssertionError(receipt))
                        .onErrorResume(Mono::just),
                1000)
            .collectList()
            .cache();
    Disposable subscribed = errors.subscribe();
    Await.until("one waits", LIMIT, () -> Open.kept(db) == 1);

    node.stop(Duration.ZERO).block(LIMIT);

    assertThat(errors.block(LIMIT))
        .hasSize(1000)
        .allMatch(error -> "the node was stopped; build another".equals(error.getMessage()));
    assertThat(subscribed.isDisposed()).isTrue();
    Open.end(caller, false);
    assertThat(db.number("SELECT count(*) FROM shigoto.jobs WHERE worker = 'stopped'")).isZero();
  }

  private Shigoto build() {
    return nodes.build(Shigoto.builder(db.connectionFactory()).statementTimeout(LIMIT));
  }
}
