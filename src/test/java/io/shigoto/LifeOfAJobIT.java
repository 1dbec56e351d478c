package io.shigoto;

import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.job.Job;
import io.shigoto.job.JobState;
import io.shigoto.job.NewJob;
import io.shigoto.job.Receipt;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.worker.Outcome;
import io.shigoto.worker.Worker;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

class LifeOfAJobIT {

  record Numbered(int i) {}

  private static final Duration LIMIT = Duration.ofSeconds(20);

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @Test
  void manyJobsAreEachRunOnceAndEndInHistory() {
    AtomicInteger runs = new AtomicInteger();
    Shigoto shigoto =
        Shigoto.builder(db.connectionFactory())
            .worker(
                Worker.of(
                    "count",
                    Numbered.class,
                    job -> {
                      runs.incrementAndGet();
                      return Mono.just(Outcome.done(Map.of("n", runs.get())));
                    }))
            .queue("default", 10)
            .build();
    shigoto.start().block(LIMIT);
    List<Receipt> receipts =
        shigoto
            .enqueueAll(Flux.range(0, 5000).map(i -> NewJob.of("count", new Numbered(i))))
            .collectList()
            .block(LIMIT);
    Await.until(LIMIT, () -> db.number("SELECT count(*) FROM shigoto.job_history") == 5000);
    assertThat(receipts).hasSize(5000);
    assertThat(runs).hasValue(5000);
    assertThat(db.number("SELECT count(*) FROM shigoto.job_history WHERE attempt <> 1")).isZero();
    Job job = shigoto.jobs().find(receipts.get(17).id()).block(LIMIT);
    assertThat(job.state()).isEqualTo(JobState.COMPLETED);
    assertThat(job.attempt()).isEqualTo(1);
    shigoto.stop(Duration.ZERO).block(LIMIT);
  }
}
