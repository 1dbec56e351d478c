package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.control.Reason;
import io.shigoto.job.JobState;
import io.shigoto.job.NewJob;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.worker.Outcome;
import io.shigoto.worker.RateLimit;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/** Nodes and jobs whose explanations are looked at. */
abstract class Explained {

  static final RateLimit ONE = RateLimit.of(1, Duration.ofHours(1));

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  final Sinks.Empty<Outcome> gate = Sinks.empty();
  final AtomicInteger running = new AtomicInteger();

  @AfterEach
  void open() {
    gate.tryEmitEmpty();
  }

  static Scripted slow() {
    return paced("slow", ONE);
  }

  static Scripted paced(String name, RateLimit limit) {
    return new Scripted(name, job -> Mono.empty()) {
      @Override
      public RateLimit rateLimit() {
        return limit;
      }
    };
  }

  /** A worker that holds its jobs, one at a time. */
  Scripted one(String name, String of) {
    return new Scripted(name, this::hold) {
      @Override
      public int globalConcurrency() {
        return of.equals("global") ? 1 : UNLIMITED;
      }

      @Override
      public int partitionConcurrency() {
        return of.equals("partition") ? 1 : UNLIMITED;
      }
    };
  }

  static void insertIdleNode(String worker) {
    db.sql(
        "INSERT INTO shigoto.nodes (id, name, lease_until, queues, workers) VALUES"
            + " (gen_random_uuid(), 'idle', now() + interval '1 hour', '{default}', ARRAY[$1])",
        worker);
  }

  Shigoto start(String name, Consumer<ShigotoBuilder> more) {
    ShigotoBuilder builder =
        Shigoto.builder(db.connectionFactory())
            .name(name)
            .lease(Duration.ofSeconds(10))
            .worker(worker("done"))
            .worker(new Scripted("hold", this::hold))
            .worker(
                new Scripted("fail", job -> Mono.just(Outcome.failed("no"))) {
                  @Override
                  public Duration backoff(int attempt, Throwable error) {
                    return Duration.ofHours(1);
                  }
                })
            .worker(new Scripted("snooze", job -> Mono.just(Outcome.snooze(Duration.ofHours(1)))))
            .queue("default", 2);
    more.accept(builder);
    return nodes.start(builder);
  }

  static Scripted worker(String name) {
    return new Scripted(name, job -> Mono.empty());
  }

  Mono<Outcome> hold(Object job) {
    return gate.asMono()
        .doOnSubscribe(subscription -> running.incrementAndGet())
        .defaultIfEmpty(Outcome.done());
  }

  static NewJob job(String worker) {
    return NewJob.of(worker, Scripted.NOTHING);
  }

  static long enqueue(Shigoto node, NewJob job) {
    return node.enqueue(job).block(LIMIT).id();
  }

  void awaitRunning(int jobs) {
    Await.until(jobs + " run", LIMIT, () -> running.get() >= jobs);
  }

  static void awaitState(Shigoto node, long id, JobState state) {
    Await.until(LIMIT, () -> node.jobs().find(id).block(LIMIT).state() == state);
  }

  static void awaitTold(String what, String worker) {
    Await.until(
        LIMIT,
        () ->
            db.number(
                    "SELECT count(*) FROM shigoto.nodes WHERE jsonb_exists(state -> $1, $2)",
                    what,
                    worker)
                == 1);
  }

  static boolean has(Shigoto node, long id, Class<? extends Reason> reason) {
    return node.jobs().explain(id).block(LIMIT).has(reason);
  }

  static <R extends Reason> R only(Shigoto node, long id, Class<R> type) {
    List<Reason> reasons = node.jobs().explain(id).block(LIMIT).reasons();
    assertThat(reasons).singleElement().isInstanceOf(type);
    return type.cast(reasons.get(0));
  }
}
