package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static io.shigoto.worker.Unique.Field.ARGS;
import static io.shigoto.worker.Unique.Field.WORKER;
import static io.shigoto.worker.Unique.State.AVAILABLE;
import static io.shigoto.worker.Unique.State.CANCELLED;
import static io.shigoto.worker.Unique.State.COMPLETED;
import static io.shigoto.worker.Unique.State.EXECUTING;
import static io.shigoto.worker.Unique.State.RETRYABLE;
import static io.shigoto.worker.Unique.State.SCHEDULED;
import static io.shigoto.worker.Unique.State.WAITING;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.shigoto.control.Retry;
import io.shigoto.event.JobEvent.Kind;
import io.shigoto.job.Job;
import io.shigoto.job.JobState;
import io.shigoto.job.NewJob;
import io.shigoto.job.Receipt;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.worker.JobContext;
import io.shigoto.worker.Outcome;
import io.shigoto.worker.Unique;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Jobs that hold their keys in the states that were chosen. */
class UniqueStatesIT {

  /** As the original has them in its example. */
  private static final Unique ACTIVE =
      Unique.by(WORKER, ARGS).states(AVAILABLE, EXECUTING, RETRYABLE);

  private static final Duration HOUR = Duration.ofHours(1);

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Told told = new Told();

  @Test
  void aJobThatIsDueLaterKeepsNobodyOut() {
    Shigoto node = nodes.build(builder());

    long first = inserted(node, ACTIVE, HOUR);
    inserted(node, ACTIVE, HOUR);
    assertThat(keys()).isZero();
    long now = inserted(node, ACTIVE, Duration.ZERO);

    assertThat(enqueue(node, ACTIVE, Duration.ZERO)).isEqualTo(Receipt.conflict(now, Set.of()));
    assertThat(enqueue(node, ACTIVE, HOUR)).isEqualTo(Receipt.conflict(now, Set.of()));
    node.jobs().cancel(first).block(LIMIT);
    assertThat(db.number("SELECT job_id FROM shigoto.unique_keys")).isEqualTo(now);
  }

  /** As in the example of the original, which names no state before that of a job that is due. */
  @Test
  void aJobThatIsDebouncedKeepsOthersOutWhileItWaits() {
    Shigoto node = nodes.build(builder());
    Unique debounced =
        ACTIVE
            .within(Duration.ofSeconds(300))
            .replace(Unique.Replace.PRIORITY)
            .debounce(Duration.ofSeconds(5));
    long first = node.enqueue(job(debounced)).block(LIMIT).id();
    assertThat(find(node, first).state()).isEqualTo(JobState.SCHEDULED);

    assertThat(node.enqueue(job(debounced).priority(7)).block(LIMIT))
        .isEqualTo(
            Receipt.conflict(first, Set.of(Receipt.Change.PRIORITY, Receipt.Change.DEBOUNCED)));

    assertThat(find(node, first).priority()).isEqualTo(7);
    assertThat(db.number("SELECT count(*) FROM shigoto.jobs")).isOne();
  }

  @Test
  void itTakesItsKeyWhenItIsDue() {
    Shigoto node = nodes.start(builder());
    long id = inserted(node, ACTIVE, HOUR);

    becomesDue(id);

    awaitState(node, id, JobState.AVAILABLE);
    assertThat(enqueue(node, ACTIVE, Duration.ZERO)).isEqualTo(Receipt.conflict(id, Set.of()));
  }

  /** And keeps no other from being due. */
  @Test
  void itIsCancelledIfAnotherJobHasItsKeyByThen() {
    Shigoto node = nodes.start(builder());
    long late = inserted(node, ACTIVE, HOUR);
    long after = node.enqueue(job(Unique.none()).dependsOn(late)).block(LIMIT).id();
    long holder = inserted(node, ACTIVE, Duration.ZERO);
    long other = inserted(node, Unique.none(), HOUR);
    long third = inserted(node, Unique.by(WORKER).states(AVAILABLE), HOUR);

    becomesDue(late, other, third);

    awaitState(node, late, JobState.CANCELLED);
    assertThat(find(node, late).errors())
        .singleElement()
        .satisfies(
            error ->
                assertThat(error.message())
                    .isEqualTo("job %d has its unique key".formatted(holder)));
    assertThat(told.await(Kind.CANCELLED).jobId()).isEqualTo(late);
    awaitState(node, other, JobState.AVAILABLE);
    awaitState(node, third, JobState.AVAILABLE);
    awaitState(node, after, JobState.AVAILABLE);
    assertThat(find(node, holder).state()).isEqualTo(JobState.AVAILABLE);
  }

