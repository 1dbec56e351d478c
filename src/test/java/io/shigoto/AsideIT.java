package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import io.r2dbc.spi.Connection;
import io.shigoto.broadcast.Message;
import io.shigoto.broadcast.Receiver;
import io.shigoto.control.JobFilter;
import io.shigoto.event.JobEvent;
import io.shigoto.job.NewJob;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.worker.JobContext;
import io.shigoto.worker.JobError;
import io.shigoto.worker.Outcome;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/**
 * What the application is called for because of something outside of its runs is called on threads
 * that may wait, and whoever does so waits for none of it.
 */
class AsideIT {

  private static final int RUNS = 64;

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Told told = new Told();
  private final Queue<String> threads = new ConcurrentLinkedQueue<>();
  private final Queue<String> cancels = new ConcurrentLinkedQueue<>();
  private final CountDownLatch listenedTo = new CountDownLatch(1);
  private final CountDownLatch released = new CountDownLatch(1);

  @AfterEach
  void release() {
    released.countDown();
  }

  @Test
  void cancelAndBackoffAfterATimeout() {
    Shigoto node = start(builder(new Seen(Duration.ofMillis(100), job -> endless())));

    node.enqueue(NewJob.of("work", Scripted.NOTHING)).block(LIMIT);
    told.await(JobEvent.Kind.FAILED);

    assertAside(2);
  }

  @Test
  void cancelAtTheEndOfAGrace() {
    Shigoto node = running(endless());

    node.stop(Duration.ZERO).block(LIMIT);

    assertAside(1);
  }

  @Test
  void cancelWhenAQueueIsRemoved() {
    Shigoto node = running(endless());

    node.queues().remove("default", Duration.ZERO).block(LIMIT);

    assertAside(1);
  }

  @Test
  void cancelWhenTheLeaseIsLost() {
    start(builder(new Seen(job -> endless())).lease(Duration.ofSeconds(2)))
        .enqueue(NewJob.of("work", Scripted.NOTHING))
        .block(LIMIT);
    awaitListening();

    loseLease();
    told.await(JobEvent.Kind.NODE_JOINED, 2);

    Await.until("it is cancelled", LIMIT, () -> !cancels.isEmpty());
    // The job may have been rescued, and its backoff asked.
    assertAllAside();
    assertThat(cancels).hasSize(1);
  }

  @Test
  void cancelWhenAJobIsCalledOff() {
    Shigoto node = running(endless());
    long id = told.await(JobEvent.Kind.STARTED).jobId();

    node.jobs().cancel(id).block(LIMIT);
    told.await(JobEvent.Kind.CANCELLED);

    assertAside(1);
  }

  @Test
  void backoffInARescue() {
    start(builder(new Seen(job -> endless())).lease(Duration.ofSeconds(2)));

    db.sql(
        """
        INSERT INTO shigoto.jobs (queue, worker, state, owner, lease, attempt, claimed_at)
        VALUES ('default', 'work', 'executing', gen_random_uuid(), 1, 1, now())
        """);
    told.await(JobEvent.Kind.RESCUED);

    assertAside(1);
  }

  @Test
  void backoffWhenTheTransactionOfARunIsNotThere() {
    Shigoto node =
        start(
            builder(
                new Seen(
                    job -> rolledBack(connection -> job.completeIn(connection)).then(done()))));

    node.enqueue(NewJob.of("work", Scripted.NOTHING)).block(LIMIT);
    assertThat(told.await(JobEvent.Kind.FAILED).detail()).isEqualTo("NotCommitted");

    assertAside(1);
  }

  @Test
  void backoffAfterAnErrorOnAnEventLoop() {
    Queue<String> came = new ConcurrentLinkedQueue<>();
    Shigoto node =
        start(
            builder(
                new Seen(
                    job ->
                        rolledBack(connection -> Mono.error(new IllegalStateException()))
                            .doOnError(error -> came.add(Thread.currentThread().getName()))
                            .then(done()))));

    node.enqueue(NewJob.of("work", Scripted.NOTHING)).block(LIMIT);
    assertThat(told.await(JobEvent.Kind.FAILED).detail()).isEqualTo("IllegalStateException");

    assertThat(came).singleElement().asString().startsWith("reactor-tcp");
    assertAside(1);
  }

