package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import io.shigoto.event.JobEvent;
import io.shigoto.job.NewJob;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.support.LogCapture;
import io.shigoto.worker.Outcome;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/**
 * Something fails in the node itself that nobody expects to fail: here its clock does, once, where
 * a queue looks at it.
 */
class BrokenNodeIT {

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private static final String SAYS =
      "something failed unexpectedly, all runs are cancelled and the node begins anew";

  private static final NewJob PAIR = NewJob.of("pair", Scripted.NOTHING);

  private final AtomicInteger begun = new AtomicInteger();
  private final Sinks.Empty<Void> both = Sinks.empty();
  private final Told told = new Told();
  private final AtomicReference<String> breaksIn = new AtomicReference<>("");

  @ParameterizedTest
  @ValueSource(strings = {"QueuePipeline", "Claims"})
  void aNodeThatBrokeSaysSoAndBeginsAnew(String where) {
    db.sql("TRUNCATE shigoto.jobs, shigoto.job_history");
    Sinks.Empty<Void> end = Sinks.empty();
    Shigoto node =
        nodes.start(
            Shigoto.builder(db.connectionFactory())
                .lease(Duration.ofSeconds(10))
                .worker(new Scripted("long", job -> end.asMono().thenReturn(Outcome.done())))
                .worker(new Scripted("work", job -> Mono.empty()))
                .worker(new Scripted("pair", job -> pair()))
                .concurrency(2)
                .queue("default", 10)
                .queue("other", 10)
                .listener(told),
            this::now);
    node.enqueue(NewJob.of("long", Scripted.NOTHING).queue("other")).block(LIMIT);
    told.await(JobEvent.Kind.STARTED);

    try (LogCapture log = LogCapture.start()) {
      breaksIn.set(where);
      node.enqueueAll(Flux.just(work(), work(), work())).blockLast(LIMIT);
      Await.until("it says so", LIMIT, () -> log.messages(Level.ERROR).contains(SAYS));
    }
    told.await(JobEvent.Kind.NODE_LEFT, 1);
    told.await(JobEvent.Kind.NODE_JOINED, told.count(JobEvent.Kind.NODE_LEFT) + 1);
    end.tryEmitEmpty();
    told.await(JobEvent.Kind.COMPLETED, 4);
    Await.until("it is up", LIMIT, () -> status(node) == Health.Status.UP);
    assertThat(told.count(JobEvent.Kind.RELEASED) + told.count(JobEvent.Kind.RESCUED)).isPositive();
    assertThat(db.number("SELECT count(*) FROM shigoto.jobs")).isZero();
    assertThat(node.health().block(LIMIT).runsHeld()).isZero();
    node.enqueueAll(Flux.just(PAIR, PAIR.queue("other"))).blockLast(LIMIT);
    told.await(JobEvent.Kind.COMPLETED, 6);
  }

  /** They end when both have begun: none of the slots that the node has was lost. */
  private Mono<Outcome> pair() {
    if (begun.incrementAndGet() == 2) {
      both.tryEmitEmpty();
    }
    return both.asMono().thenReturn(Outcome.done());
  }

  private static NewJob work() {
    return NewJob.of("work", Scripted.NOTHING);
  }

  private static Health.Status status(Shigoto node) {
    return node.health().block(LIMIT).status();
  }

  private long now() {
    String where = breaksIn.get();
    if (!where.isEmpty()
        && new Throwable().getStackTrace()[1].getClassName().endsWith("." + where)
        && breaksIn.compareAndSet(where, "")) {
      throw new IllegalStateException("broken");
    }
    return System.nanoTime();
  }
}
