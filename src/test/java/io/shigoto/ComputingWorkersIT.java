package io.shigoto;

import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.event.JobEvent;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.worker.Outcome;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Mono;

/** Workers that compute for long, on all threads that the node has for workers. */
class ComputingWorkersIT {

  private static final int THREADS = Runtime.getRuntime().availableProcessors();

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Told told = new Told();
  private final LongAdder sums = new LongAdder();
  private final AtomicInteger computing = new AtomicInteger();
  private final AtomicBoolean over = new AtomicBoolean();

  @AfterEach
  void end() {
    over.set(true);
  }

  @Test
  void whatHasEndedIsWrittenMeanwhile() {
    insert("quick", 1, 1);
    insert("long", 0, THREADS);
    nodes.start(
        Shigoto.builder(db.connectionFactory())
            .listener(told)
            .worker(new Scripted("quick", job -> Mono.fromSupplier(this::ended)))
            .worker(new Scripted("long", job -> Mono.fromSupplier(this::computed)))
            .queue("default", 1 + THREADS));

    told.await(JobEvent.Kind.COMPLETED, 1);
    assertThat(told.all(JobEvent.Kind.COMPLETED).get(0).worker()).isEqualTo("quick");

    over.set(true);
    told.await(JobEvent.Kind.COMPLETED, 1 + THREADS);
    assertThat(told.count(JobEvent.Kind.FAILED)).isZero();
  }

  /** When the other threads are taken; one more run waits for this one. */
  private Outcome ended() {
    compute(() -> computing.get() == THREADS - 1);
    return Outcome.done();
  }

  private Outcome computed() {
    computing.incrementAndGet();
    compute(() -> false);
    return Outcome.done();
  }

  /** Such threads may not even hint that they spin. */
  private void compute(BooleanSupplier isDone) {
    long sum = 0;
    while (!isDone.getAsBoolean() && !over.get()) {
      sum++;
    }
    sums.add(sum);
  }

  private static void insert(String worker, int priority, int jobs) {
    db.sql(
        "INSERT INTO shigoto.jobs (queue, worker, priority) SELECT 'default', $1, $2::smallint FROM generate_series(1, $3::integer)",
        worker,
        priority,
        jobs);
  }
}
