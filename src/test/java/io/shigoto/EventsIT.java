package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import io.shigoto.event.JobEvent;
import io.shigoto.event.JobEvent.Kind;
import io.shigoto.job.NewJob;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.support.LogCapture;
import io.shigoto.support.TcpProxy;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.reactivestreams.Subscription;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** What is told of claims, and what becomes of those who do not listen fast enough. */
class EventsIT {

  /** As the page of events has it. */
  private static final int BUFFER = 10_000;

  /** Of each a claim, a start and a completion is told. */
  private static final int JOBS = 6_000;

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Told told = new Told();

  @Test
  void aClaimTellsOfItsQueueHowManyItBroughtAndHowLongItTook() {
    TcpProxy network = nodes.network(db.options());
    insert("default", 500);
    insert("other", 300);
    nodes.start(
        Shigoto.builder(Nodes.through(network, db.options()))
            .worker(new Scripted("work", job -> Mono.empty()))
            .queue("default", 10)
            .queue("other", 10)
            .listener(told));

    told.await(Kind.COMPLETED, 800);

    List<JobEvent> claims = told.all(Kind.QUEUE_CLAIM);
    assertThat(count(claims, "default")).isEqualTo(500);
    assertThat(count(claims, "other")).isEqualTo(300);
    assertThat(claims)
        .hasSizeLessThanOrEqualTo((int) network.counts().statements("SET state = 'executing'"))
        .allSatisfy(
            claim -> {
              assertThat(claim.count()).isPositive();
              assertThat(claim.duration()).isPositive();
              assertThat(claim.jobId()).isNull();
            });
  }

  @Test
  void whoAsksForNothingLosesTheOldestAndTheLogSaysSo() {
    Shigoto node = nodes.start(builder());
    Queue<JobEvent> heard = new ConcurrentLinkedQueue<>();
    Subscriber late = new Subscriber(heard, 0);
    try (LogCapture log = LogCapture.start()) {
      node.events().subscribe(late);

      run(node);
      assertThat(heard).isEmpty();
      late.request(Long.MAX_VALUE);
      JobEvent last = told.all(Kind.COMPLETED).get(JOBS - 1);
      Await.until("the last has arrived", LIMIT, () -> heard.contains(last));

      assertThat(heard.size()).isBetween(BUFFER, BUFFER + 1_000);
      assertThat(messages(log, "is behind")).hasSize(1);
      late.cancel();
      Await.until("it is said", LIMIT, () -> messages(log, "events were dropped").size() == 1);
    }
  }

  /** Its thread is held at the first event, until all jobs are done. */
  @Test
  void whoBlocksHoldsUpNobodyAndLosesTheOldest() {
    Shigoto node = nodes.start(builder());
    Queue<JobEvent> heard = new ConcurrentLinkedQueue<>();
    Queue<JobEvent> others = new ConcurrentLinkedQueue<>();
    CountDownLatch released = new CountDownLatch(1);
    Subscriber blocking =
        new Subscriber(heard, Long.MAX_VALUE) {
          @Override
          protected void hookOnNext(JobEvent event) {
            await(released);
            super.hookOnNext(event);
          }
        };
    node.events().subscribe(blocking);
    node.events().filter(event -> event.kind() == Kind.COMPLETED).subscribe(others::add);

    run(node);
    assertThat(heard).isEmpty();
    Await.until("others hear all", LIMIT, () -> others.size() == JOBS);
    released.countDown();
    JobEvent last = told.all(Kind.COMPLETED).get(JOBS - 1);
    Await.until("the last has arrived", LIMIT, () -> heard.contains(last));

    assertThat(heard.size()).isBetween(BUFFER, BUFFER + 1_000);
    blocking.cancel();
  }

  @Test
  void theLastThingHeardIsThatTheNodeHasLeft() {
    Shigoto node = nodes.start(builder());
    Queue<JobEvent> heard = new ConcurrentLinkedQueue<>();
    Queue<String> ends = new ConcurrentLinkedQueue<>();
    node.events().doOnTerminate(() -> ends.add("before")).subscribe(heard::add);

    node.stop(LIMIT).block(LIMIT);
    node.events().doOnTerminate(() -> ends.add("after")).subscribe(heard::add);

    Await.until("it has left", LIMIT, () -> heard.stream().anyMatch(EventsIT::isTheEnd));
    assertThat(ends).isEmpty();
  }

  private static boolean isTheEnd(JobEvent event) {
    return event.kind() == Kind.NODE_LEFT;
  }

  private void run(Shigoto node) {
    node.enqueueAll(Flux.range(0, JOBS).map(i -> NewJob.of("work", Scripted.NOTHING)))
        .blockLast(LIMIT);
    told.await(Kind.COMPLETED, JOBS);
  }

  private ShigotoBuilder builder() {
    return Shigoto.builder(db.connectionFactory())
        .worker(new Scripted("work", job -> Mono.empty()))
        .queue("default", 50)
        .listener(told);
  }

  private static List<String> messages(LogCapture log, String part) {
    return log.messages(Level.WARN).stream().filter(message -> message.contains(part)).toList();
  }

  private static int count(List<JobEvent> claims, String queue) {
    return claims.stream()
        .filter(claim -> queue.equals(claim.queue()))
        .mapToInt(JobEvent::count)
        .sum();
  }

  private static void insert(String queue, int jobs) {
    db.sql(
        "INSERT INTO shigoto.jobs (queue, worker) SELECT $1, 'work' FROM generate_series(1, $2)",
        queue,
        jobs);
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static class Subscriber extends BaseSubscriber<JobEvent> {

    private final Queue<JobEvent> heard;
    private final long first;

    Subscriber(Queue<JobEvent> heard, long first) {
      this.heard = heard;
      this.first = first;
    }

    @Override
    protected void hookOnSubscribe(Subscription subscription) {
      if (first > 0) {
        subscription.request(first);
      }
    }

    @Override
    protected void hookOnNext(JobEvent event) {
      heard.add(event);
    }
  }
}
