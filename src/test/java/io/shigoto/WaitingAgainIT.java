package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static io.shigoto.Scripted.NOTHING;
import static io.shigoto.workflow.Workflow.after;
import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.control.Cancellation;
import io.shigoto.control.JobFilter;
import io.shigoto.control.Retry;
import io.shigoto.job.IfNotCompleted;
import io.shigoto.job.Job;
import io.shigoto.job.JobState;
import io.shigoto.job.NewJob;
import io.shigoto.job.Receipt;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.worker.JobContext;
import io.shigoto.worker.Outcome;
import io.shigoto.worker.Unique;
import io.shigoto.workflow.Workflow;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/** Jobs that depend on others, had ended, and are retried by a person. */
class WaitingAgainIT {

  private static final int ROUNDS = 400;
  private static final JobFilter EVERY = JobFilter.where().queue("default");
  private static final NewJob PARENT = NewJob.of("parent", NOTHING).maxAttempts(1);
  private static final NewJob CHILD = NewJob.of("child", NOTHING);

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Map<Long, Sinks.One<Outcome>> ends = new ConcurrentHashMap<>();
  private final Queue<Long> early = new ConcurrentLinkedQueue<>();
  private final Queue<Long> order = new ConcurrentLinkedQueue<>();
  private Shigoto node;

  @BeforeEach
  void start() {
    node = nodes.start(builder().worker(new Scripted("parent", job -> end(job.id()).asMono())));
  }

  @Test
  void aJobThatWaitedWaitsAgain() {
    long parent = enqueue(PARENT);
    long child = enqueue(CHILD.dependsOn(parent));
    assertThat(cancel(child)).isInstanceOf(Cancellation.Cancelled.class);

    assertThat(retry(child)).isEqualTo(new Retry.Retried(child));

    assertThat(find(child).state()).isEqualTo(JobState.WAITING);
    end(parent).tryEmitValue(Outcome.done("of parent"));
    assertThat(ended(child).state()).isEqualTo(JobState.COMPLETED);
    assertNothingIsLeft();
  }

  /** Also for a parent that lives again itself; and what is to become of the job holds again. */
  @Test
  void whatIsToBecomeOfItIsKept() {
    long parent = enqueue(PARENT);
    long child = enqueue(CHILD.dependsOn(parent).ifNotCompleted(IfNotCompleted.CANCEL));
    end(parent).tryEmitValue(Outcome.discard("no"));
    assertThat(ended(child).state()).isEqualTo(JobState.CANCELLED);
    ends.clear();

    assertThat(node.jobs().retryAll(EVERY).block(LIMIT)).isEqualTo(new Retry.Counts(2, 0, 0));

    assertThat(find(child).state()).isEqualTo(JobState.WAITING);
    end(parent).tryEmitValue(Outcome.discard("no"));
    assertThat(ended(child).state()).isEqualTo(JobState.CANCELLED);
    assertThat(find(child).errors()).hasSize(2);
    assertNothingIsLeft();
  }

  @Test
  void aJobWhoseParentsHaveEndedRunsAtOnce() {
    long parent = enqueue(PARENT);
    long child = enqueue(CHILD.dependsOn(parent).ifNotCompleted(IfNotCompleted.CANCEL));
    end(parent).tryEmitValue(Outcome.cancel("no"));
    ended(child);

    assertThat(retry(child)).isEqualTo(new Retry.Retried(child));

    assertThat(ended(child).state()).isEqualTo(JobState.COMPLETED);
  }

  @Test
  void aJobThatStillWaitsForOthersWaitsForAParentThatIsRetried() {
    long parent = enqueue(PARENT);
    long other = enqueue(PARENT);
    long child = enqueue(CHILD.dependsOn(parent, other));
    end(parent).tryEmitValue(Outcome.discard("no"));
    assertThat(ended(parent).state()).isEqualTo(JobState.DISCARDED);
    followed(parent);
    ends.remove(parent);

    assertThat(retry(parent)).isEqualTo(new Retry.Retried(parent));
    end(other).tryEmitValue(Outcome.done());
    followed(other);

    assertThat(find(child).state()).isEqualTo(JobState.WAITING);
    end(parent).tryEmitValue(Outcome.done());
    assertThat(ended(child).state()).isEqualTo(JobState.COMPLETED);
    assertThat(early).isEmpty();
    assertNothingIsLeft();
  }

  /** The child waits for one that lives, and then for the one that failed before, too. */
  @Test
  void aJobThatWaitsAgainWaitsForAParentThatIsRetriedLater() {
    long parent = enqueue(PARENT);
    long other = enqueue(PARENT);
    long child = enqueue(CHILD.dependsOn(parent, other));
    end(parent).tryEmitValue(Outcome.discard("no"));
    ended(parent);
    ends.remove(parent);
    cancel(child);
    retry(child);

    retry(parent);

    end(other).tryEmitValue(Outcome.done());
    followed(other);
    assertThat(find(child).state()).isEqualTo(JobState.WAITING);
    end(parent).tryEmitValue(Outcome.done());
    assertThat(ended(child).state()).isEqualTo(JobState.COMPLETED);
    assertNothingIsLeft();
  }