  @Test
  void aKeyThatAnUnfinishedTransactionHasKeepsNoOtherJobWaiting() {
    Shigoto node = nodes.start(builder());
    long late = inserted(node, ACTIVE, HOUR);
    long other = inserted(node, Unique.by(WORKER).states(AVAILABLE), HOUR);
    String key =
        db.sql("SELECT unique_key::text AS key FROM shigoto.jobs WHERE id = $1", late)
            .get(0)
            .get("key")
            .toString();

    Open.transaction(
        db.connectionFactory(),
        "INSERT INTO shigoto.unique_keys (key, job_id) VALUES ('%s', 4711)".formatted(key),
        () -> {
          becomesDue(late, other);
          awaitState(node, other, JobState.AVAILABLE);
          Await.until(
              LIMIT,
              () ->
                  db.number(
                          "SELECT count(*) FROM shigoto.jobs WHERE id = $1 AND scheduled_at > now() - interval '1 minute'",
                          late)
                      == 1);
          return find(node, late);
        });

    awaitState(node, late, JobState.AVAILABLE);
  }

  /** A snooze is a state like any other. */
  @Test
  void itGivesItsKeyBackWhenItLeavesTheStatesThatWereChosen() {
    Shigoto node =
        nodes.start(
            builder()
                .worker(new Scripted("work", job -> Mono.just(Outcome.snooze(HOUR))))
                .queue("default", 1));
    long id = inserted(node, ACTIVE, Duration.ZERO);
    awaitState(node, id, JobState.SCHEDULED);

    assertThat(keys()).isZero();
    long next = inserted(node, ACTIVE, Duration.ZERO);
    awaitState(node, next, JobState.SCHEDULED);
    becomesDue(id);
    Await.until(LIMIT, () -> told.count(Kind.SNOOZED) == 3);
    assertThat(keys()).isZero();
  }

  @Test
  void aJobThatFailsGivesItsKeyBackIfItIsNotToHoldItUntilItIsRetried() {
    Shigoto node =
        nodes.start(
            builder()
                .worker(
                    new Scripted(
                        "work",
                        job ->
                            Mono.just(job.attempt() == 1 ? Outcome.failed("no") : Outcome.done())))
                .queue("default", 5));
    Unique running = Unique.by(WORKER, ARGS).states(AVAILABLE, EXECUTING, COMPLETED);
    long id = inserted(node, running, Duration.ZERO);

    awaitState(node, id, JobState.COMPLETED);

    assertThat(enqueue(node, running, Duration.ZERO)).isEqualTo(Receipt.conflict(id, Set.of()));
  }

  @Test
  void aJobThatWaitsForAnotherTakesItsKeyWhenThatHasEnded() {
    Shigoto node = nodes.start(builder());
    long parent = inserted(node, Unique.none(), HOUR);
    long one = node.enqueue(job(ACTIVE).dependsOn(parent)).block(LIMIT).id();
    long two = node.enqueue(job(ACTIVE).dependsOn(parent)).block(LIMIT).id();
    assertThat(keys()).isZero();

    node.jobs().cancel(parent).block(LIMIT);

    awaitState(node, one, JobState.AVAILABLE);
    awaitState(node, two, JobState.CANCELLED);
  }

  @Test
  void aPersonCanHaveItDueNow() {
    Shigoto node = nodes.start(builder());
    long id = inserted(node, ACTIVE, HOUR);

    assertThat(node.jobs().retry(id).block(LIMIT)).isEqualTo(new Retry.DueNow(id));

    awaitState(node, id, JobState.AVAILABLE);
    assertThat(keys()).isOne();
  }

  @Test
  void aJobThatIsMovedToALaterTimeGivesItsKeyBack() {
    Shigoto node = nodes.build(builder());
    long id = inserted(node, ACTIVE, Duration.ZERO);

    enqueue(node, ACTIVE.replace(Unique.Replace.SCHEDULED_AT), HOUR);

    assertThat(find(node, id).state()).isEqualTo(JobState.SCHEDULED);
    assertThat(keys()).isZero();
  }

