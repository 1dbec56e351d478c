package io.shigoto.docs;

import static io.shigoto.worker.Unique.Field.WORKER;
import static org.assertj.core.api.Assertions.assertThat;

import io.r2dbc.spi.ConnectionFactory;
import io.shigoto.Schemas;
import io.shigoto.Shigoto;
import io.shigoto.job.JobState;
import io.shigoto.job.NewJob;
import io.shigoto.job.Receipt;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.worker.JobContext;
import io.shigoto.worker.Outcome;
import io.shigoto.worker.ReactiveWorker;
import io.shigoto.worker.Unique;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** The code of docs/unique-jobs.md. */
class UniqueJobsIT {

  private static final Duration LIMIT = Duration.ofSeconds(20);

  private static final Index index = table -> Mono.empty();

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  // shown
  record Reindex(String table, String reason) {}

  static final class SearchIndex implements ReactiveWorker<Reindex> {

    @Override
    public Unique unique() {
      return Unique.by(WORKER).argsKeys("table").untilStarted().debounce(Duration.ofMinutes(1));
    }

    @Override
    public Mono<Outcome> perform(JobContext<Reindex> job) {
      return index.rebuild(job.args().table()).thenReturn(Outcome.done());
    }
  }

  // end

  interface Index {
    Mono<Void> rebuild(String table);
  }

  @Test
  void theSecondIsAnsweredByTheFirst() {
    ConnectionFactory factory = db.connectionFactory();
    // shown
    Shigoto shigoto =
        Shigoto.builder(factory).worker(new SearchIndex()).queue("default", 10).build();

    NewJob reindex = NewJob.of(SearchIndex.class, new Reindex("users", "a new column"));
    Flux<Receipt> receipts =
        shigoto.start().thenMany(shigoto.enqueueAll(Flux.just(reindex, reindex, reindex)));
    // end
    assertThat(receipts.collectList().block(LIMIT))
        .extracting(receipt -> receipt.getClass().getSimpleName())
        .containsExactly("Inserted", "Conflict", "Conflict");
    // shown
    Mono<String> answer =
        shigoto
            .enqueue(NewJob.of(SearchIndex.class, new Reindex("users", "an index")))
            .map(
                receipt ->
                    receipt instanceof Receipt.Conflict conflict
                        ? "job " + conflict.id() + " does it: " + conflict.changes()
                        : "job " + receipt.id());
    // end
    assertThat(answer.block(LIMIT)).isEqualTo("job 1 does it: [DEBOUNCED]");
    assertThat(shigoto.jobs().find(1).block(LIMIT).state()).isEqualTo(JobState.SCHEDULED);
    shigoto.stop(Duration.ZERO).block(LIMIT);
  }
}
