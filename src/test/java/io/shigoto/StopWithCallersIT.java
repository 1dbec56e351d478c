package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.shigoto.event.JobEvent;
import io.shigoto.job.NewJob;
import io.shigoto.job.Receipt;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.support.Link;
import io.shigoto.support.TcpProxy;
import io.shigoto.worker.Outcome;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Signal;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Schedulers;

/**
 * The stop of a node that is being called: who came before it is served, who comes after hears why
 * not.
 */
class StopWithCallersIT {

  private static final int ROUNDS = 100;

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  @Test
  void callsThatAreUnderWayEndWellAndLaterOnesAreRefused() {
    TcpProxy network = nodes.network(db.options());
    Shigoto node = nodes.build(Shigoto.builder(Nodes.through(network, db.options())));
    network.onStatement("INSERT INTO shigoto.jobs", Link::freeze);
    network.onStatement("INSERT INTO shigoto.jobs", 2, Link::freeze);
    List<CompletableFuture<Receipt>> calls =
        Flux.range(0, 3_000).map(i -> node.enqueue(job()).toFuture()).collectList().block(LIMIT);
    Await.until(LIMIT, () -> network.counts().statements("INSERT INTO shigoto.jobs") == 2);

    CompletableFuture<Void> stop = node.stop(Duration.ZERO).toFuture();
    assertThatIllegalStateException()
        .isThrownBy(() -> node.enqueue(job()).block(LIMIT))
        .withMessage("the node was stopped; build another");
    assertThat(stop).isNotDone();
    network.thaw();
    stop.join();

    assertThat(calls).allSatisfy(call -> assertThat(call).isCompleted());
    assertThat(jobs()).isEqualTo(3_000);
    Await.until("no connection is left", LIMIT, () -> network.connections() == 0);
  }

  /** A worker of a workflow hands on to the next one while its node is being stopped. */
  @Test
  void runsMayEnqueueUntilTheyEnd() {
    Told told = new Told();
    Sinks.Empty<Void> end = Sinks.empty();
    Shigoto[] self = new Shigoto[1];
    Shigoto node =
        nodes.start(
            Shigoto.builder(db.connectionFactory())
                .worker(
                    new Scripted(
                        "first",
                        job ->
                            end.asMono()
                                .then(Mono.defer(() -> self[0].enqueue(NewJob.of("next", 1))))
                                .map(receipt -> Outcome.done(receipt.id()))))
                .queue("default", 10)
                .listener(told));
    self[0] = node;
    long id = node.enqueue(NewJob.of("first", Scripted.NOTHING)).block(LIMIT).id();
    told.await(JobEvent.Kind.STARTED);

    CompletableFuture<Void> stop = node.stop(LIMIT).toFuture();
    Await.until(LIMIT, () -> node.health().block(LIMIT).phase() == Health.Phase.STOPPING);
    end.tryEmitEmpty();
    stop.join();

    assertThat(db.number("SELECT count(*) FROM shigoto.job_history WHERE id = $1", id)).isOne();
    assertThat(db.number("SELECT count(*) FROM shigoto.jobs WHERE worker = 'next'")).isOne();
  }

  @Test
  void whenACallIsAnsweredItsJobIsThereAndWhenItIsRefusedItIsNot() {
    for (int round = 0; round < ROUNDS; round++) {
      Shigoto node = Shigoto.builder(db.connectionFactory()).build();
      Queue<Signal<Receipt>> answers = new ConcurrentLinkedQueue<>();
      Mono<Void> callers =
          Flux.range(0, 8)
              .flatMap(
                  i ->
                      Flux.defer(() -> node.enqueue(job()))
                          .repeat()
                          .materialize()
                          .doOnNext(answers::add)
                          .subscribeOn(Schedulers.parallel()))
              .then();
      Duration moment = Duration.ofNanos(ThreadLocalRandom.current().nextInt(30_000_000));

      Mono.when(callers, Mono.delay(moment).then(Mono.defer(() -> node.stop(Duration.ZERO))))
          .block(LIMIT);

      assertThat(answers.stream().filter(Signal::isOnError))
          .hasSize(8)
          .extracting(Signal::getThrowable)
          .allMatch(error -> error.getMessage().equals("the node was stopped; build another"));
      assertThat(jobs()).isEqualTo(answers.stream().filter(Signal::isOnNext).count());
      db.truncate();
    }
  }

  @Test
  void aStreamEndsWithTheStopAndAllThatItWasToldIsThere() {
    Shigoto node = nodes.build(Shigoto.builder(db.connectionFactory()));
    Queue<Receipt> receipts = new ConcurrentLinkedQueue<>();

    CompletableFuture<Void> stream =
        node.enqueueAll(Flux.<NewJob>generate(sink -> sink.next(job())))
            .doOnNext(receipts::add)
            .then()
            .toFuture();
    Await.until(LIMIT, () -> receipts.size() > 5_000);
    node.stop(Duration.ZERO).block(LIMIT);

    assertThat(stream)
        .failsWithin(LIMIT)
        .withThrowableThat()
        .withMessageContaining("the node was stopped");
    assertThat(jobs()).isGreaterThanOrEqualTo(receipts.size());
    assertThat(
            db.number(
                "SELECT count(*) FROM shigoto.jobs WHERE id = ANY ($1)",
                (Object) receipts.stream().map(Receipt::id).toArray(Long[]::new)))
        .isEqualTo(receipts.size());
  }

  @Test
  void callsThatTheNetworkHoldsUpFailAndTheStopEnds() {
    TcpProxy network = nodes.network(db.options());
    Shigoto node =
        nodes.build(
            Shigoto.builder(Nodes.through(network, db.options()))
                .statementTimeout(Duration.ofSeconds(1)));
    node.enqueue(job()).retry(3).block(LIMIT);
    network.freeze();
    List<CompletableFuture<Receipt>> calls =
        Flux.range(0, 3_000).map(i -> node.enqueue(job()).toFuture()).collectList().block(LIMIT);

    node.stop(Duration.ZERO).block(LIMIT);

    assertThat(calls).allSatisfy(call -> assertThat(call).failsWithin(LIMIT));
    assertThatThrownBy(() -> node.jobs().find(1).block(LIMIT))
        .isInstanceOf(IllegalStateException.class);
  }

  private static NewJob job() {
    return NewJob.of("work", Scripted.NOTHING);
  }

  private static long jobs() {
    return db.number("SELECT count(*) FROM shigoto.jobs");
  }
}