  /** However jobs become due, fail and snooze: there are never two that run. */
  @Test
  void thereAreNeverTwoOfAKey() {
    Crowd crowd = Crowd.byPartition();
    for (String name : new String[] {"a", "b"}) {
      nodes.start(
          builder()
              .name(name)
              .worker(new Scripted("work", job -> run(name, crowd, job)))
              .queue("default", 20));
    }
    Shigoto caller = nodes.build(builder());

    Flux.range(0, 1_500)
        .flatMap(
            i ->
                caller.enqueue(
                    NewJob.of("work", Map.of("key", i % 10))
                        .partitionKey("" + i % 10)
                        .maxAttempts(2)
                        .delay(upTo(i % 3 == 0 ? 1 : 300))
                        .unique(ACTIVE)),
            20)
        .blockLast(Duration.ofMinutes(2));
    Await.until(
        "all have ended",
        Duration.ofMinutes(2),
        () -> db.number("SELECT count(*) FROM shigoto.jobs") == 0);

    assertThat(crowd.groups()).hasSize(10).allSatisfy(key -> assertThat(crowd.most(key)).isOne());
    assertThat(told.count(Kind.COMPLETED)).isPositive();
    assertThat(told.count(Kind.CANCELLED))
        .isPositive()
        .isEqualTo(
            (int) db.number("SELECT count(*) FROM shigoto.job_history WHERE state = 'cancelled'"));
    assertThat(keys()).isZero();
  }

  private static Mono<Outcome> run(String node, Crowd crowd, JobContext<Map<String, Object>> job) {
    return crowd
        .run(node, job, upTo(3))
        .map(
            done ->
                switch (ThreadLocalRandom.current().nextInt(4)) {
                  case 0 -> Outcome.snooze(Duration.ofMillis(1));
                  case 1 -> Outcome.failed("no");
                  default -> done;
                });
  }

  private static Duration upTo(int millis) {
    return Duration.ofNanos(1 + ThreadLocalRandom.current().nextLong(millis * 1_000_000L));
  }

  @Test
  void whatCannotBeIsRefused() {
    Unique same = Unique.by(WORKER);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> same.states(EXECUTING))
        .withMessage("a job must hold its key while it is AVAILABLE, but states are [EXECUTING]");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> same.states(AVAILABLE, WAITING))
        .withMessageContaining("WAITING and SCHEDULED or in neither");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> same.states(AVAILABLE, COMPLETED))
        .withMessageContaining("given up at the start");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> same.states(AVAILABLE, EXECUTING, CANCELLED))
        .withMessageContaining("only if it was held all the time");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Unique.by(WORKER).debounce(HOUR).within(HOUR.minusMillis(1)))
        .withMessageContaining("must not be shorter than debounce")
        .withMessageContaining("PT59M59.999S");
    assertThat(same.states(WAITING, SCHEDULED, AVAILABLE, EXECUTING, RETRYABLE)).isEqualTo(same);
  }

  private ShigotoBuilder builder() {
    return Shigoto.builder(db.connectionFactory())
        .listener(told)
        .pollInterval(Duration.ofMillis(100));
  }

  private static NewJob job(Unique unique) {
    return NewJob.of("work", Map.of()).unique(unique);
  }

  private static Receipt enqueue(Shigoto node, Unique unique, Duration delay) {
    return node.enqueue(job(unique).delay(delay)).block(LIMIT);
  }

  private static long inserted(Shigoto node, Unique unique, Duration delay) {
    Receipt receipt = enqueue(node, unique, delay);
    assertThat(receipt).isInstanceOf(Receipt.Inserted.class);
    return receipt.id();
  }

  private static Job find(Shigoto node, long id) {
    return node.jobs().find(id).block(LIMIT);
  }

  private static void awaitState(Shigoto node, long id, JobState state) {
    Await.until("job %d is %s".formatted(id, state), LIMIT, () -> find(node, id).state() == state);
  }

  private static void becomesDue(Long... ids) {
    db.sql(
        "UPDATE shigoto.jobs SET scheduled_at = now() - interval '2 minutes' WHERE id = ANY ($1)",
        (Object) ids);
  }

  private static long keys() {
    return db.number("SELECT count(*) FROM shigoto.unique_keys");
  }
}
