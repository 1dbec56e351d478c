package io.shigoto.docs;

import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.Schemas;
import io.shigoto.Shigoto;
import io.shigoto.control.Reason;
import io.shigoto.job.NewJob;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.worker.Worker;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Mono;

/** The code of docs/explain.md. */
class ExplainPageIT {

  private static final Duration LIMIT = Duration.ofSeconds(20);

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @Test
  void aPausedQueueAndAWrongName() {
    Shigoto shigoto =
        Shigoto.builder(db.connectionFactory())
            .worker(Worker.of("mail", String.class, job -> Mono.empty()))
            .queue("default", 1)
            .build();
    shigoto.start().block(LIMIT);
    shigoto.queues().pause("default").block(LIMIT);
    long id = shigoto.enqueue(NewJob.of("mial", "ada@example.org")).block(LIMIT).id();
    // shown
    Mono<String> answer =
        shigoto
            .jobs()
            .explain(id)
            .map(
                explanation ->
                    explanation.has(Reason.QueuePaused.class)
                        ? "resume the queue: " + explanation
                        : explanation.toString());
    // end
    assertThat(answer.block(LIMIT))
        .isEqualTo(
            "resume the queue: job "
                + id
                + " is available: queue 'default' is paused; no live node knows worker 'mial'");
    shigoto.stop(Duration.ZERO).block(LIMIT);
  }
}
