package io.shigoto.docs;

import static org.assertj.core.api.Assertions.assertThat;

import io.r2dbc.spi.ConnectionFactory;
import io.shigoto.Schemas;
import io.shigoto.Shigoto;
import io.shigoto.job.Job;
import io.shigoto.job.JobState;
import io.shigoto.job.NewJob;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.worker.JobContext;
import io.shigoto.worker.JobError;
import io.shigoto.worker.Middleware;
import io.shigoto.worker.Outcome;
import io.shigoto.worker.ReactiveWorker;
import io.shigoto.worker.Worker;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Mono;
import reactor.util.context.Context;

/** The code of docs/middleware.md. */
class AroundARunIT {

  private static final Duration LIMIT = Duration.ofSeconds(20);

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  private final ReactiveWorker<Integer> worker =
      Worker.of("count", Integer.class, job -> Mono.just(Outcome.done()));

  @Test
  void middlewareIsAroundEveryRun() {
    ConnectionFactory factory = db.connectionFactory();
    Counted counted = new Counted();
    AtomicInteger asked = new AtomicInteger();
    Switches switches = name -> asked.incrementAndGet() > 1;
    // shown
    Shigoto shigoto =
        Shigoto.builder(factory)
            .middleware(counted)
            .middleware(
                (job, next) ->
                    switches.isOn(job.worker())
                        ? next.run()
                        : Mono.just(Outcome.snooze(Duration.ofMinutes(10))))
            .worker(worker)
            .queue("default", 10)
            .build();
    // end
    shigoto.start().block(LIMIT);
    Job snoozed = run(shigoto, NewJob.of("count", 1));
    Job done = run(shigoto, NewJob.of("count", 2));
    shigoto.stop(Duration.ZERO).block(LIMIT);

    assertThat(snoozed.state()).isEqualTo(JobState.SCHEDULED);
    assertThat(done.state()).isEqualTo(JobState.COMPLETED);
    assertThat(counted.ends).containsOnlyKeys("count Snooze", "count Done");
  }

  @Test
  void aWorkerHasItsOwnMiddleware() {
    Shaky shaky = new Shaky();
    // shown
    Middleware tenant =
        (job, next) -> next.run().contextWrite(Context.of("tenant", job.partitionKey()));
    // end
    Shigoto shigoto =
        Shigoto.builder(db.connectionFactory())
            .middleware(tenant)
            .worker(shaky)
            .queue("default", 1)
            .build();
    shigoto.start().block(LIMIT);
    Job job = run(shigoto, NewJob.of(Shaky.class, 1).partitionKey("acme"));
    shigoto.stop(Duration.ZERO).block(LIMIT);

    assertThat(job.result()).isEqualTo("\"acme\"");
    assertThat(job.attempt()).isEqualTo(1);
    assertThat(shaky.calls).hasValue(3);
  }

  @Test
  void theWorkerIsToldOfADiscardedJob() {
    Queue<String> opened = new ConcurrentLinkedQueue<>();
    Shigoto shigoto =
        Shigoto.builder(db.connectionFactory())
            .worker(new SendOrder(text -> Mono.fromRunnable(() -> opened.add(text))))
            .queue("default", 1)
            .build();
    shigoto.start().block(LIMIT);
    run(shigoto, NewJob.of(SendOrder.class, new Order(7)).maxAttempts(1));
    shigoto.stop(LIMIT).block(LIMIT);

    assertThat(opened).containsExactly("Order 7 was not sent: no such address");
  }

  private static Job run(Shigoto shigoto, NewJob job) {
    long id = shigoto.enqueue(job).block(LIMIT).id();
    Await.until(
        LIMIT,
        () ->
            db.number(
                    "SELECT count(*) FROM shigoto.all_jobs WHERE id = $1 AND lease = 1 AND owner IS NULL",
                    id)
                == 1);
    return shigoto.jobs().find(id).block(LIMIT);
  }

  interface Switches {
    boolean isOn(String worker);
  }

  // shown
  static final class Counted implements Middleware {

    private final Map<String, LongAdder> ends = new ConcurrentHashMap<>();

    @Override
    public Mono<Outcome> handle(JobContext<?> job, Next next) {
      return next.run()
          .doOnNext(outcome -> count(job, outcome.getClass().getSimpleName()))
          .doOnError(error -> count(job, error.getClass().getSimpleName()));
    }

    private void count(JobContext<?> job, String end) {
      ends.computeIfAbsent(job.worker() + " " + end, key -> new LongAdder()).increment();
    }
  }

  // end

  static final class Shaky implements ReactiveWorker<Integer> {

    private final AtomicInteger calls = new AtomicInteger();

    @Override
    public Mono<Outcome> perform(JobContext<Integer> job) {
      return Mono.deferContextual(
          context ->
              calls.incrementAndGet() < 3
                  ? Mono.error(new IllegalStateException("not yet"))
                  : Mono.just(Outcome.done(context.get("tenant"))));
    }

    // shown
    @Override
    public List<Middleware> middleware() {
      return List.of((job, next) -> next.run().retry(2));
    }
    // end
  }

  record Order(int number) {}

  interface Desk {
    Mono<Void> open(String text);
  }

  static final class SendOrder implements ReactiveWorker<Order> {

    private final Desk desk;

    SendOrder(Desk desk) {
      this.desk = desk;
    }

    @Override
    public Mono<Outcome> perform(JobContext<Order> job) {
      return Mono.just(Outcome.failed("no such address"));
    }

    // shown
    @Override
    public Mono<Void> onDiscard(JobContext<Order> job, List<JobError> errors) {
      JobError last = errors.get(errors.size() - 1);
      return desk.open("Order %d was not sent: %s".formatted(job.args().number(), last.message()));
    }
    // end
  }
}