  @Test
  void cancelAndBackoffOfAReceiver() {
    Shigoto node = start(builder(new Seen(job -> endless())).receiver(new SeenReceiver()));

    node.broadcasts().publish("topic", "text").block(LIMIT);
    told.await(JobEvent.Kind.BROADCAST_FAILED);
    Await.until("both were called", LIMIT, () -> threads.size() >= 2);

    assertAside(2);
  }

  @Test
  void cancelOfOnDiscard() {
    Shigoto node =
        start(
            builder(
                new Seen(Duration.ofMillis(100), job -> Mono.just(Outcome.discard("no"))) {
                  @Override
                  public Mono<Void> onDiscard(
                      JobContext<Map<String, Object>> job, List<JobError> errors) {
                    return endless().then();
                  }
                }));

    node.enqueue(NewJob.of("work", Scripted.NOTHING)).block(LIMIT);
    Await.until("it is cancelled", LIMIT, () -> !threads.isEmpty());

    assertAside(1);
  }

  /** The backoff does not come back before the test ends. */
  @Test
  void aNodeKeepsItsLeaseHoweverLongABackoffTakes() {
    CountDownLatch asked = new CountDownLatch(1);
    Shigoto node =
        start(
            builder(
                    new Seen(job -> Mono.error(new IllegalStateException())) {
                      @Override
                      public Duration backoff(int attempt, Throwable error) {
                        asked.countDown();
                        return stays(Duration.ofHours(1));
                      }
                    })
                .lease(Duration.ofSeconds(5)));
    node.enqueue(NewJob.of("work", Scripted.NOTHING)).block(LIMIT);
    Await.until("the backoff is asked", LIMIT, () -> asked.getCount() == 0);
    OffsetDateTime before = leaseUntil();

    Await.until(
        "the lease is renewed",
        LIMIT,
        () -> Duration.between(before, leaseUntil()).toMillis() > 2_000);

    assertThat(told.count(JobEvent.Kind.NODE_LOST_LEASE)).isZero();
  }

  @Test
  void aFenceThatCancelsManyRunsIsNotHeldByTheCancelOfOne() {
    AtomicInteger cancels = new AtomicInteger();
    AtomicInteger cancelled = new AtomicInteger();
    Shigoto node =
        nodes.start(
            Shigoto.builder(db.connectionFactory())
                .lease(Duration.ofSeconds(2))
                .worker(
                    new Scripted(
                        "work",
                        job ->
                            Mono.<Outcome>never()
                                .doOnCancel(
                                    () -> {
                                      stays(cancels.getAndIncrement() == 0);
                                      cancelled.incrementAndGet();
                                    })))
                .queue("default", RUNS)
                .listener(told));
    for (int i = 0; i < RUNS; i++) {
      node.enqueue(NewJob.of("work", Scripted.NOTHING)).block(LIMIT);
    }
    told.await(JobEvent.Kind.STARTED, RUNS);

    loseLease();

    Await.until("all others are cancelled", LIMIT, () -> cancelled.get() == RUNS - 1);
    told.await(JobEvent.Kind.NODE_LOST_LEASE);
  }

  @Test
  void aCancelWaitsForNoOthersThatDoNotComeBack() {
    AtomicInteger stuck = new AtomicInteger();
    CountDownLatch cancelled = new CountDownLatch(1);
    Shigoto node =
        nodes.start(
            Shigoto.builder(db.connectionFactory())
                .worker(
                    new Scripted(
                        "work",
                        job ->
                            Mono.<Outcome>never()
                                .doOnCancel(
                                    () -> {
                                      if (job.tags().contains("last")) {
                                        cancelled.countDown();
                                      } else {
                                        stuck.incrementAndGet();
                                        stays(true);
                                      }
                                    })))
                .queue("default", RUNS)
                .listener(told));
    long last = node.enqueue(NewJob.of("work", Scripted.NOTHING).tags("last")).block(LIMIT).id();
    for (int i = 1; i < RUNS; i++) {
      node.enqueue(NewJob.of("work", Scripted.NOTHING).tags("stuck")).block(LIMIT);
    }
    told.await(JobEvent.Kind.STARTED, RUNS);
    node.jobs().cancelAll(JobFilter.where().tags("stuck")).block(LIMIT);
    Await.until("all of these hold a thread", LIMIT, () -> stuck.get() == RUNS - 1);

    node.jobs().cancel(last).block(LIMIT);

    Await.until("it is cancelled", LIMIT, () -> cancelled.getCount() == 0);
    assertThat(told.await(JobEvent.Kind.CANCELLED).jobId()).isEqualTo(last);
  }

