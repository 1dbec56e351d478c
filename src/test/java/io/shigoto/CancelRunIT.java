package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.control.Cancellation;
import io.shigoto.event.JobEvent;
import io.shigoto.job.Job;
import io.shigoto.job.JobState;
import io.shigoto.job.NewJob;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.support.Link;
import io.shigoto.support.TcpProxy;
import io.shigoto.worker.JobContext;
import io.shigoto.worker.JobError;
import io.shigoto.worker.Outcome;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.netty.DisposableServer;
import reactor.netty.http.client.HttpClient;
import reactor.netty.http.server.HttpServer;

/** The cancel of a job that runs, from another node. */
class CancelRunIT {

  private static final String SETTLE = "DELETE FROM shigoto.jobs";
  private static final String ASK = "WHERE cancelling =";

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Told told = new Told();
  private final Queue<String> happened = new ConcurrentLinkedQueue<>();
  private final Sinks.One<Outcome> end = Sinks.one();
  private TcpProxy network;
  private Shigoto other;

  @BeforeEach
  void otherNode() {
    network = nodes.network(db.options());
    other = nodes.build(Shigoto.builder(db.connectionFactory()));
  }

  /** It polls for work once an hour: that is not how it hears. */
  @Test
  void runIsCancelledAndThenItsJob() {
    start(builder().pollInterval(Duration.ofHours(1)));
    long id = running();
    network.onStatement(SETTLE, link -> happened.add("the job is settled"));

    assertThat(cancel(id)).isEqualTo(new Cancellation.Requested(id));
    Job job = ended(id);

    assertThat(happened).containsExactly("starts", "is cancelled", "the job is settled");
    assertThat(job.state()).isEqualTo(JobState.CANCELLED);
    assertThat(job.attempt()).isEqualTo(1);
    assertThat(job.errors()).isEmpty();
    assertThat(told.await(JobEvent.Kind.CANCELLED).jobId()).isEqualTo(id);
    assertThat(cancel(id)).isEqualTo(new Cancellation.Ended(id, JobState.CANCELLED));
  }

  /** The server sees the connection of the request close, long before it would answer. */
  @Test
  void requestOfACancelledRunIsAborted() {
    Sinks.Empty<Void> asked = Sinks.empty();
    Sinks.Empty<Void> closed = Sinks.empty();
    DisposableServer server =
        HttpServer.create()
            .host("localhost")
            .port(0)
            .doOnConnection(connection -> connection.onDispose(() -> closed.tryEmitEmpty()))
            .handle(
                (request, response) -> {
                  asked.tryEmitEmpty();
                  return response.sendString(end.asMono().map(Outcome::toString));
                })
            .bindNow(LIMIT);
    HttpClient client = HttpClient.create().baseUrl("http://localhost:" + server.port());
    start(
        builder(
            job ->
                client
                    .get()
                    .uri("/slow")
                    .responseContent()
                    .aggregate()
                    .asString()
                    .map(Outcome::done)));
    long id = enqueue();
    asked.asMono().block(LIMIT);

    cancel(id);

    closed.asMono().block(LIMIT);
    assertThat(ended(id).state()).isEqualTo(JobState.CANCELLED);
    server.disposeNow(LIMIT);
  }

  @Test
  void nodeThatOnlyPollsFindsOutByItself() {
    start(builder().pollOnly().pollInterval(Duration.ofHours(1)));
    long id = enqueueHere(nodes.start(builder().pollOnly()));

    cancel(id);

    assertThat(ended(id).state()).isEqualTo(JobState.CANCELLED);
  }

  @Test
  void nodeWhoseListenConnectionIsDeadFindsOutByItself() {
    AtomicReference<Link> listening = new AtomicReference<>();
    network.onStatement("LISTEN shigoto", listening::set);
    Shigoto node = start(builder().pollInterval(Duration.ofHours(1)));
    Await.until(LIMIT, () -> node.health().block(LIMIT).status() == Health.Status.UP);
    long id = running();
    Sinks.Empty<Void> frozen = Sinks.empty();
    network.onStatement(
        ASK,
        link -> {
          listening.get().freeze();
          frozen.tryEmitEmpty();
        });
    frozen.asMono().block(LIMIT);

    cancel(id);

    assertThat(ended(id).state()).isEqualTo(JobState.CANCELLED);
    assertThat(network.counts().statements("LISTEN shigoto")).isOne();
  }