  /** One parent fails and is retried while the other one ends. */
  @Test
  void nobodyWaitsForEverForAParentThatIsRetried() {
    List<Long> children =
        Flux.range(0, ROUNDS / 2)
            .flatMap(this::retriedBesideAnother, 20)
            .collectList()
            .block(LIMIT.multipliedBy(4));

    Await.until(
        "all have ended",
        LIMIT.multipliedBy(2),
        () -> db.number("SELECT count(*) FROM shigoto.jobs") == 0);
    assertThat(order).containsExactlyInAnyOrderElementsOf(children);
    assertNothingIsLeft();
  }

  /** By the look at the history, which a node takes when it starts, too. */
  @Test
  void whoHasWaitedInVainIsForgottenWhenItWaitsNoMore() {
    long child = enqueue(CHILD.dependsOn(enqueue(PARENT)));
    db.sql("INSERT INTO shigoto.failed_parents VALUES (1, $1), (1, 4711), (2, 4711)", child);

    nodes.start(builder().name("b"));

    Await.until(LIMIT, () -> db.number("SELECT count(*) FROM shigoto.failed_parents") == 1);
    assertThat(db.number("SELECT child_id FROM shigoto.failed_parents")).isEqualTo(child);
  }

  /**
   * It has ended, and those that waited for it have moved on: at once, or by the look at its loose
   * end.
   */
  private void followed(long parent) {
    ended(parent);
    Await.until(
        LIMIT,
        () ->
            db.number("SELECT count(*) FROM shigoto.dependencies WHERE parent_id = $1", parent)
                == 0);
  }

  private Mono<Long> retriedBesideAnother(int i) {
    NewJob brief = NewJob.of("short", NOTHING);
    return Mono.zip(node.enqueue(PARENT), node.enqueue(brief))
        .flatMap(
            both ->
                node.enqueue(CHILD.dependsOn(both.getT1().id(), both.getT2().id()))
                    .doOnNext(child -> end(both.getT1().id()).tryEmitValue(Outcome.cancel("no")))
                    .delayUntil(child -> Mono.delay(upTo(10)))
                    .delayUntil(
                        child -> {
                          ends.put(both.getT1().id(), Sinks.one());
                          end(both.getT1().id()).tryEmitValue(Outcome.done());
                          return node.jobs().retry(both.getT1().id());
                        })
                    .map(Receipt::id));
  }

  @Test
  void aWorkflowThatWasCancelledRunsInItsOrder() {
    node.queues().pause("default").block(LIMIT);
    Workflow workflow =
        Workflow.named("diamond")
            .step("a", CHILD)
            .step("b", CHILD, after("a"))
            .step("c", CHILD, after("a"))
            .step("d", CHILD, after("b", "c"))
            .build();
    Map<String, Long> ids =
        Flux.fromIterable(node.enqueue(workflow).block(LIMIT).entrySet())
            .collectMap(Map.Entry::getKey, step -> step.getValue().id())
            .block(LIMIT);
    assertThat(node.jobs().cancelAll(EVERY).block(LIMIT)).isEqualTo(new Cancellation.Counts(4, 0));

    assertThat(node.jobs().retryAll(EVERY).block(LIMIT)).isEqualTo(new Retry.Counts(4, 0, 0));

    assertThat(find(ids.get("a")).state()).isEqualTo(JobState.AVAILABLE);
    node.queues().resume("default").block(LIMIT);
    ended(ids.get("d"));
    assertThat(early).isEmpty();
    assertThat(order).hasSize(4).startsWith(ids.get("a")).endsWith(ids.get("d"));
    assertNothingIsLeft();
  }

  /** It would come before them. */
  @Test
  void itIsLeftWithThoseThatSomebodyHolds() {
    node.queues().pause("default").block(LIMIT);
    long parent = enqueue(CHILD);
    long child = enqueue(CHILD.dependsOn(parent));
    long last = enqueue(CHILD.dependsOn(child));
    node.jobs().cancelAll(EVERY).block(LIMIT);

    long others = enqueue(CHILD.queue("others"));
    cancel(others);

    CompletableFuture<Retry.Counts> retried =
        Open.transaction(
            db.connectionFactory(),
            "SELECT id FROM shigoto.job_history WHERE id = %d FOR UPDATE".formatted(parent),
            () -> {
              var counts = node.jobs().retryAll(JobFilter.all()).toFuture();
              Await.until(LIMIT, () -> find(others).state() == JobState.AVAILABLE);
              assertThat(find(child).state()).isEqualTo(JobState.CANCELLED);
              assertThat(find(last).state()).isEqualTo(JobState.CANCELLED);
              return counts;
            });

    assertThat(Mono.fromFuture(retried).block(LIMIT)).isEqualTo(new Retry.Counts(4, 0, 0));
    assertThat(find(parent).state()).isEqualTo(JobState.AVAILABLE);
    assertThat(find(child).state()).isEqualTo(JobState.WAITING);
    assertThat(find(last).state()).isEqualTo(JobState.WAITING);
  }

