package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.spi.ILoggingEvent;
import io.shigoto.broadcast.Receiver;
import io.shigoto.event.JobEvent.Kind;
import io.shigoto.job.Job;
import io.shigoto.job.NewJob;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.support.Link;
import io.shigoto.support.LogCapture;
import io.shigoto.support.TcpProxy;
import io.shigoto.worker.JobContext;
import io.shigoto.worker.Outcome;
import io.shigoto.worker.Worker;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;

/** What is in a job's args, meta and result is in no log, event or text form, whatever happens. */
class SilenceIT {

  private static final String SECRET = "k4t0b1d3n";
  private static final Map<String, Object> ARGS = Map.of("password", SECRET);

  record Strict(int number) {}

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Told told = new Told();
  private final Queue<String> texts = new ConcurrentLinkedQueue<>();
  private LogCapture library;
  private LogCapture reactor;

  @BeforeEach
  void listenToTheLogs() {
    library = LogCapture.start();
    reactor = LogCapture.start("reactor");
  }

  @AfterEach
  void nothingWasSaid() {
    library.close();
    reactor.close();
    assertThat(library.everything()).isNotEmpty().doesNotContain(SECRET);
    assertThat(library.events()).allSatisfy(SilenceIT::saysItsFactsByKeys);
    assertThat(reactor.everything()).doesNotContain(SECRET);
    assertThat(texts).allSatisfy(text -> assertThat(text).doesNotContain(SECRET));
  }

  @Test
  void runsOfEveryKindAreSilent() {
    Shigoto node =
        start(
            Shigoto.builder(db.connectionFactory())
                .worker(new Scripted("done", job -> Mono.just(Outcome.done(job.args()))))
                .worker(new Scripted("broken", job -> Mono.error(new IllegalStateException())))
                .worker(
                    new Scripted(
                        "told",
                        job -> {
                          texts.add(job.toString());
                          return Mono.just(Outcome.cancel("no"));
                        }))
                .worker(Worker.of("strict", Strict.class, job -> Mono.empty())));

    List<String> workers = List.of("done", "broken", "told", "strict", "unknown");
    List<Long> ids =
        node.enqueueAll(
                Flux.fromIterable(workers)
                    .map(worker -> job(worker).maxAttempts(1))
                    .doOnNext(job -> texts.add(job.toString())))
            .map(receipt -> receipt.id())
            .collectList()
            .block(LIMIT);
    Await.until(LIMIT, () -> db.number("SELECT count(*) FROM shigoto.job_history") == 4);

    for (long id : ids) {
      Job job = node.jobs().find(id).block(LIMIT);
      assertThat(job.args()).contains(SECRET);
      texts.add(job.toString());
      texts.add(job.errors().toString());
    }
    texts.add(node.health().block(LIMIT).toString());
  }

  /** What workers throw is theirs: it stands with the job, and is in no log and no event. */
  @Test
  void errorsThatQuoteArgsAreSilent() {
    IllegalStateException quote = new IllegalStateException(SECRET, new RuntimeException(SECRET));
    Queue<MonoSink<Outcome>> left = new ConcurrentLinkedQueue<>();
    Shigoto node =
        start(
            Shigoto.builder(db.connectionFactory())
                .worker(new Scripted("failed", job -> Mono.error(quote)))
                .worker(new Scripted("cancelled", job -> Mono.just(Outcome.cancel(SECRET))))
                .worker(new Scripted("broken", job -> Mono.error(new AssertionError(quote))))
                .worker(new Limited("late", job -> Mono.create(left::add)))
                .worker(
                    new Limited(
                        "loud",
                        job ->
                            Mono.<Outcome>never()
                                .doOnCancel(
                                    () -> {
                                      throw quote;
                                    }))));

    node.enqueueAll(
            Flux.just("failed", "cancelled", "broken", "late", "loud")
                .map(worker -> job(worker).maxAttempts(1)))
        .blockLast(LIMIT);
    Await.until(LIMIT, () -> db.number("SELECT count(*) FROM shigoto.job_history") == 5);
    left.forEach(sink -> sink.error(quote));
    left.forEach(sink -> sink.error(new AssertionError(quote)));

    assertThat(left).isNotEmpty();
    assertThat(library.everything()).contains("an error came when nobody listened any more");
  }

