package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.event.JobEvent;
import io.shigoto.job.Job;
import io.shigoto.job.JobState;
import io.shigoto.job.NewJob;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.worker.JobContext;
import io.shigoto.worker.Outcome;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Mono;

/** Jobs that come back by themselves. The nodes poll once an hour: their alarm is all they have. */
class RetryIT {

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Told told = new Told();
  private final AtomicInteger runs = new AtomicInteger();

  @Test
  void retryableJobRunsAgainWhenItsBackoffEnds() {
    Shigoto node = start(job -> job.attempt() < 3 ? Mono.error(new Broken()) : Mono.empty());

    long id = node.enqueue(NewJob.of("work", Scripted.NOTHING)).block(LIMIT).id();
    told.await(JobEvent.Kind.COMPLETED);

    Job job = node.jobs().find(id).block(LIMIT);
    assertThat(job.attempt()).isEqualTo(3);
    assertThat(job.errors()).extracting("attempt").containsExactly(1, 2);
    assertThat(job.errors()).extracting("type").containsOnly("Broken");
    assertThat(
            db.number(
                "SELECT count(*) FROM shigoto.job_history"
                    + " WHERE claimed_at >= (errors->1->>'at')::timestamptz + interval '100 ms'"))
        .isOne();
  }

  @Test
  void jobOfANodeThatLeftIsRetriedByAnother() {
    Shigoto first = start(job -> Mono.error(new Broken()));
    long id = first.enqueue(NewJob.of("work", Scripted.NOTHING).maxAttempts(9)).block(LIMIT).id();
    told.await(JobEvent.Kind.FAILED);
    first.stop(Duration.ZERO).block(LIMIT);

    Shigoto second = start(job -> Mono.empty());
    told.await(JobEvent.Kind.COMPLETED);

    assertThat(second.jobs().find(id).block(LIMIT).errors()).isNotEmpty();
  }

  @Test
  void jobIsDiscardedAfterItsLastAttempt() {
    Shigoto node = start(job -> Mono.just(Outcome.failed("no " + job.attempt())));

    long id = node.enqueue(NewJob.of("work", Scripted.NOTHING).maxAttempts(2)).block(LIMIT).id();
    told.await(JobEvent.Kind.DISCARDED);

    Job job = node.jobs().find(id).block(LIMIT);
    assertThat(job.state()).isEqualTo(JobState.DISCARDED);
    assertThat(job.attempt()).isEqualTo(2);
    assertThat(job.errors()).extracting("message").containsExactly("no 1", "no 2");
    assertThat(runs).hasValue(2);
  }

  @Test
  void hundredSnoozesCostNoAttempt() {
    Shigoto node =
        start(
            job ->
                Mono.just(
                    runs.get() <= 100 ? Outcome.snooze(Duration.ofMillis(1)) : Outcome.done()));

    long id = node.enqueue(NewJob.of("work", Scripted.NOTHING).maxAttempts(1)).block(LIMIT).id();
    told.await(JobEvent.Kind.COMPLETED);

    Job job = node.jobs().find(id).block(LIMIT);
    assertThat(runs).hasValue(101);
    assertThat(told.count(JobEvent.Kind.SNOOZED)).isEqualTo(100);
    assertThat(job.attempt()).isEqualTo(1);
    assertThat(job.errors()).isEmpty();
  }

  private Shigoto start(Function<JobContext<Map<String, Object>>, Mono<Outcome>> script) {
    Shigoto node =
        nodes.start(
            Shigoto.builder(db.connectionFactory())
                .pollInterval(Duration.ofHours(1))
                .worker(
                    new Scripted(
                        "work",
                        job -> {
                          runs.incrementAndGet();
                          return script.apply(job);
                        }))
                .queue("default", 10)
                .listener(told));
    Await.until("it hears", LIMIT, () -> node.health().block(LIMIT).notificationsArrive());
    return node;
  }

  private static final class Broken extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }
}
