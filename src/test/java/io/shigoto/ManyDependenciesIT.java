package io.shigoto;

import static io.shigoto.Scripted.NOTHING;
import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.batch.Batch;
import io.shigoto.batch.NewBatch;
import io.shigoto.job.Job;
import io.shigoto.job.JobState;
import io.shigoto.job.NewJob;
import io.shigoto.job.Receipt;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.worker.JobContext;
import io.shigoto.worker.Outcome;
import io.shigoto.workflow.Workflow;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Thousands of jobs before one, behind one, in a row, and in one batch, under three nodes. */
class ManyDependenciesIT {

  private static final Logger LOG = LoggerFactory.getLogger(ManyDependenciesIT.class);
  private static final int MANY = 10_000;
  private static final Duration LIMIT = Duration.ofMinutes(5);
  private static final NewJob JOB = NewJob.of("work", NOTHING).maxAttempts(1);

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final AtomicInteger callbacks = new AtomicInteger();
  private final long began = System.nanoTime();
  private Shigoto node;

  @BeforeEach
  void start() {
    for (String name : List.of("a", "b", "c")) {
      node =
          nodes.start(
              Shigoto.builder(db.connectionFactory())
                  .name(name)
                  .worker(new Scripted("work", ManyDependenciesIT::work))
                  .worker(
                      new Scripted(
                          "callback", job -> Mono.fromRunnable(callbacks::incrementAndGet)))
                  .worker(
                      new Scripted("number", job -> Mono.just(Outcome.done(job.args().get("n")))))
                  .worker(new Scripted("sum", ManyDependenciesIT::sum))
                  .queue("default", 20));
    }
  }

  private static Mono<Outcome> work(JobContext<Map<String, Object>> job) {
    return switch (String.valueOf(job.args().get("end"))) {
      case "discard" -> Mono.just(Outcome.discard("no"));
      case "cancel" -> Mono.just(Outcome.cancel("no"));
      default -> Mono.empty();
    };
  }

  /** Of what all the jobs gave back that it depends on. */
  private static Mono<Outcome> sum(JobContext<Map<String, Object>> job) {
    Map<Long, Integer> results = job.results().all(Integer.class);
    long sum = results.values().stream().mapToLong(n -> n).sum();
    return Mono.just(Outcome.done(results.size() + " results: " + sum));
  }

  @Test
  void oneWaitsForTenThousand() {
    List<Long> parents =
        node.enqueueAll(Flux.range(0, MANY).map(i -> NewJob.of("number", Map.of("n", i))))
            .map(Receipt::id)
            .collectList()
            .block(LIMIT);

    long child = node.enqueue(NewJob.of("sum", NOTHING).dependsOn(parents)).block(LIMIT).id();

    awaitEnd(MANY + 1);
    Job sum = node.jobs().find(child).block(LIMIT);
    assertThat(sum.state()).isEqualTo(JobState.COMPLETED);
    assertThat(sum.result(String.class))
        .contains(MANY + " results: " + IntStream.range(0, MANY).asLongStream().sum());
  }

  @Test
  void tenThousandWaitForOne() {
    long parent = node.enqueue(JOB.delay(Duration.ofSeconds(2))).block(LIMIT).id();
    NewJob child = JOB.dependsOn(parent);

    node.enqueueAll(Flux.range(0, MANY).map(i -> child)).blockLast(LIMIT);

    awaitEnd(MANY + 1);
  }

  @Test
  void aThousandStandInARow() {
    Workflow.Builder row = Workflow.named("row").step("0", JOB);
    for (int i = 1; i < 1_000; i++) {
      row = row.step("" + i, JOB, Workflow.after("" + (i - 1)));
    }

    node.enqueue(row.build()).block(LIMIT);

    awaitEnd(1_000);
    assertThat(
            db.number(
                "SELECT count(*) FROM shigoto.job_history WHERE state = 'completed' AND attempt = 1"))
        .isEqualTo(1_000);
  }

  @Test
  void aBatchCountsThousandsThatEndAtOnceAndFiresOnce() {
    List<NewJob> jobs =
        IntStream.range(0, 5_000)
            .mapToObj(
                i ->
                    NewJob.of(
                        "work",
                        Map.of("end", i % 10 == 0 ? "discard" : i % 10 == 1 ? "cancel" : "done")))
            .toList();

    long id = node.batches().enqueue(NewBatch.of("callback", NOTHING), jobs).block(LIMIT);

    awaitEnd(5_001);
    Batch batch = node.batches().find(id).block(LIMIT);
    assertThat(batch)
        .extracting(Batch::total, Batch::completed, Batch::discarded, Batch::cancelled)
        .containsExactly(5_000L, 4_000L, 500L, 500L);
    assertThat(batch.state()).isEqualTo(Batch.State.FINISHED);
    assertThat(callbacks).hasValue(1);
    assertThat(db.number("SELECT count(*) FROM shigoto.loose_counts")).isZero();
  }

  private void awaitEnd(int jobs) {
    Await.until(
        jobs + " jobs have ended",
        LIMIT,
        () ->
            db.number("SELECT count(*) FROM shigoto.jobs") == 0
                && db.number("SELECT count(*) FROM shigoto.job_history") == jobs);
    assertThat(db.number("SELECT count(*) FROM shigoto.dependencies")).isZero();
    LOG.info("{} jobs took {}", jobs, Duration.ofNanos(System.nanoTime() - began));
  }
}
