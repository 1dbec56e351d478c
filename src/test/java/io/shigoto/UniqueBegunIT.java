package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static io.shigoto.worker.Unique.Field.WORKER;
import static org.assertj.core.api.Assertions.assertThat;

import io.r2dbc.spi.Connection;
import io.shigoto.event.JobEvent;
import io.shigoto.job.NewJob;
import io.shigoto.job.Receipt;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.worker.JobContext;
import io.shigoto.worker.Outcome;
import io.shigoto.worker.Unique;
import io.shigoto.worker.Unique.Replace;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** A job may be changed by the next one of its key until a run of it has begun, not before. */
class UniqueBegunIT {

  private static final int JOBS = 4_000;
  private static final Duration HOUR = Duration.ofHours(1);
  private static final Unique NEWEST = Unique.by(WORKER).argsKeys("n").replace(Replace.ARGS);

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Told told = new Told();
  private final Set<Long> begun = ConcurrentHashMap.newKeySet();

  /** Some were claimed ahead of a run that goes on and on. */
  @ParameterizedTest
  @ValueSource(strings = {"pause", "stop"})
  void whatWasClaimedAheadAndGivenBackHasNotBegun(String why) {
    Shigoto caller = nodes.build(Shigoto.builder(db.connectionFactory()));
    caller.queues().resume(why).block(LIMIT);
    caller
        .enqueueAll(Flux.range(0, JOBS).map(n -> job(n, "old").queue(why).unique(NEWEST)))
        .blockLast(LIMIT);
    Shigoto node =
        nodes.start(
            Shigoto.builder(db.connectionFactory())
                .worker(new Scripted("work", this::fastThenForEver))
                .queue(why, 1));
    Await.until("a run goes on and on", LIMIT, () -> begun.size() == JOBS / 4);
    if (why.equals("pause")) {
      caller.queues().pause(why).block(LIMIT);
      Await.until("one is held", LIMIT, () -> node.health().block(LIMIT).runsHeld() == 1);
    } else {
      node.stop(Duration.ZERO).block(LIMIT);
    }

    List<Map<String, Object>> back =
        db.sql(
            "SELECT id, (args ->> 'n')::integer AS n FROM shigoto.jobs"
                + " WHERE lease > 0 AND state = 'available' AND attempt = 0 ORDER BY id LIMIT 50");
    assertThat(back).hasSizeGreaterThan(1);
    for (Map<String, Object> row : back) {
      long id = (Long) row.get("id");
      int n = (Integer) row.get("n");
      Set<Receipt.Change> changes = begun.contains(id) ? Set.of() : Set.of(Receipt.Change.ARGS);
      assertThat(caller.enqueue(job(n, "new").queue(why).unique(NEWEST)).block(LIMIT))
          .isEqualTo(Receipt.conflict(id, changes));
    }
    assertThat(back.stream().filter(row -> begun.contains((Long) row.get("id"))))
        .hasSize(why.equals("stop") ? 1 : 0);
  }

  @Test
  void aDebouncedOneWaitsAfterItWasGivenBackToo() {
    Shigoto caller = nodes.build(Shigoto.builder(db.connectionFactory()));
    Unique quiet = Unique.by(WORKER).argsKeys("n").debounce(HOUR);
    long id = caller.enqueue(job(-1, "old").queue("nobody").unique(quiet)).block(LIMIT).id();
    db.sql("UPDATE shigoto.jobs SET lease = 3, scheduled_at = now(), state = 'available'");

    assertThat(caller.enqueue(job(-1, "new").queue("nobody").unique(quiet)).block(LIMIT))
        .isEqualTo(Receipt.conflict(id, Set.of(Receipt.Change.DEBOUNCED)));
  }

  /** It costs no attempt, and has begun all the same. */
  @Test
  void aSnoozedJobIsNotChanged() {
    Shigoto node =
        nodes.start(
            Shigoto.builder(db.connectionFactory())
                .listener(told)
                .worker(new Scripted("work", job -> Mono.just(Outcome.snooze(HOUR))))
                .queue("snoozed", 1));
    NewJob job = job(-2, "old").queue("snoozed").unique(NEWEST);
    long id = node.enqueue(job).block(LIMIT).id();
    told.await(JobEvent.Kind.SNOOZED);

    assertThat(node.enqueue(job).block(LIMIT)).isEqualTo(Receipt.conflict(id, Set.of()));
  }

  /** Nobody waits for that transaction: it has changed nothing. */
  @Test
  void aJobThatIsStartedAtThatMomentIsNotKeptLocked() {
    Shigoto node = nodes.build(Shigoto.builder(db.connectionFactory()));
    long id = node.enqueue(job(-3, "old").queue("nobody").unique(NEWEST)).block(LIMIT).id();
    Connection claim = Open.begin(db.connectionFactory());
    Connection caller = Open.begin(db.connectionFactory());
    Open.run(claim, "UPDATE shigoto.jobs SET attempt = 1, lease = 1 WHERE id = " + id);
    CompletableFuture<Receipt> met =
        node.enqueue(job(-3, "new").queue("nobody").unique(NEWEST), caller).toFuture();
    Await.until(
        "it waits for the claim",
        LIMIT,
        () ->
            db.number(
                    "SELECT count(*) FROM pg_stat_activity"
                        + " WHERE datname = current_database() AND wait_event_type = 'Lock'")
                == 1);

    Open.end(claim, true);

    assertThat(Mono.fromFuture(met).block(LIMIT)).isEqualTo(Receipt.conflict(id, Set.of()));
    assertThat(db.sql("SELECT id FROM shigoto.jobs WHERE id = $1 FOR UPDATE SKIP LOCKED", id))
        .hasSize(1);
    Mono.from(caller.close()).block(LIMIT);
  }

  private Mono<Outcome> fastThenForEver(JobContext<Map<String, Object>> job) {
    begun.add(job.id());
    return begun.size() < JOBS / 4 ? Mono.just(Outcome.done()) : Mono.never();
  }

  private static NewJob job(int n, String text) {
    return NewJob.of("work", Map.of("n", n, "text", text));
  }
}
