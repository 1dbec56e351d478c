package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static io.shigoto.Scripted.NOTHING;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import io.r2dbc.spi.Connection;
import io.shigoto.event.JobEvent.Kind;
import io.shigoto.job.JobState;
import io.shigoto.job.NewJob;
import io.shigoto.job.Receipt;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.support.LogCapture;
import io.shigoto.support.TcpProxy;
import io.shigoto.worker.JobContext;
import io.shigoto.worker.JobError;
import io.shigoto.worker.Outcome;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/** Somebody holds the row of a job that runs, such as in psql: nobody else waits for him. */
class HeldRowIT {

  private static final int JOBS = 20;

  private static final String DISCARD =
      """
      WITH gone AS (DELETE FROM shigoto.jobs WHERE id = %d RETURNING *)
      INSERT INTO shigoto.job_history
             (id, lease, scheduled_at, inserted_at, claimed_at, finished_at, state, attempt,
              max_attempts, priority, queue, worker, args, tags, errors)
      SELECT id, lease, scheduled_at, inserted_at, claimed_at, now(), 'discarded', attempt,
             max_attempts, priority, queue, worker, args, tags, errors
        FROM gone
      RETURNING id
      """;

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Sinks.Empty<Outcome> end = Sinks.empty();
  private final Told told = new Told();

  /** They have all ended before the first is written. */
  @ParameterizedTest
  @CsvSource({
    "COMPLETED, true",
    "COMPLETED, false",
    "DISCARDED, true",
    "DISCARDED, false",
    "FAILED, true"
  })
  void theOthersThatEndTogetherWithItAreWritten(Kind kind, boolean listens) {
    try (LogCapture log = LogCapture.start()) {
      Shigoto node = start(kind, listens);
      List<Long> ids =
          node.enqueueAll(Flux.range(0, JOBS).map(i -> NewJob.of("work", NOTHING)))
              .map(Receipt::id)
              .collectList()
              .block(LIMIT);
      told.await(Kind.STARTED, JOBS);
      long held = ids.get(JOBS / 2);

      RowLock.held(
          db.connectionFactory(),
          held,
          () -> {
            end.tryEmitEmpty();
            told.await(kind, JOBS - 1);
            node.enqueue(NewJob.of("work", NOTHING)).block(LIMIT);
            told.await(kind, JOBS);
            assertThat(node.jobs().find(held).block(LIMIT).state()).isEqualTo(JobState.EXECUTING);
            assertNobodyKeepsWaiting();
            return held;
          });

      told.await(kind, JOBS + 1);
      Await.until(
          LIMIT,
          () -> db.number("SELECT count(*) FROM shigoto.jobs WHERE state = 'executing'") == 0);
      assertThat(told.count(Kind.SUPERSEDED)).isZero();
      assertThat(log.lines(Level.WARN)).noneMatch(line -> line.contains("what=settle"));
    }
  }

  /** A try whose answer was lost may still hold the row when the next one comes. */
  @Test
  void whatAnEarlierTryWritesMeanwhileIsNotTakenForLost() {
    AtomicInteger discards = new AtomicInteger();
    TcpProxy network = nodes.network(db.options());
    Shigoto node =
        nodes.start(
            Shigoto.builder(Nodes.through(network, db.options()))
                .worker(new ToldOfDiscards(end.asMono(), discards))
                .queue("default", 1)
                .listener(told));
    long id = node.enqueue(NewJob.of("work", NOTHING)).block(LIMIT).id();
    told.await(Kind.STARTED);
    Connection earlier = Open.begin(db.connectionFactory());
    Open.run(earlier, "SELECT id FROM shigoto.jobs WHERE id = %d FOR UPDATE".formatted(id));
    AtomicBoolean tried = new AtomicBoolean();
    network.onStatement(
        "WITH patience AS",
        link -> {
          link.cut();
          tried.set(true);
        });
    end.tryEmitEmpty();
    Await.until("nobody hears of the first", LIMIT, tried::get);
    Await.until("it is tried again", LIMIT, () -> Open.kept(db) == 1);
    Await.until("it is set aside", LIMIT, () -> Open.kept(db) == 0);

    Open.run(earlier, DISCARD.formatted(id));
    Open.end(earlier, true);

    told.await(Kind.DISCARDED);
    Await.until("it was told", LIMIT, () -> discards.get() == 1);
    assertThat(told.count(Kind.SUPERSEDED)).isZero();
    assertThat(node.health().block(LIMIT).outcomesWaiting()).isZero();
  }

  /** Whoever has a row and settles it is told of; whoever was kept waiting by him is not. */
  @Test
  void whatSomebodyElseWritesMeanwhileIsNotTakenForItsOwn() {
    Shigoto node = start(Kind.DISCARDED, true);
    long id = node.enqueue(NewJob.of("work", NOTHING)).block(LIMIT).id();
    told.await(Kind.STARTED);
    Connection other = Open.begin(db.connectionFactory());
    Open.run(other, "SELECT id FROM shigoto.jobs WHERE id = %d FOR UPDATE".formatted(id));
    end.tryEmitEmpty();
    Await.until("it is tried", LIMIT, () -> Open.kept(db) == 1);
    Await.until("it is set aside", LIMIT, () -> Open.kept(db) == 0);

    Open.run(other, DISCARD.formatted(id));
    Open.end(other, true);

    told.await(Kind.SUPERSEDED);
    assertThat(told.count(Kind.DISCARDED)).isZero();
  }

  /** Whoever did would fill the log of the server, once for each time that it waited in vain. */
  private static void assertNobodyKeepsWaiting() {
    Await.until("it is set aside", LIMIT, () -> Open.kept(db) == 0);
    for (int i = 0; i < 50; i++) {
      assertThat(Open.kept(db)).isZero();
    }
  }

  private Shigoto start(Kind kind, boolean listens) {
    ShigotoBuilder builder =
        Shigoto.builder(db.connectionFactory())
            .worker(new Trusted("work", job -> end.asMono().thenReturn(outcome(kind, job))))
            .queue("default", 2 * JOBS)
            .statementTimeout(Duration.ofMinutes(5))
            .listener(told);
    return nodes.start(listens ? builder : builder.pollOnly());
  }

  private static Outcome outcome(Kind kind, JobContext<?> job) {
    return switch (kind) {
      case COMPLETED -> Outcome.done();
      case DISCARDED -> Outcome.discard("no");
      default -> job.attempt() == 1 ? Outcome.failed("not yet") : Outcome.done();
    };
  }

  private static final class ToldOfDiscards extends Scripted {

    private final AtomicInteger discards;

    ToldOfDiscards(Mono<Outcome> end, AtomicInteger discards) {
      super("work", job -> end.thenReturn(Outcome.discard("no")));
      this.discards = discards;
    }

    @Override
    public Mono<Void> onDiscard(JobContext<Map<String, Object>> job, List<JobError> errors) {
      return Mono.fromRunnable(discards::incrementAndGet);
    }
  }
}
