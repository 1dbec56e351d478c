package io.shigoto.docs;

import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.Jobs;
import io.shigoto.Schemas;
import io.shigoto.Shigoto;
import io.shigoto.control.Cancellation;
import io.shigoto.control.Deletion;
import io.shigoto.control.JobFilter;
import io.shigoto.control.JobPage;
import io.shigoto.control.Page;
import io.shigoto.control.Retry;
import io.shigoto.job.Job;
import io.shigoto.job.JobState;
import io.shigoto.job.NewJob;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.worker.Outcome;
import io.shigoto.worker.Worker;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** The code of docs/control.md. */
class ControlPageIT {

  private static final Duration LIMIT = Duration.ofSeconds(20);

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @Test
  void jobsAreFoundAndRetried() {
    Shigoto shigoto =
        Shigoto.builder(db.connectionFactory())
            .worker(
                Worker.of(
                    "invoice",
                    Integer.class,
                    job -> Mono.just(job.attempt() == 1 ? Outcome.discard("no") : Outcome.done())))
            .queue("billing", 5)
            .build();
    shigoto.start().block(LIMIT);
    shigoto
        .enqueueAll(
            Flux.range(0, 100).map(i -> NewJob.of("invoice", i).queue("billing").tags("monthly")))
        .blockLast(LIMIT);
    Await.until(LIMIT, () -> db.number("SELECT count(*) FROM shigoto.job_history") == 100);
    Instant yesterday = Instant.now().minus(Duration.ofDays(1));
    // shown
    Jobs jobs = shigoto.jobs();
    JobFilter failed =
        JobFilter.where()
            .queue("billing")
            .tags("monthly")
            .state(JobState.DISCARDED)
            .finishedFrom(yesterday);

    Mono<JobPage> newest = jobs.search(failed, Page.first(20));
    Mono<Retry.Counts> again = jobs.retryAll(failed);
    // end
    assertThat(newest.block(LIMIT).jobs()).hasSize(20);
    // shown
    Flux<Job> every =
        jobs.search(failed, Page.first(100))
            .expand(page -> page.next() == null ? Mono.empty() : jobs.search(failed, page.next()))
            .flatMapIterable(JobPage::jobs);
    // end
    assertThat(every.count().block(LIMIT)).isEqualTo(100);
    // shown
    JobFilter ofCustomer = JobFilter.where().args(Map.of("customer", Map.of("id", 17)));
    // end
    assertThat(jobs.search(ofCustomer, Page.first(1)).block(LIMIT).jobs()).isEmpty();
    long id = every.blockFirst(LIMIT).id();
    // shown
    Mono<String> answer =
        jobs.retry(id)
            .map(
                retry -> {
                  if (retry instanceof Retry.Retried || retry instanceof Retry.DueNow) {
                    return "it is available, or waits";
                  } else if (retry instanceof Retry.KeyHeld held) {
                    return "job " + held.holder() + " has its unique key";
                  } else if (retry instanceof Retry.Refused refused) {
                    return "it is " + refused.state();
                  }
                  return "there is no such job";
                });
    // end
    assertThat(answer.block(LIMIT)).isEqualTo("it is available, or waits");
    assertThat(again.block(LIMIT).retried()).isGreaterThanOrEqualTo(99);
    // shown
    Mono<Cancellation.Counts> stopped = jobs.cancelAll(JobFilter.where().queue("billing"));
    Mono<Deletion.Counts> cleared =
        jobs.deleteAll(JobFilter.where().queue("billing").state(JobState.CANCELLED));
    // end
    stopped.then(cleared).block(LIMIT);
    shigoto.stop(Duration.ZERO).block(LIMIT);
  }
}
