package io.shigoto.docs;

import static io.shigoto.worker.Unique.Field.WORKER;
import static org.assertj.core.api.Assertions.assertThat;

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
      return Unique.by(WORKER).argsKeys("table").untilStarted().debounce(Duration.ofSeconds(5));
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
    Shigoto shigoto = Shigoto.builder(db.connectionFactory()).worker(new SearchIndex()).build();
    // shown
    Mono<String> answer =
        shigoto
            .enqueue(NewJob.of("SearchIndex", new Reindex("users", "a new column")))
            .map(
                receipt ->
                    receipt instanceof Receipt.Conflict conflict
                        ? "job " + conflict.id() + " does it: " + conflict.changes()
                        : "job " + receipt.id());
    // end
    assertThat(answer.block(LIMIT)).isEqualTo("job 1");
    assertThat(answer.block(LIMIT)).isEqualTo("job 1 does it: [DEBOUNCED]");
    assertThat(shigoto.jobs().find(1).block(LIMIT).state()).isEqualTo(JobState.SCHEDULED);
    shigoto.stop(Duration.ZERO).block(LIMIT);
  }
}
