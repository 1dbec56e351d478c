package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import io.shigoto.event.JobEvent;
import io.shigoto.job.NewJob;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.support.LogCapture;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/** Something fails in the node itself, outside of all that it expects to fail. */
class BrokenNodeIT {

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Told told = new Told();

  @Test
  void aNodeThatBrokeSaysSoAndBeginsAnew() {
    AtomicBoolean broken = new AtomicBoolean();
    Shigoto node =
        nodes.start(
            Shigoto.builder(db.connectionFactory())
                .workerScheduler(new Breaking(broken))
                .worker(new Scripted("work", job -> Mono.empty()))
                .queue("default", 10)
                .queue("other", 10)
                .listener(told));
    Shigoto enqueuer = nodes.build(Shigoto.builder(db.connectionFactory()));

    try (LogCapture log = LogCapture.start()) {
      broken.set(true);
      enqueuer
          .enqueueAll(Flux.range(0, 5).map(i -> NewJob.of("work", Scripted.NOTHING)))
          .blockLast(LIMIT);
      told.await(JobEvent.Kind.NODE_LEFT);
      broken.set(false);

      assertThat(log.messages(Level.ERROR))
          .contains(
              "something failed unexpectedly, all runs are cancelled and the node begins anew");
    }
    told.await(JobEvent.Kind.NODE_JOINED, 2);
    told.await(JobEvent.Kind.COMPLETED, 5);
    Await.until("it is up", LIMIT, () -> node.health().block(LIMIT).status() == Health.Status.UP);
    assertThat(db.number("SELECT count(*) FROM shigoto.jobs")).isZero();
  }

  static Stream<Duration> longGraces() {
    return Stream.of(ChronoUnit.FOREVER.getDuration(), Duration.ofDays(365_000));
  }

  @ParameterizedTest
  @MethodSource("longGraces")
  void aVeryLongGraceIsNoLimit(Duration grace) {
    Shigoto node =
        nodes.start(
            Shigoto.builder(db.connectionFactory())
                .worker(new Scripted("work", job -> Mono.empty()))
                .queue("default", 10));

    node.queues().remove("default", grace).block(LIMIT);
    node.stop(grace).block(LIMIT);
    node.stop(Duration.ZERO).block(LIMIT);

    assertThat(node.health().block(LIMIT).phase()).isEqualTo(Health.Phase.STOPPED);
  }

  /** Breaks where no scheduler may. */
  private record Breaking(AtomicBoolean broken) implements Scheduler {

    @Override
    public Disposable schedule(Runnable task) {
      return Schedulers.boundedElastic().schedule(task);
    }

    @Override
    public Worker createWorker() {
      if (broken.get()) {
        throw new IllegalStateException("broken");
      }
      return Schedulers.boundedElastic().createWorker();
    }
  }
}