  /** It asks only while it holds something. */
  @Test
  void nodeThatRunsNothingDoesNotAsk() {
    start(builder().pollInterval(Duration.ofMillis(100)));
    network.counts().reset();
    Await.until("some time passes", LIMIT, () -> polls() > 15);

    assertThat(network.counts().statements(ASK)).isLessThanOrEqualTo(2);
  }

  static Map<String, Supplier<Outcome>> ends() {
    return Map.of(
        "failed", () -> Outcome.failed("no"),
        "snoozed", () -> Outcome.snooze(Duration.ofHours(1)),
        "discarded", () -> Outcome.discard("no"),
        "cancelled", () -> Outcome.cancel("by itself"));
  }

  /** The node does not hear of the cancel, and the run ends by itself. */
  @ParameterizedTest
  @ValueSource(strings = {"failed", "snoozed", "discarded", "cancelled"})
  void whateverTheRunComesToButCompletedItsJobIsCancelled(String how) {
    deafNode();
    long id = running();

    cancel(id);
    end.tryEmitValue(ends().get(how).get());
    Job job = ended(id);

    assertThat(job.state()).isEqualTo(JobState.CANCELLED);
    assertThat(job.attempt()).isEqualTo(how.equals("snoozed") ? 0 : 1);
    assertThat(job.errors()).hasSize(how.equals("snoozed") ? 0 : 1);
    assertThat(told.await(JobEvent.Kind.CANCELLED).jobId()).isEqualTo(id);
    assertThat(told.count(JobEvent.Kind.FAILED)).isZero();
    assertThat(told.count(JobEvent.Kind.SNOOZED)).isZero();
    assertThat(told.count(JobEvent.Kind.DISCARDED)).isZero();
    assertThat(happened).doesNotContain("hears of the discard");
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void runThatCompletesBeforeItIsReachedIsCompleted(boolean withResult) {
    deafNode();
    long id = running();

    assertThat(cancel(id)).isEqualTo(new Cancellation.Requested(id));
    end.tryEmitValue(withResult ? Outcome.done(1) : Outcome.done());

    assertThat(ended(id).state()).isEqualTo(JobState.COMPLETED);
    assertThat(told.await(JobEvent.Kind.COMPLETED).jobId()).isEqualTo(id);
    assertThat(cancel(id)).isEqualTo(new Cancellation.Ended(id, JobState.COMPLETED));
    assertThat(told.count(JobEvent.Kind.CANCELLED)).isZero();
  }

  @Test
  void jobThatIsGivenBackByAStopIsCancelled() {
    Shigoto node = deafNode();
    long id = running();
    cancel(id);

    node.stop(Duration.ZERO).block(LIMIT);

    assertThat(find(id).state()).isEqualTo(JobState.CANCELLED);
    assertThat(told.count(JobEvent.Kind.RELEASED)).isZero();
    assertThat(told.count(JobEvent.Kind.CANCELLED)).isOne();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3})
  void jobOfALostNodeIsCancelledAndNotRunAgain(int maxAttempts) {
    start(builder().lease(Duration.ofSeconds(1)).statementTimeout(Duration.ofMillis(500)));
    long id = running(NewJob.of("work", Scripted.NOTHING).maxAttempts(maxAttempts));
    network.cut();
    assertThat(cancel(id)).isEqualTo(new Cancellation.Requested(id));
    Told toldByB = new Told();

    nodes.start(
        Shigoto.builder(db.connectionFactory())
            .lease(Duration.ofSeconds(1))
            .worker(worker(job -> Mono.empty()))
            .queue("default", 1)
            .listener(toldByB));

    Job job = ended(id);
    assertThat(job.state()).isEqualTo(JobState.CANCELLED);
    assertThat(job.errors()).extracting("type").containsExactly("NodeLost");
    assertThat(toldByB.await(JobEvent.Kind.RESCUED).detail()).isEqualTo("cancelled");
    assertThat(toldByB.count(JobEvent.Kind.STARTED)).isZero();
    assertThat(happened).doesNotContain("hears of the discard");
  }

