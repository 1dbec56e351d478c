package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static io.shigoto.Scripted.NOTHING;
import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.control.Cancellation;
import io.shigoto.event.JobEvent.Kind;
import io.shigoto.job.IfNotCompleted;
import io.shigoto.job.NewJob;
import io.shigoto.job.Receipt;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.worker.JobContext;
import io.shigoto.worker.JobError;
import io.shigoto.worker.Outcome;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Jobs that are discarded by nodes that do not know their workers: those that do are told. */
class DiscardElsewhereIT {

  private static final NewJob CHILD =
      NewJob.of("child", Map.of("a", 1)).ifNotCompleted(IfNotCompleted.DISCARD);

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Queue<Call> calls = new ConcurrentLinkedQueue<>();
  private final Told told = new Told();

  private record Call(JobContext<?> job, List<JobError> errors) {}

  @Test
  void aJobWhoseParentFailsElsewhere() {
    Shigoto other = start("parent's", parent());
    start("child's", child());
    long parent = other.enqueue(NewJob.of("parent", NOTHING).delay(later())).block(LIMIT).id();
    long child = other.enqueue(CHILD.dependsOn(parent)).block(LIMIT).id();

    assertThat(told.await(Kind.DISCARDED, 2)).extracting("jobId").contains(parent, child);
    awaitCalls(1);

    Call call = calls.element();
    assertThat(call.job.id()).isEqualTo(child);
    assertThat(call.job.args()).isEqualTo(Map.of("a", 1));
    assertThat(call.errors).extracting(JobError::type).containsExactly("dependency");
  }

  /** A node that only enqueues, and ends them all by a cancel. */
  @Test
  void jobsThatACallerDiscardsAreToldOnceByWhoeverKnowsThem() {
    Shigoto caller = nodes.build(Shigoto.builder(db.connectionFactory()));
    long parent = caller.enqueue(NewJob.of("nobody's", NOTHING).queue("none")).block(LIMIT).id();
    List<Long> children =
        caller
            .enqueueAll(Flux.range(0, 1_000).map(i -> CHILD.dependsOn(parent)))
            .map(Receipt::id)
            .collectList()
            .block(LIMIT);
    start("a", child());
    start("b", child());
    start("c", parent());

    assertThat(caller.jobs().cancel(parent).block(LIMIT))
        .isInstanceOf(Cancellation.Cancelled.class);
    awaitCalls(1_000);

    assertThat(calls).extracting(call -> call.job.id()).hasSameElementsAs(children);
  }

  /** Nobody who knows the worker is there yet. */
  @Test
  void aRunThatIsRescuedByWhoeverIsThere() {
    db.sql(
        "INSERT INTO shigoto.jobs (queue, worker, state, owner, attempt, max_attempts)"
            + " VALUES ('default', 'child', 'executing', gen_random_uuid(), 3, 3)");
    start("rescuer", parent());
    told.await(Kind.RESCUED);
    Await.until(
        "it is passed on",
        LIMIT,
        () -> db.number("SELECT count(*) FROM shigoto.untold_discards") == 1);

    start("late", child());
    awaitCalls(1);

    assertThat(calls.element().errors).extracting(JobError::type).containsExactly("NodeLost");
  }

  /** It takes the jobs away all the same. */
  @Test
  void aWorkerThatDoesNotWantToKnow() {
    db.sql(
        "INSERT INTO shigoto.untold_discards (id, lease, queue, worker, attempt, max_attempts)"
            + " VALUES (1, 1, 'q', 'parent', 1, 1), (2, 1, 'q', 'unknown', 1, 1)");

    start("a", parent());

    Await.until(LIMIT, () -> db.number("SELECT sum(id) FROM shigoto.untold_discards") == 2);
    assertThat(calls).isEmpty();
  }

  private void awaitCalls(int count) {
    Await.until(count + " calls", LIMIT, () -> calls.size() >= count);
    assertThat(db.number("SELECT count(*) FROM shigoto.untold_discards")).isZero();
    assertThat(calls).hasSize(count);
  }

  private Shigoto start(String name, Scripted worker) {
    return nodes.start(
        Shigoto.builder(db.connectionFactory())
            .name(name)
            .worker(worker)
            .queue("default", 5)
            .lease(Duration.ofSeconds(4))
            .listener(told));
  }

  private static Duration later() {
    return Duration.ofMillis(300);
  }

  private static Scripted parent() {
    return new Scripted("parent", job -> Mono.just(Outcome.discard("no")));
  }

  private Scripted child() {
    return new Scripted("child", job -> Mono.just(Outcome.done())) {
      @Override
      public Mono<Void> onDiscard(JobContext<Map<String, Object>> job, List<JobError> errors) {
        return Mono.fromRunnable(() -> calls.add(new Call(job, errors)));
      }
    };
  }
}
