package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static io.shigoto.Scripted.NOTHING;
import static io.shigoto.workflow.Workflow.after;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.shigoto.event.JobEvent;
import io.shigoto.job.IfNotCompleted;
import io.shigoto.job.Job;
import io.shigoto.job.JobState;
import io.shigoto.job.NewJob;
import io.shigoto.job.Receipt;
import io.shigoto.job.UnknownJobs;
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
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Mono;

/** Steps that are enqueued together. Each gives back its name, after the names it has seen. */
class WorkflowIT {

  private static final NewJob STEP = NewJob.of("step", NOTHING);

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Queue<String> order = new ConcurrentLinkedQueue<>();
  private final Told told = new Told();
  private Shigoto node;

  @BeforeEach
  void start() {
    node =
        nodes.start(
            Shigoto.builder(db.connectionFactory())
                .worker(new Scripted("step", this::step))
                .worker(new Scripted("failing", job -> Mono.just(Outcome.discard("no"))))
                .worker(new Scripted("reading", job -> Mono.just(Outcome.done(read(job)))))
                .queue("default", 50)
                .listener(told));
  }

  private Mono<Outcome> step(JobContext<Map<String, Object>> job) {
    String name = String.valueOf(job.meta().get(Workflow.STEP));
    order.add(name);
    return Mono.just(
        Outcome.done(String.join("", job.results().all(String.class).values()) + name));
  }

  private static List<String> read(JobContext<Map<String, Object>> job) {
    return List.of(
        job.results().of("a", String.class).orElse("none"),
        job.results().of("b", String.class).orElse("none"));
  }

  @Test
  void stepsOfADiamondRunInOrderAndSeeTheResultsOfThoseBefore() {
    Map<String, Receipt> receipts =
        node.enqueue(
                Workflow.named("diamond")
                    .step("d", STEP, after("b", "c"))
                    .step("c", STEP, after("a"))
                    .step("b", STEP, after("a"))
                    .step("a", STEP.meta(Map.of("own", "meta")))
                    .build())
            .block(LIMIT);

    assertThat(receipts).containsOnlyKeys("a", "b", "c", "d");
    Job last = ended(receipts.get("d").id());
    assertThat(last.result()).isIn("\"abacd\"", "\"acabd\"");
    assertThat(last.dependsOn())
        .containsExactlyInAnyOrder(receipts.get("b").id(), receipts.get("c").id());
    assertThat(order).startsWith("a").endsWith("d").hasSize(4);
    assertThat(find(receipts.get("a").id()).meta())
        .isEqualTo(Map.of("own", "meta", Workflow.STEP, "a", Workflow.WORKFLOW, "diamond"));
    assertThat(told.await(JobEvent.Kind.INSERTED, 4)).hasSize(4);
  }

  @Test
  void resultsAreFoundByTheNameOfTheirStep() {
    Map<String, Receipt> receipts =
        node.enqueue(
                Workflow.named("named")
                    .step("a", STEP)
                    .step("b", NewJob.of("failing", NOTHING))
                    .step("read", NewJob.of("reading", NOTHING), after("a", "b"))
                    .build())
            .block(LIMIT);

    assertThat(ended(receipts.get("read").id()).result()).isEqualTo("[\"a\", \"none\"]");
  }

  /** Not even if that has the same name, and the step gave none. */
  @Test
  void noneIsFoundOfAnotherWorkflow() {
    long other =
        node.enqueue(Workflow.named("twice").step("a", STEP).build()).block(LIMIT).get("a").id();
    Map<String, Receipt> receipts =
        node.enqueue(
                Workflow.named("twice")
                    .step("a", NewJob.of("failing", NOTHING))
                    .step("b", STEP)
                    .step("read", NewJob.of("reading", NOTHING).dependsOn(other), after("a", "b"))
                    .build())
            .block(LIMIT);

    assertThat(ended(receipts.get("read").id()).result()).isEqualTo("[\"none\", \"b\"]");
  }

  @Test
  void whatAStepDoesNotWantToGoOnWithoutEndsTheRest() {
    Map<String, Receipt> receipts =
        node.enqueue(
                Workflow.named("broken")
                    .step("a", NewJob.of("failing", NOTHING))
                    .step("b", STEP.ifNotCompleted(IfNotCompleted.CANCEL), after("a"))
                    .step("c", STEP.ifNotCompleted(IfNotCompleted.DISCARD), after("b"))
                    .step("report", STEP, after("b", "c"))
                    .build())
            .block(LIMIT);

    assertThat(ended(receipts.get("report").id()).state()).isEqualTo(JobState.COMPLETED);
    assertThat(find(receipts.get("b").id()).state()).isEqualTo(JobState.CANCELLED);
    assertThat(find(receipts.get("c").id()).state()).isEqualTo(JobState.DISCARDED);
    assertThat(order).containsExactly("report");
  }