  @Test
  void jobWhoseClaimWasNeverAnsweredIsCancelledByTheAudit() {
    network.onStatement("SET state = 'executing'", Link::loseAnswer);
    long id = enqueue();
    start(builder().statementTimeout(Duration.ofSeconds(1)));
    Await.until(LIMIT, () -> find(id).state() == JobState.EXECUTING);

    cancel(id);

    assertThat(ended(id).state()).isEqualTo(JobState.CANCELLED);
    assertThat(happened).isEmpty();
  }

  /** The answer to the settlement is lost, and the second try finds what the first has written. */
  @Test
  void cancelWhoseAnswerIsLostIsToldAsOne() {
    deafNode();
    long id = running();
    cancel(id);
    network.onStatement(SETTLE, Link::loseAnswer);

    end.tryEmitValue(Outcome.failed("no"));

    assertThat(told.await(JobEvent.Kind.CANCELLED).jobId()).isEqualTo(id);
    assertThat(told.count(JobEvent.Kind.SUPERSEDED)).isZero();
    assertThat(find(id).state()).isEqualTo(JobState.CANCELLED);
  }

  /** Short jobs make the node claim ahead; then both slots are kept. */
  @Test
  void jobThatWasClaimedAheadNeverStarts() {
    network.delay(Duration.ofMillis(20));
    Barrier barrier = new Barrier();
    Shigoto node = start(builder(job -> barrier.pass(job.id())).queue("wide", 2));
    other
        .enqueueAll(
            Flux.range(0, 20_000).map(i -> NewJob.of("work", Scripted.NOTHING).queue("wide")))
        .blockLast(LIMIT);
    told.await(JobEvent.Kind.STARTED, 1_000);
    List<Long> ahead = new ArrayList<>();
    do {
      barrier.open();
      barrier.close();
      Await.until("both slots are taken", LIMIT, () -> barrier.waiting.size() == 2);
      // What waits behind long runs is given back before long: it may be too late for all but a
      // few.
      executing().stream()
          .filter(id -> !barrier.waiting.contains(id))
          .filter(
              id ->
                  told.all(JobEvent.Kind.STARTED).stream()
                      .noneMatch(event -> id.equals(event.jobId())))
          .limit(1)
          .filter(id -> cancel(id).equals(new Cancellation.Requested(id)))
          .forEach(ahead::add);
    } while (ahead.isEmpty());
    ahead.forEach(this::ended);

    assertThat(executing()).containsAll(barrier.waiting).doesNotContainAnyElementsOf(ahead);
    assertThat(told.await(JobEvent.Kind.CANCELLED, ahead.size()))
        .extracting(JobEvent::jobId)
        .containsAll(ahead);
    assertThat(ahead).extracting(id -> find(id).attempt()).containsOnly(0);
    barrier.open();
    Await.until("some more run", LIMIT, () -> told.count(JobEvent.Kind.COMPLETED) > 5_000);
    node.stop(LIMIT).block(LIMIT);
    assertThat(told.all(JobEvent.Kind.STARTED))
        .extracting(JobEvent::jobId)
        .doesNotContainAnyElementsOf(ahead);
    assertThat(executing()).isEmpty();
  }

  /** Lets runs pass, or keeps them. */
  private static final class Barrier {

    private final AtomicReference<Sinks.Empty<Void>> closed = new AtomicReference<>();
    private final Queue<Long> waiting = new ConcurrentLinkedQueue<>();

    Mono<Outcome> pass(long id) {
      Sinks.Empty<Void> kept = closed.get();
      if (kept == null) {
        return Mono.empty();
      }
      waiting.add(id);
      return kept.asMono().then(Mono.empty());
    }

    void close() {
      waiting.clear();
      closed.set(Sinks.empty());
    }

    void open() {
      Sinks.Empty<Void> kept = closed.getAndSet(null);
      if (kept != null) {
        kept.tryEmitEmpty();
      }
    }
  }