  /** Who cancels it before it is listened to has that done by the thread that begins to. */
  private Mono<Outcome> endless() {
    return Mono.<Outcome>never()
        .doOnRequest(asked -> listenedTo.countDown())
        .doOnCancel(this::cancelled);
  }

  private static Mono<Outcome> done() {
    return Mono.just(Outcome.done());
  }

  private static Mono<Void> rolledBack(Function<Connection, Mono<Void>> work) {
    return Mono.usingWhen(
        Mono.defer(() -> Mono.from(db.connectionFactory().create()))
            .subscribeOn(Schedulers.boundedElastic()),
        connection ->
            Mono.from(connection.beginTransaction())
                .then(Mono.defer(() -> work.apply(connection)))
                .then(Mono.from(connection.rollbackTransaction())),
        Connection::close);
  }

  private void cancelled() {
    called();
    cancels.add(Thread.currentThread().getName());
  }

  private void called() {
    threads.add(Thread.currentThread().getName());
  }

  private void assertAside(int calls) {
    assertAllAside();
    assertThat(threads).hasSize(calls);
  }

  private void assertAllAside() {
    assertThat(threads)
        .isNotEmpty()
        .allSatisfy(thread -> assertThat(thread).startsWith("shigoto-aside"));
  }

  private <T> T stays(T answer) {
    Await.until("it may go on", LIMIT.multipliedBy(2), () -> released.getCount() == 0);
    return answer;
  }

  private void stays(boolean really) {
    if (really) {
      stays("");
    }
  }

  private static void loseLease() {
    db.sql("UPDATE shigoto.nodes SET lease_until = now() - interval '1 ms'");
  }

  private static OffsetDateTime leaseUntil() {
    return (OffsetDateTime)
        db.sql("SELECT max(lease_until) AS until FROM shigoto.nodes").get(0).get("until");
  }

  private ShigotoBuilder builder(Scripted worker) {
    return Shigoto.builder(db.connectionFactory())
        .worker(worker)
        .queue("default", 10)
        .listener(told);
  }

  private Shigoto start(ShigotoBuilder builder) {
    db.sql("TRUNCATE shigoto.jobs, shigoto.job_history");
    return nodes.start(builder);
  }

  private Shigoto running(Mono<Outcome> work) {
    Shigoto node = start(builder(new Seen(job -> work)));
    node.enqueue(NewJob.of("work", Scripted.NOTHING)).block(LIMIT);
    awaitListening();
    return node;
  }

  private void awaitListening() {
    Await.until("the run is listened to", LIMIT, () -> listenedTo.getCount() == 0);
  }

  /** Tells on which thread it was asked for its backoff. */
  private class Seen extends Scripted {

    private final Duration timeout;

    Seen(Function<JobContext<Map<String, Object>>, Mono<Outcome>> script) {
      this(LIMIT, script);
    }

    Seen(Duration timeout, Function<JobContext<Map<String, Object>>, Mono<Outcome>> script) {
      super("work", script);
      this.timeout = timeout;
    }

    @Override
    public Duration timeout() {
      return timeout;
    }

    @Override
    public Duration backoff(int attempt, Throwable error) {
      called();
      return Duration.ofHours(1);
    }
  }

  private final class SeenReceiver implements Receiver<String> {

    @Override
    public String topic() {
      return "topic";
    }

    @Override
    public Mono<Void> receive(Message<String> message) {
      return endless().then();
    }

    @Override
    public Duration timeout() {
      return Duration.ofMillis(100);
    }

    @Override
    public Duration backoff(int attempt, Throwable error) {
      called();
      return Duration.ofHours(1);
    }
  }
}
