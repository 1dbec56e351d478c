package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.batch.NewBatch;
import io.shigoto.broadcast.Message;
import io.shigoto.broadcast.Receiver;
import io.shigoto.control.LoadShedding;
import io.shigoto.event.JobEvent.Kind;
import io.shigoto.job.NewJob;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.support.TcpProxy;
import io.shigoto.worker.CircuitBreaker;
import io.shigoto.worker.JobContext;
import io.shigoto.worker.Outcome;
import io.shigoto.worker.RateLimit;
import io.shigoto.worker.Unique;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/** There is no kind of event that is never told: a node lives through all of them. */
class EventKindsIT {

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Told told = new Told();
  private final AtomicBoolean sick = new AtomicBoolean(true);
  private final Sinks.Empty<Void> end = Sinks.empty();
  private final Sinks.Empty<Void> free = Sinks.empty();
  private TcpProxy network;
  private Shigoto node;

  @BeforeEach
  void start() {
    network = nodes.network(db.options());
    node =
        nodes.start(
            Shigoto.builder(Nodes.through(network, db.options()))
                .lease(Duration.ofSeconds(3))
                .statementTimeout(Duration.ofSeconds(1))
                .worker(new Scripted("work", this::run))
                .worker(rated())
                .worker(bulkhead())
                .worker(broken())
                .receiver(Receiver.of("good", Integer.class, message -> Mono.empty()))
                .receiver(new Refusing())
                .queue("default", 20)
                .queue("narrow", 1)
                .shedding(LoadShedding.standard().window(Duration.ofMillis(100)))
                .listener(told));
    told.await(Kind.NODE_JOINED);
  }

  @Test
  void everyKindIsTold() {
    outcomes();
    whatOthersDo();
    limits();
    overload();
    messages();
    trouble();
    node.stop(Duration.ZERO).block(LIMIT);

    Set<Kind> silent = EnumSet.allOf(Kind.class);
    silent.removeIf(kind -> told.count(kind) > 0);
    assertThat(silent).as("kinds that were not told").isEmpty();
  }

  private void outcomes() {
    enqueue("done");
    told.await(Kind.COMPLETED);
    enqueue("fail");
    told.await(Kind.FAILED);
    enqueue("snooze");
    told.await(Kind.SNOOZED);
    enqueue("cancel");
    told.await(Kind.CANCELLED);
    enqueue("progress");
    told.await(Kind.PROGRESS);
    long discarded = enqueue("discard");
    told.await(Kind.DISCARDED);
    node.jobs().retry(discarded).block(LIMIT);
    told.await(Kind.DISCARDED, 2);
    node.jobs().delete(discarded).block(LIMIT);
    NewJob unique = job("snooze").unique(Unique.by(Unique.Field.WORKER));
    Flux.just(unique, unique).concatMap(node::enqueue).blockLast(LIMIT);
    told.await(Kind.CONFLICT);
    node.batches()
        .enqueue(NewBatch.of("work", Map.of("do", "done")), List.of(job("done")))
        .block(LIMIT);
    told.await(Kind.BATCH_COMPLETED);
  }

  private void whatOthersDo() {
    node.queues().pause("default").block(LIMIT);
    told.await(Kind.QUEUE_PAUSED);
    node.queues().resume("default").block(LIMIT);
    told.await(Kind.QUEUE_RESUMED);
    db.sql(
        """
        INSERT INTO shigoto.jobs (queue, worker, state, owner, lease, attempt, claimed_at)
        VALUES ('elsewhere', 'work', 'executing', gen_random_uuid(), 1, 1, now())
        """);
    told.await(Kind.RESCUED);
    int started = told.count(Kind.STARTED);
    long superseded = enqueue("wait");
    told.await(Kind.STARTED, started + 1);
    db.sql("UPDATE shigoto.jobs SET lease = lease + 1 WHERE id = $1", superseded);
    end.tryEmitEmpty();
    told.await(Kind.SUPERSEDED);
    db.sql("DELETE FROM shigoto.jobs WHERE id = $1", superseded);
  }

  private void limits() {
    for (String worker : List.of("rated", "bulkhead", "broken")) {
      node.enqueueAll(Flux.range(0, 30).map(i -> NewJob.of(worker, Scripted.NOTHING)))
          .blockLast(LIMIT);
    }
    told.await(Kind.RATE_LIMITED);
    told.await(Kind.BULKHEAD_FULL);
    told.await(Kind.CIRCUIT_OPENED);
    sick.set(false);
    told.await(Kind.CIRCUIT_CLOSED);
  }