  @Test
  void aRefusedStepLeavesNothingBehind() {
    Workflow workflow =
        Workflow.named("refused")
            .step("a", STEP)
            .step("b", STEP.dependsOn(4_711), after("a"))
            .build();

    assertThatExceptionOfType(UnknownJobs.class)
        .isThrownBy(() -> node.enqueue(workflow).block(LIMIT));
    assertThat(db.number("SELECT count(*) FROM shigoto.all_jobs")).isZero();
    assertThatIllegalArgumentException()
        .isThrownBy(() -> node.enqueue(Workflow.named("w").step("a", NewJob.of("w", "\0")).build()))
        .withMessageContaining("args of a job for 'w'");
  }

  @Test
  void stepsComeAfterJobsThatWereThereBefore() {
    long before = node.enqueue(STEP.meta(Map.of(Workflow.STEP, "before"))).block(LIMIT).id();
    Map<String, Receipt> receipts =
        node.enqueue(
                Workflow.named("late")
                    .step("a", STEP.dependsOn(before))
                    .step("b", STEP.dependsOn(before), after("a"))
                    .build())
            .block(LIMIT);

    assertThat(ended(receipts.get("b").id()).result()).isEqualTo("\"beforebeforeab\"");
  }

  /** The step is the job that is there already, and the next one waits for that. */
  @Test
  void aStepThatMeetsItsLikeIsThatOne() {
    NewJob same = NewJob.of("step", Map.of("n", 1)).unique(Unique.by(Unique.Field.ARGS));
    long first = node.enqueue(same.queue("nobody's")).block(LIMIT).id();
    Map<String, Receipt> receipts =
        node.enqueue(Workflow.named("w").step("a", same).step("b", STEP, after("a")).build())
            .block(LIMIT);

    assertThat(receipts.get("a")).isEqualTo(Receipt.conflict(first, Set.of()));
    assertThat(find(receipts.get("b").id()).dependsOn()).containsExactly(first);
    assertThat(find(receipts.get("b").id()).state()).isEqualTo(JobState.WAITING);
  }

  /** And finds the result under the name of the step. */
  @Test
  void whoComesAfterSuchAStepWaitsForThatJobAndForThoseThatTheStepWouldHaveComeAfter() {
    NewJob same = NewJob.of("step", Map.of("n", 1)).unique(Unique.by(Unique.Field.ARGS));
    long there = node.enqueue(same.delay(Duration.ofHours(1))).block(LIMIT).id();
    long before = node.enqueue(STEP.queue("nobody's")).block(LIMIT).id();
    Map<String, Receipt> receipts =
        node.enqueue(
                Workflow.named("w")
                    .step("a", STEP.queue("nobody's"))
                    .step("b", same.dependsOn(before), after("a"))
                    .step("c", NewJob.of("reading", NOTHING), after("b"))
                    .build())
            .block(LIMIT);

    long first = receipts.get("a").id();
    long last = receipts.get("c").id();
    assertThat(receipts.get("b")).isEqualTo(Receipt.conflict(there, Set.of()));
    assertThat(find(last).dependsOn()).containsExactlyInAnyOrder(there, before, first);
    for (long id : List.of(before, first)) {
      node.jobs().cancel(id).block(LIMIT);
    }
    node.jobs().retry(there).block(LIMIT);
    assertThat(ended(last).result()).isEqualTo("[\"none\", \"null\"]");
  }

  @Test
  void inATransactionOfTheCallersItIsThereWhenThatCommits() {
    Workflow workflow = Workflow.named("tx").step("a", STEP).step("b", STEP, after("a")).build();
    Map<String, Receipt> receipts =
        Mono.usingWhen(
                db.connectionFactory().create(),
                connection ->
                    Mono.from(connection.beginTransaction())
                        .then(node.enqueue(workflow, connection))
                        .delayUntil(written -> connection.commitTransaction()),
                connection -> connection.close())
            .block(LIMIT);

    assertThat(ended(receipts.get("b").id()).result()).isEqualTo("\"ab\"");
  }

  @Test
  void aChainOfAHundredStepsRunsToItsEnd() {
    Workflow.Builder builder = Workflow.named("chain").step("0", STEP);
    IntStream.range(1, 100).forEach(i -> builder.step("" + i, STEP, after("" + (i - 1))));

    Map<String, Receipt> receipts = node.enqueue(builder.build()).block(LIMIT);

    ended(receipts.get("99").id());
    assertThat(order)
        .containsExactlyElementsOf(IntStream.range(0, 100).mapToObj(String::valueOf).toList());
  }

  private Job find(long id) {
    return node.jobs().find(id).block(LIMIT);
  }

  private Job ended(long id) {
    Await.until("job " + id + " ended", LIMIT, () -> find(id).state().isTerminal());
    return find(id);
  }
}
