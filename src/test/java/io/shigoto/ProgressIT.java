package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.r2dbc.spi.Connection;
import io.r2dbc.spi.ConnectionFactory;
import io.shigoto.event.JobEvent;
import io.shigoto.job.Job;
import io.shigoto.job.JobState;
import io.shigoto.job.NewJob;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.support.Link;
import io.shigoto.support.TcpProxy;
import io.shigoto.worker.JobContext;
import io.shigoto.worker.Outcome;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.util.function.Tuple2;

/** A run says how far it is. */
class ProgressIT {

  private static final String WRITE = "SET progress";

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Told told = new Told();
  private final Sinks.Empty<Void> may = Sinks.empty();
  private final CompletableFuture<JobContext<?>> running = new CompletableFuture<>();
  private TcpProxy network;
  private Shigoto node;
  private Function<JobContext<Map<String, Object>>, Mono<Outcome>> script = this::untilItMay;

  @BeforeEach
  void start() {
    network = nodes.network(db.options());
    node =
        nodes.start(
            Shigoto.builder(Nodes.through(network, db.options()))
                .worker(new Scripted("work", job -> script.apply(job)))
                .queue("default", 300)
                .listener(told));
  }

  @Test
  void progressIsSeenWhileTheRunGoesOn() {
    long id = enqueue();
    JobContext<?> run = running.join();
    assertThat(job(id).progress()).isNull();

    for (int percent : new int[] {1, 50, 20, 0}) {
      run.progress(percent).block(LIMIT);
      Await.until(LIMIT, () -> Integer.valueOf(percent).equals(job(id).progress()));
    }

    assertThat(told.await(JobEvent.Kind.PROGRESS, 4))
        .extracting(JobEvent::count)
        .containsExactly(1, 50, 20, 0);
    assertThat(job(id).state()).isEqualTo(JobState.EXECUTING);
  }

  /** Each says something new. No more than one write in a fifth of a second, and the last word. */
  @Test
  void aMillionCallsCostAFewWrites() {
    AtomicLong millis = new AtomicLong();
    script =
        job ->
            Flux.range(0, 1_000_001)
                .concatMap(i -> job.progress(i % 101))
                .then(Mono.just(Outcome.done()))
                .elapsed()
                .doOnNext(timed -> millis.set(timed.getT1()))
                .map(Tuple2::getT2);

    assertThat(ended(enqueue()).progress()).isEqualTo(100);

    assertThat(network.counts().statements(WRITE)).isBetween(1L, millis.get() / 200 + 3);
  }

  @Test
  void manyRunsShareAWrite() {
    script = job -> job.progress((int) (job.id() % 101)).then(Mono.just(Outcome.done()));

    node.enqueueAll(Flux.range(0, 3_000).map(i -> NewJob.of("work", Scripted.NOTHING)))
        .then()
        .block(LIMIT);
    told.await(JobEvent.Kind.COMPLETED, 3_000);

    assertThat(db.number("SELECT count(*) FROM shigoto.job_history WHERE progress = id % 101"))
        .isEqualTo(3_000);
    assertThat(network.counts().statements(WRITE)).isLessThan(1_500);
  }

  @Test
  void whatItLastSaidStandsWithTheJobHoweverItEnds() {
    script =
        job ->
            job.progress(70)
                .thenReturn(
                    job.attempt() == 1 ? Outcome.failed("first") : Outcome.discard("second"));

    long id = enqueue();
    assertThat(told.await(JobEvent.Kind.FAILED).jobId()).isEqualTo(id);
    told.await(JobEvent.Kind.DISCARDED);

    assertThat(job(id).progress()).isEqualTo(70);
  }

  @Test
  void theLastWordIsWrittenAlthoughAWriteIsLost() {
    network.onStatement(WRITE, Link::cut);
    script = job -> job.progress(70).thenReturn(Outcome.done());

    assertThat(ended(enqueue()).progress()).isEqualTo(70);
  }

  @Test
  void theLastWordOfARunThatCompletesInItsTransactionIsWritten() {
    ConnectionFactory factory = db.connectionFactory();
    script =
        job ->
            job.progress(90)
                .then(
                    Mono.usingWhen(
                        factory.create(),
                        connection -> completed(job, connection),
                        Connection::close));

    assertThat(ended(enqueue()).progress()).isEqualTo(90);
  }

  @Test
  void aRowThatSomebodyHoldsDelaysNeitherTheWorkerNorOthers() {
    long held = enqueue();
    JobContext<?> run = running.join();

    RowLock.held(
        db.connectionFactory(),
        held,
        () -> {
          run.progress(10).block(LIMIT);
          script = job -> job.progress(30).thenReturn(Outcome.done());
          assertThat(ended(enqueue()).progress()).isEqualTo(30);
          return job(held);
        });

    Await.until(LIMIT, () -> Integer.valueOf(10).equals(job(held).progress()));
  }

  @Test
  void supersededRunWritesNothing() {
    long id = enqueue();
    JobContext<?> run = running.join();
    db.sql("UPDATE shigoto.jobs SET lease = lease + 1, progress = 5");

    run.progress(60).block(LIMIT);
    Await.until(LIMIT, () -> network.counts().statements(WRITE) >= 2);
    may.tryEmitEmpty();
    told.await(JobEvent.Kind.SUPERSEDED);

    assertThat(job(id).progress()).isEqualTo(5);
    assertThat(told.count(JobEvent.Kind.PROGRESS)).isZero();
  }

  @Test
  void whatIsNoPercentageIsRefusedAtTheCall() {
    enqueue();
    JobContext<?> run = running.join();

    for (int wrong : new int[] {-1, 101, Integer.MIN_VALUE}) {
      assertThatThrownBy(() -> run.progress(wrong))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("from 0 to 100, but is " + wrong);
    }
  }

  private Mono<Outcome> untilItMay(JobContext<?> job) {
    running.complete(job);
    return may.asMono().thenReturn(Outcome.done());
  }

  private static Mono<Outcome> completed(JobContext<?> job, Connection connection) {
    return Mono.from(connection.beginTransaction())
        .then(job.completeIn(connection))
        .then(Mono.from(connection.commitTransaction()))
        .thenReturn(Outcome.done());
  }

  private long enqueue() {
    return node.enqueue(NewJob.of("work", Scripted.NOTHING)).block(LIMIT).id();
  }

  private Job job(long id) {
    return node.jobs().find(id).block(LIMIT);
  }

  private Job ended(long id) {
    return node.jobs().await(id).then(node.jobs().find(id)).block(LIMIT);
  }
}