  /**
   * The urgent jobs come when a run has begun that keeps the only slot, and have waited an hour.
   * They go on for many windows: what is over before a window ends makes no trouble.
   */
  private void overload() {
    int started = told.count(Kind.STARTED);
    node.enqueue(job("hold").queue("narrow")).block(LIMIT);
    told.await(Kind.STARTED, started + 1);
    NewJob urgent =
        job("slow")
            .queue("narrow")
            .priority(10)
            .scheduledAt(Instant.now().minus(Duration.ofHours(1)));
    node.enqueueAll(Flux.just(urgent).repeat(99)).blockLast(LIMIT);
    free.tryEmitEmpty();
    told.await(Kind.LOAD_SHED);
  }

  private void messages() {
    node.broadcasts().publish("good", 1).block(LIMIT);
    told.await(Kind.BROADCAST_PUBLISHED);
    told.await(Kind.BROADCAST_HANDLED);
    node.broadcasts().publish("refused", 1).block(LIMIT);
    told.await(Kind.BROADCAST_FAILED);
    told.await(Kind.BROADCAST_GIVEN_UP);
  }

  /** It is cut off for as long as its lease lasts, and comes back; then it is stopped in a run. */
  private void trouble() {
    Await.until(
        "it has a lease",
        LIMIT,
        () -> told.count(Kind.NODE_JOINED) > told.count(Kind.NODE_LOST_LEASE));
    int joined = told.count(Kind.NODE_JOINED);
    int lost = told.count(Kind.NODE_LOST_LEASE);
    network.cut();
    told.await(Kind.DATABASE_LOST);
    told.await(Kind.NODE_LOST_LEASE, lost + 1);
    network.restore();
    told.await(Kind.DATABASE_BACK);
    told.await(Kind.NODE_JOINED, joined + 1);
    int started = told.count(Kind.STARTED);
    nodes.build(Shigoto.builder(db.connectionFactory())).enqueue(job("for ever")).block(LIMIT);
    told.await(Kind.STARTED, started + 1);
  }

  private Mono<Outcome> run(JobContext<Map<String, Object>> job) {
    return switch (String.valueOf(job.args().get("do"))) {
      case "fail" -> job.attempt() == 1 ? Mono.error(new IllegalStateException()) : Mono.empty();
      case "snooze" -> Mono.just(Outcome.snooze(Duration.ofHours(1)));
      case "cancel" -> Mono.just(Outcome.cancel("no"));
      case "discard" -> Mono.just(Outcome.discard("no"));
      case "progress" -> job.progress(50).thenReturn(Outcome.done());
      case "wait" -> end.asMono().thenReturn(Outcome.done());
      case "hold" -> free.asMono().thenReturn(Outcome.done());
      case "slow" -> Mono.delay(Duration.ofMillis(20)).thenReturn(Outcome.done());
      case "for ever" -> Mono.never();
      default -> Mono.empty();
    };
  }

  private long enqueue(String what) {
    return node.enqueue(job(what)).block(LIMIT).id();
  }

  private static NewJob job(String what) {
    return NewJob.of("work", Map.of("do", what));
  }

  private static Scripted rated() {
    return new Scripted("rated", job -> Mono.empty()) {
      @Override
      public RateLimit rateLimit() {
        return RateLimit.of(3, Duration.ofHours(1));
      }
    };
  }

  private static Scripted bulkhead() {
    return new Scripted("bulkhead", job -> Mono.delay(Duration.ofMillis(1)).then(Mono.empty())) {
      @Override
      public int concurrency() {
        return 1;
      }
    };
  }

  private Scripted broken() {
    return new Scripted(
        "broken",
        job -> sick.get() ? Mono.error(new IllegalStateException()) : Mono.just(Outcome.done())) {
      @Override
      public CircuitBreaker circuitBreaker() {
        return CircuitBreaker.standard().window(10).open(Duration.ofMillis(200)).probes(1);
      }
    };
  }

  private static final class Refusing implements Receiver<Integer> {

    @Override
    public String topic() {
      return "refused";
    }

    @Override
    public Mono<Void> receive(Message<Integer> message) {
      return Mono.error(new IllegalStateException());
    }

    @Override
    public int maxAttempts() {
      return 2;
    }

    @Override
    public Duration backoff(int attempt, Throwable error) {
      return Duration.ofMillis(10);
    }
  }
}
