package io.shigoto;

import static org.assertj.core.api.Assertions.assertThat;

import io.r2dbc.spi.Connection;
import io.r2dbc.spi.ConnectionFactory;
import io.r2dbc.spi.IsolationLevel;
import io.shigoto.job.IfNotCompleted;
import io.shigoto.job.NewJob;
import io.shigoto.job.Receipt;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.worker.JobContext;
import io.shigoto.worker.Outcome;
import java.time.Duration;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Jobs that begin to wait for others at the moment at which those end. No poll makes up for what is
 * missed.
 */
class DependencyRacesIT {

  private static final int ROUNDS = 5_000;

  /** On a slow machine there are fewer rounds, but so many at least, however long they take. */
  private static final int LEAST = 2_000;

  private static final Duration ENOUGH = Duration.ofSeconds(15);

  private static final Duration LIMIT = Duration.ofSeconds(120);

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final ConnectionFactory connections = db.connectionFactory();
  private final Queue<Long> early = new ConcurrentLinkedQueue<>();

  private Shigoto caller;

  @Test
  void noEndIsMissedAndNobodyIsEarly() {
    caller = nodes.build(builder());
    for (String name : new String[] {"a", "b"}) {
      nodes.start(
          builder()
              .name(name)
              .worker(new Scripted("parent", this::parent))
              .worker(new Scripted("child", this::child))
              .queue("default", 20));
    }
    long began = System.nanoTime();
    Long children =
        Flux.range(0, ROUNDS)
            .takeWhile(i -> i < LEAST || System.nanoTime() - began < ENOUGH.toNanos())
            .flatMap(this::round, 30)
            .count()
            .block(LIMIT);
    Await.until("all have ended", LIMIT, () -> db.number("SELECT count(*) FROM shigoto.jobs") == 0);

    assertThat(early).isEmpty();
    assertThat(children).isGreaterThanOrEqualTo(LEAST);
    assertThat(
            db.number("SELECT count(DISTINCT id) FROM shigoto.job_history WHERE worker = 'child'"))
        .isEqualTo(children);
    assertThat(
            db.number(
                """
                SELECT count(*)
                  FROM shigoto.job_history AS child
                  JOIN shigoto.job_history AS parent ON parent.id = child.depends_on[1]
                 WHERE child.state::text <> CASE WHEN parent.state = 'completed' THEN 'completed'
                                                 ELSE child.meta ->> 'then' END
                """))
        .isZero();
    assertThat(db.number("SELECT count(*) FROM shigoto.dependencies")).isZero();
    Await.until(LIMIT, () -> db.number("SELECT count(*) FROM shigoto.loose_ends") == 0);
  }

  private Mono<Receipt> round(int i) {
    Map<String, Object> args = Map.of("completes", i % 3 != 0);
    return caller
        .enqueue(NewJob.of("parent", args).maxAttempts(1))
        .delayUntil(parent -> Mono.delay(upTo(6)))
        .flatMap(
            parent -> {
              NewJob child = child(i, parent.id());
              return i % 4 == 0 ? inTransaction(child, i) : caller.enqueue(child);
            });
  }

  private static NewJob child(int i, long parent) {
    NewJob child = NewJob.of("child", Map.of("parent", parent)).dependsOn(parent);
    return switch (i % 5) {
      case 0 -> child.ifNotCompleted(IfNotCompleted.CANCEL).meta(Map.of("then", "cancelled"));
      case 1 -> child.ifNotCompleted(IfNotCompleted.DISCARD).meta(Map.of("then", "discarded"));
      default -> child.meta(Map.of("then", "completed"));
    };
  }

  private Mono<Receipt> inTransaction(NewJob job, int i) {
    IsolationLevel level =
        i % 8 == 0 ? IsolationLevel.READ_COMMITTED : IsolationLevel.REPEATABLE_READ;
    return Mono.usingWhen(
        connections.create(),
        connection ->
            Mono.from(connection.beginTransaction(level))
                .then(caller.enqueue(job, connection))
                .delayUntil(written -> Mono.delay(upTo(3)))
                .delayUntil(written -> connection.commitTransaction()),
        Connection::close);
  }

  private Mono<Outcome> parent(JobContext<Map<String, Object>> job) {
    return Mono.delay(upTo(4))
        .map(
            waited ->
                Boolean.TRUE.equals(job.args().get("completes"))
                    ? Outcome.done()
                    : job.id() % 2 == 0 ? Outcome.discard("no") : Outcome.failed("no"));
  }

  /** What counts is that its parent's end is committed, not that its run is over. */
  private Mono<Outcome> child(JobContext<Map<String, Object>> job) {
    return caller
        .jobs()
        .find(((Number) job.args().get("parent")).longValue())
        .filter(parent -> !parent.state().isTerminal())
        .doOnNext(parent -> early.add(job.id()))
        .then(Mono.empty());
  }

  private static Duration upTo(int millis) {
    return Duration.ofNanos(ThreadLocalRandom.current().nextLong(millis * 1_000_000L));
  }

  private static ShigotoBuilder builder() {
    return Shigoto.builder(db.connectionFactory()).pollInterval(Duration.ofHours(1));
  }
}
