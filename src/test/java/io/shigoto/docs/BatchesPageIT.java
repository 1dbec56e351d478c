package io.shigoto.docs;

import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.Schemas;
import io.shigoto.Shigoto;
import io.shigoto.batch.Batch;
import io.shigoto.batch.FinishedBatch;
import io.shigoto.batch.NewBatch;
import io.shigoto.job.NewJob;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.worker.JobContext;
import io.shigoto.worker.Outcome;
import io.shigoto.worker.ReactiveWorker;
import io.shigoto.worker.Worker;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** The code of docs/batches.md. */
class BatchesPageIT {

  private static final Duration LIMIT = Duration.ofSeconds(20);

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  interface Mail {
    Mono<Void> send(String text);
  }

  private static final Queue<String> SENT = new ConcurrentLinkedQueue<>();

  private static final Mail mail = text -> Mono.fromRunnable(() -> SENT.add(text));

  // shown
  record Import(String file) {}

  static final class ImportReport implements ReactiveWorker<FinishedBatch<Import>> {

    @Override
    public Mono<Outcome> perform(JobContext<FinishedBatch<Import>> job) {
      FinishedBatch<Import> batch = job.args();
      String text =
          batch.allCompleted()
              ? "all %d lines of %s are in".formatted(batch.total(), batch.args().file())
              : "%d of %d lines failed".formatted(batch.discarded(), batch.total());
      return mail.send(text).thenReturn(Outcome.done());
    }
  }

  // end

  private Shigoto shigoto;

  @BeforeEach
  void start() {
    SENT.clear();
    shigoto =
        Shigoto.builder(db.connectionFactory())
            .worker(new ImportReport())
            .worker(
                Worker.of(
                    "ImportLine",
                    String.class,
                    job ->
                        Mono.just(
                            job.args().isEmpty() ? Outcome.discard("empty") : Outcome.done())))
            .queue("default", 5)
            .build();
    shigoto.start().block(LIMIT);
  }

  @AfterEach
  void stop() {
    shigoto.stop(Duration.ZERO).block(LIMIT);
  }

  @Test
  void aBatchIsEnqueuedAsAWhole() {
    List<NewJob> jobs = List.of(NewJob.of("ImportLine", "a"), NewJob.of("ImportLine", "b"));
    // shown
    Mono<Long> batch =
        shigoto.batches().enqueue(NewBatch.of(ImportReport.class, new Import("may.csv")), jobs);
    // end
    batch.block(LIMIT);
    Await.until(LIMIT, () -> SENT.contains("all 2 lines of may.csv are in"));
  }

  @Test
  void aBatchIsFilledBitByBit() {
    Flux<String> lines = Flux.just("a", "", "b");
    // shown
    Mono<Batch> filled =
        shigoto
            .batches()
            .open(NewBatch.of(ImportReport.class, new Import("june.csv")))
            .flatMap(
                id ->
                    shigoto
                        .enqueueAll(lines.map(line -> NewJob.of("ImportLine", line).batch(id)))
                        .then(shigoto.batches().seal(id)));
    // end
    long id = filled.block(LIMIT).id();
    Await.until(LIMIT, () -> SENT.contains("1 of 3 lines failed"));
    // shown
    Mono<String> progress =
        shigoto
            .batches()
            .find(id)
            .map(batch -> "%s, %d %%".formatted(batch.state(), batch.progress()));
    // end
    assertThat(progress.block(LIMIT)).isEqualTo("FINISHED, 100 %");
  }
}
