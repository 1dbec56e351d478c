package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.event.JobEvent;
import io.shigoto.job.NewJob;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.support.TcpProxy;
import io.shigoto.worker.JobContext;
import io.shigoto.worker.Outcome;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * A node that vanishes while jobs wait in it that it has claimed ahead. A claim is an attempt: the
 * database cannot tell which of them had been started.
 */
class LostAheadIT {

  private static final int AHEAD = 10;
  private static final int SLOTS = 2;

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Set<Long> started = ConcurrentHashMap.newKeySet();
  private final AtomicInteger claimed = new AtomicInteger();
  private final AtomicInteger held = new AtomicInteger();
  private TcpProxy network;

  @BeforeEach
  void aNodeThatClaimsAheadAndIsCutOff() {
    network = nodes.network(db.options());
    network.delay(Duration.ofMillis(20));
    nodes
        .build(Shigoto.builder(db.connectionFactory()))
        .enqueueAll(
            Flux.range(0, 3_000)
                .map(i -> NewJob.of("work", Scripted.NOTHING).maxAttempts(1 + i % 2)))
        .blockLast(LIMIT);
    nodes.start(
        Shigoto.builder(Nodes.through(network, db.options()))
            .lease(Duration.ofSeconds(2))
            .statementTimeout(Duration.ofSeconds(1))
            .worker(new Scripted("work", this::run))
            .queue("default", SLOTS)
            .listener(event -> claimed.addAndGet(event.kind() == JobEvent.Kind.CLAIMED ? 1 : 0)));
    Await.until("all slots are held", LIMIT, () -> held.get() >= SLOTS);
  }

  /** Short until enough is claimed ahead; then the slots are held, and at once the network goes. */
  private Mono<Outcome> run(JobContext<Map<String, Object>> job) {
    started.add(job.id());
    if (held.get() == 0 && claimed.get() - started.size() < AHEAD) {
      return Mono.empty();
    }
    if (held.incrementAndGet() == SLOTS) {
      network.cut();
    }
    return Mono.never();
  }

  @Test
  void whatItHadClaimedCountsAsAnAttemptWhetherItHadBeenStartedOrNot() {
    List<Long> lost = ids("SELECT id FROM shigoto.jobs WHERE state = 'executing'");
    assertThat(lost).as("some were started").anyMatch(started::contains);
    assertThat(lost).as("some were not").anyMatch(id -> !started.contains(id));

    nodes.start(
        Shigoto.builder(db.connectionFactory())
            .lease(Duration.ofSeconds(2))
            .worker(new Scripted("other", job -> Mono.empty()))
            .queue("other", 1));
    Await.until("all are rescued", LIMIT, () -> executing() == 0);

    Long[] all = lost.toArray(Long[]::new);
    assertThat(
            db.number(
                """
                SELECT count(*)
                  FROM shigoto.all_jobs
                 WHERE id = ANY ($1)
                   AND attempt = 1
                   AND errors->0->>'type' = 'NodeLost'
                   AND (state = 'discarded') = (max_attempts = 1)
                """,
                (Object) all))
        .isEqualTo(all.length);
    assertThat(
            db.number(
                "SELECT count(*) FROM shigoto.job_history WHERE state = 'discarded' AND id <> ALL ($1)",
                (Object) started.toArray(Long[]::new)))
        .as("discarded, and never started")
        .isPositive();
  }

  private static long executing() {
    return db.number("SELECT count(*) FROM shigoto.jobs WHERE state = 'executing'");
  }

  private static List<Long> ids(String sql) {
    return db.sql(sql).stream().map(row -> (Long) row.get("id")).toList();
  }
}