  /** The worker goes on although its subscription is cancelled; what it finds out is nobody's. */
  @Test
  void workerThatIgnoresTheCancelKeepsNoSlot() {
    CompletableFuture<Outcome> deaf = new CompletableFuture<>();
    start(
        builder(
            job ->
                job.args().isEmpty()
                    ? Mono.fromFuture(deaf, true)
                    : Mono.just(Outcome.done("next"))));
    long id = enqueue();
    told.await(JobEvent.Kind.STARTED);

    cancel(id);

    assertThat(ended(id).state()).isEqualTo(JobState.CANCELLED);
    long next = other.enqueue(NewJob.of("work", Map.of("a", 1))).block(LIMIT).id();
    assertThat(ended(next).result()).isEqualTo("\"next\"");
    assertThat(deaf).isNotDone();
    deaf.complete(Outcome.done("late"));
    assertThat(find(id).result()).isNull();
  }

  @ParameterizedTest
  @ValueSource(classes = {IllegalStateException.class, NoClassDefFoundError.class})
  void workerThatThrowsOnCancelKeepsNoSlot(Class<? extends Throwable> thrown) {
    start(
        builder(
            job ->
                job.args().isEmpty()
                    ? end.asMono().doOnCancel(() -> sneak(thrown))
                    : Mono.just(Outcome.done("next"))));
    long id = enqueue();
    told.await(JobEvent.Kind.STARTED);

    cancel(id);

    assertThat(ended(id).state()).isEqualTo(JobState.CANCELLED);
    long next = other.enqueue(NewJob.of("work", Map.of("a", 1))).block(LIMIT).id();
    assertThat(ended(next).result()).isEqualTo("\"next\"");
  }

  private static void sneak(Class<? extends Throwable> thrown) {
    if (thrown == NoClassDefFoundError.class) {
      throw new NoClassDefFoundError("on cancel");
    }
    throw new IllegalStateException("on cancel");
  }

  /** A node that is never told which runs are to end. */
  private Shigoto deafNode() {
    Shigoto node = start(builder());
    for (int i = 1; i <= 100; i++) {
      network.onStatement(ASK, i, Link::cut);
    }
    return node;
  }

  private Shigoto start(ShigotoBuilder builder) {
    return nodes.start(builder);
  }

  private ShigotoBuilder builder() {
    return builder(
        job ->
            end.asMono()
                .doOnSubscribe(start -> happened.add("starts"))
                .doOnCancel(() -> happened.add("is cancelled")));
  }

  private ShigotoBuilder builder(Function<JobContext<Map<String, Object>>, Mono<Outcome>> work) {
    return Shigoto.builder(Nodes.through(network, db.options()))
        .worker(worker(work))
        .queue("default", 1)
        .listener(told);
  }

  private Scripted worker(Function<JobContext<Map<String, Object>>, Mono<Outcome>> work) {
    return new Scripted("work", work) {
      @Override
      public Mono<Void> onDiscard(JobContext<Map<String, Object>> job, List<JobError> errors) {
        return Mono.fromRunnable(() -> happened.add("hears of the discard"));
      }
    };
  }

  private static List<Long> executing() {
    return db.sql("SELECT id FROM shigoto.jobs WHERE state = 'executing' ORDER BY id").stream()
        .map(row -> (Long) row.get("id"))
        .collect(Collectors.toCollection(ArrayList::new));
  }

  private long polls() {
    return network.counts().statements("AS lane (queue)");
  }

  private long enqueue() {
    return other.enqueue(NewJob.of("work", Scripted.NOTHING)).block(LIMIT).id();
  }

  private long enqueueHere(Shigoto node) {
    long id = node.enqueue(NewJob.of("work", Scripted.NOTHING)).block(LIMIT).id();
    told.await(JobEvent.Kind.STARTED);
    return id;
  }

  private long running() {
    return running(NewJob.of("work", Scripted.NOTHING));
  }

  private long running(NewJob job) {
    long id = other.enqueue(job).block(LIMIT).id();
    told.await(JobEvent.Kind.STARTED);
    return id;
  }

  private Cancellation cancel(long id) {
    return other.jobs().cancel(id).block(LIMIT);
  }

  private Job find(long id) {
    return other.jobs().find(id).block(LIMIT);
  }

  private Job ended(long id) {
    Await.until("job " + id + " ended", LIMIT, () -> find(id).state().isTerminal());
    return find(id);
  }
}