  @Test
  void refusalsAreSilent() {
    Shigoto node =
        start(
            Shigoto.builder(db.connectionFactory())
                .maxPayload(100)
                .worker(
                    new Scripted(
                        "large", job -> Mono.just(Outcome.done(List.of(SECRET.repeat(20)))))));

    assertThatThrownBy(() -> node.enqueue(NewJob.of("w", SECRET.repeat(20))).block(LIMIT))
        .satisfies(error -> texts.add(error.toString()));
    assertThatThrownBy(() -> node.enqueue(NewJob.of("w", SECRET + '\0')).block(LIMIT))
        .satisfies(error -> texts.add(error.toString()));
    assertThatThrownBy(() -> node.enqueue(NewJob.of("w", new Leaky())).block(LIMIT))
        .satisfies(error -> texts.add(error.toString()));
    long id = node.enqueue(job("large").maxAttempts(1)).block(LIMIT).id();
    told.await(Kind.DISCARDED);
    texts.add(node.jobs().find(id).block(LIMIT).errors().toString());
  }

  @Test
  void faultsOfTheDatabaseAreSilent() {
    TcpProxy network = nodes.network(db.options());
    network.onStatement("INSERT INTO shigoto.jobs", Link::loseAnswer);
    network.onStatement("SET state = 'executing'", 2, Link::loseAnswer);
    network.onStatement("DELETE FROM shigoto.jobs", Link::cut);
    Shigoto node =
        start(
            Shigoto.builder(Nodes.through(network, db.options()))
                .lease(Duration.ofSeconds(1))
                .statementTimeout(Duration.ofSeconds(1))
                .worker(new Scripted("work", job -> Mono.just(Outcome.done(job.args())))));

    assertThatThrownBy(() -> node.enqueue(job("work")).block(LIMIT))
        .satisfies(error -> texts.add(error.toString()));
    told.await(Kind.COMPLETED);
    network.cut();
    told.await(Kind.NODE_LOST_LEASE);
  }

  @Test
  void messagesAreSilent() {
    Shigoto node =
        start(
            Shigoto.builder(db.connectionFactory())
                .maxPayload(100)
                .receiver(Receiver.of("strict", Integer.class, message -> Mono.empty()))
                .receiver(
                    Receiver.of(
                        "broken",
                        String.class,
                        message -> {
                          texts.add(message.toString());
                          return Mono.error(new IllegalStateException(message.payload()));
                        })));

    assertThatThrownBy(() -> node.broadcasts().publish("strict", SECRET.repeat(20)))
        .satisfies(error -> texts.add(error.toString()));
    assertThatThrownBy(() -> node.broadcasts().publish("strict", new Leaky()))
        .satisfies(error -> texts.add(error.toString()));
    node.broadcasts().publish("strict", SECRET).block(LIMIT);
    node.broadcasts().publish("broken", SECRET).block(LIMIT);
    told.await(Kind.BROADCAST_FAILED, 2);
    node.stop(Duration.ZERO).block(LIMIT);
  }

  private static void saysItsFactsByKeys(ILoggingEvent event) {
    assertThat(event.getKeyValuePairs()).as(event.getMessage()).isNotEmpty();
    assertThat(event.getMessage()).doesNotContain("=");
  }

  private Shigoto start(ShigotoBuilder builder) {
    return nodes.start(
        builder.queue("default", 10).listener(told).listener(event -> texts.add(event.toString())));
  }

  private static NewJob job(String worker) {
    return NewJob.of(worker, ARGS).meta(Map.of("token", SECRET));
  }

  /** Its runs are cancelled soon. */
  private static final class Limited extends Scripted {

    Limited(String name, Function<JobContext<Map<String, Object>>, Mono<Outcome>> script) {
      super(name, script);
    }

    @Override
    public Duration timeout() {
      return Duration.ofMillis(100);
    }
  }

  private static final class Leaky {
    @SuppressWarnings("unused") // read by Jackson
    public String getPassword() {
      throw new IllegalStateException(SECRET);
    }
  }
}
