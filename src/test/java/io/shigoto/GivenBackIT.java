package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.event.JobEvent.Kind;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.worker.JobContext;
import io.shigoto.worker.Outcome;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Function;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Mono;

/** What a stop without grace finds under way, whenever it comes, is free for the next node. */
class GivenBackIT {

  private static final int ROUNDS = 15;
  private static final int JOBS = 60;
  private static final int LONGEST_NANOS = 30_000_000;
  private static final int CONCURRENCY = 4;

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Told told = new Told();

  /** Some runs end at once, and some never. The next node polls once in an hour. */
  @RepeatedTest(ROUNDS)
  void whateverRanAtTheStopIsFreeAndTheNextNodeDoesAll() {
    db.sql(
        "INSERT INTO shigoto.jobs (queue, worker) SELECT 'default', 'limited' FROM generate_series(1, %d)"
            .formatted(JOBS));
    Shigoto first = nodes.start(node(job -> job.id() % 3 == 0 ? Mono.never() : Mono.empty()));
    Mono.delay(Duration.ofNanos(ThreadLocalRandom.current().nextInt(LONGEST_NANOS)))
        .then(Mono.defer(() -> first.stop(Duration.ZERO)))
        .block(LIMIT);

    assertThat(
            db.sql(
                "SELECT id, state::text AS state, attempt, owner::text AS owner FROM shigoto.jobs"
                    + " WHERE state <> 'available' OR attempt <> 0 OR owner IS NOT NULL"))
        .isEmpty();
    nodes.start(node(job -> Mono.empty()));
    told.await(Kind.COMPLETED, JOBS);
  }

  private ShigotoBuilder node(Function<JobContext<Map<String, Object>>, Mono<Outcome>> script) {
    return Shigoto.builder(db.connectionFactory())
        .pollInterval(Duration.ofHours(1))
        .listener(told)
        .worker(
            new Scripted("limited", script) {
              @Override
              public int concurrency() {
                return CONCURRENCY;
              }
            })
        .queue("default", 10);
  }
}