  @Test
  void itHoldsItsKeyInTheStatesThatWereChosen() {
    NewJob unique =
        CHILD.unique(
            Unique.by(Unique.Field.WORKER)
                .states(Unique.State.AVAILABLE, Unique.State.EXECUTING, Unique.State.RETRYABLE));
    long parent = enqueue(PARENT);
    long child = enqueue(unique.dependsOn(parent));
    cancel(child);

    assertThat(retry(child)).isEqualTo(new Retry.Retried(child));

    assertThat(db.number("SELECT count(*) FROM shigoto.unique_keys")).isZero();
    end(parent).tryEmitValue(Outcome.done());
    assertThat(ended(child).state()).isEqualTo(JobState.COMPLETED);
  }

  /** Parents end while their children are called off and retried, or only when they wait again. */
  @Test
  void noEndIsMissedAndNobodyIsEarly() {
    nodes.start(builder().name("b"));

    List<Long> retried =
        Flux.range(0, ROUNDS)
            .flatMap(i -> i % 2 == 0 ? race() : turn(), 20)
            .ofType(Retry.Retried.class)
            .map(Retry::id)
            .collectList()
            .block(LIMIT.multipliedBy(4));

    Await.until(
        "all have ended",
        LIMIT.multipliedBy(2),
        () -> db.number("SELECT count(*) FROM shigoto.jobs") == 0);
    assertThat(early).isEmpty();
    assertThat(retried).hasSizeGreaterThan(ROUNDS / 2);
    assertThat(
            db.number(
                "SELECT count(*) FROM shigoto.job_history WHERE state = 'completed' AND id = ANY ($1)",
                (Object) retried.toArray(Long[]::new)))
        .isEqualTo(retried.size());
    assertNothingIsLeft();
  }

  private Mono<Retry> race() {
    return node.enqueue(NewJob.of("short", NOTHING))
        .flatMap(parent -> node.enqueue(CHILD.dependsOn(parent.id())))
        .delayUntil(child -> Mono.delay(upTo(8)))
        .flatMap(child -> node.jobs().cancel(child.id()))
        .ofType(Cancellation.Cancelled.class)
        .delayUntil(cancelled -> Mono.delay(upTo(6)))
        .flatMap(cancelled -> node.jobs().retry(cancelled.id()));
  }

  private Mono<Retry> turn() {
    return node.enqueue(PARENT)
        .flatMap(
            parent ->
                node.enqueue(CHILD.dependsOn(parent.id()))
                    .delayUntil(child -> node.jobs().cancel(child.id()))
                    .flatMap(child -> node.jobs().retry(child.id()))
                    .delayUntil(this::noteUnlessItWaits)
                    .doOnNext(retried -> end(parent.id()).tryEmitValue(Outcome.done())));
  }

  private Mono<Job> noteUnlessItWaits(Retry retried) {
    return node.jobs()
        .find(retried.id())
        .filter(child -> child.state() != JobState.WAITING)
        .doOnNext(child -> early.add(child.id()));
  }

  private ShigotoBuilder builder() {
    return Shigoto.builder(db.connectionFactory())
        .worker(new Scripted("child", this::child))
        .worker(new Scripted("short", job -> Mono.delay(upTo(15)).thenReturn(Outcome.done())))
        .queue("default", 20)
        .pollInterval(Duration.ofHours(1));
  }

  private Mono<Outcome> child(JobContext<Map<String, Object>> job) {
    order.add(job.id());
    return node.jobs()
        .find(job.id())
        .flatMapIterable(Job::dependsOn)
        .flatMap(parent -> node.jobs().find(parent))
        .filter(parent -> !parent.state().isTerminal())
        .doOnNext(parent -> early.add(job.id()))
        .then(Mono.just(Outcome.done()));
  }

  private Sinks.One<Outcome> end(long parent) {
    return ends.computeIfAbsent(parent, id -> Sinks.one());
  }

  private static Duration upTo(int millis) {
    return Duration.ofNanos(ThreadLocalRandom.current().nextLong(millis * 1_000_000L));
  }

  private long enqueue(NewJob job) {
    return node.enqueue(job).block(LIMIT).id();
  }

  private Cancellation cancel(long id) {
    return node.jobs().cancel(id).block(LIMIT);
  }

  private Retry retry(long id) {
    return node.jobs().retry(id).block(LIMIT);
  }

  private Job find(long id) {
    return node.jobs().find(id).block(LIMIT);
  }

  private Job ended(long id) {
    Await.until("job " + id + " has ended", LIMIT, () -> find(id).state().isTerminal());
    return find(id);
  }

  private static void assertNothingIsLeft() {
    Await.until(LIMIT, () -> db.number("SELECT count(*) FROM shigoto.loose_ends") == 0);
    assertThat(db.number("SELECT count(*) FROM shigoto.dependencies")).isZero();
  }
}
