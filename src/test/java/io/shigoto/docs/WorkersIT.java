package io.shigoto.docs;

import static org.assertj.core.api.Assertions.assertThat;

import io.r2dbc.spi.ConnectionFactory;
import io.shigoto.Schemas;
import io.shigoto.Shigoto;
import io.shigoto.job.Job;
import io.shigoto.job.JobState;
import io.shigoto.job.NewJob;
import io.shigoto.job.Receipt;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.worker.JobContext;
import io.shigoto.worker.Outcome;
import io.shigoto.worker.ReactiveWorker;
import io.shigoto.worker.Worker;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import tools.jackson.core.type.TypeReference;

/** The code of docs/workers.md. */
class WorkersIT {

  private static final Duration LIMIT = Duration.ofSeconds(20);

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @Test
  void aPaidInvoiceIsDone() {
    ConnectionFactory factory = db.connectionFactory();
    Payments payments = number -> Mono.just(Payment.PAID);
    // shown
    Shigoto shigoto =
        Shigoto.builder(factory).worker(new SendInvoice(payments)).queue("default", 10).build();

    Mono<Receipt> enqueued =
        shigoto.start().then(shigoto.enqueue(NewJob.of(SendInvoice.class, new Invoice(7))));
    // end
    long id = enqueued.block(LIMIT).id();
    shigoto.jobs().await(id).block(LIMIT);
    assertThat(shigoto.jobs().find(id).block(LIMIT).result()).isEqualTo("{\"paid\": true}");
    shigoto.stop(Duration.ZERO).block(LIMIT);
  }

  @Test
  void aWorkerSaysHowItsJobsAreTried() {
    Job job = run(new RemindOfInvoice(), new Invoice(7));

    assertThat(job.state()).isEqualTo(JobState.RETRYABLE);
    assertThat(job.worker()).isEqualTo("invoice.remind");
    assertThat(job.queue()).isEqualTo("billing");
    assertThat(job.maxAttempts()).isEqualTo(10);
    assertThat(Duration.between(job.insertedAt(), job.scheduledAt()))
        .isBetween(Duration.ofMinutes(1), Duration.ofMinutes(2));
  }

  @ParameterizedTest
  @CsvSource({
    "PAID, COMPLETED, 1",
    "PENDING, SCHEDULED, 0",
    "CALLED_OFF, CANCELLED, 1",
    "UNKNOWN, DISCARDED, 1",
    "REFUSED, RETRYABLE, 1",
  })
  void anOutcomeMovesTheJob(Payment payment, JobState state, int attempt) {
    Job job = run(new SendInvoice(id -> Mono.just(payment)), new Invoice(7));

    assertThat(job.state()).isEqualTo(state);
    assertThat(job.attempt()).isEqualTo(attempt);
  }

  @Test
  void aFunctionIsAWorker() {
    // shown
    ReactiveWorker<List<String>> join =
        Worker.of(
            "join",
            new TypeReference<List<String>>() {}.getType(),
            job -> Mono.just(Outcome.done(String.join(", ", job.args()))));
    // end
    assertThat(run(join, List.of("a", "b")).result()).isEqualTo("\"a, b\"");
  }

  @Test
  void theJobIsInTheContext() {
    ReactiveWorker<Map<String, Object>> deep = new Deep();

    assertThat(run(deep, Map.of()).result()).isEqualTo("\"shigoto-job-1\"");
  }

  static final class Deep implements ReactiveWorker<Map<String, Object>> {

    @Override
    public Mono<Outcome> perform(JobContext<Map<String, Object>> job) {
      return key().map(Outcome::done);
    }

    // shown
    Mono<String> key() {
      return JobContext.current().map(JobContext::idempotencyKey);
    }
    // end
  }

  @Test
  void workThatBlocksHasThreadsOfItsOwn() {
    AtomicInteger blocked = new AtomicInteger();
    Invoices invoices = id -> blocked.incrementAndGet();
    // shown
    ReactiveWorker<Invoice> archive =
        Worker.of(
            "archive",
            Invoice.class,
            job ->
                Mono.fromCallable(() -> invoices.archiveAndWait(job.args().number()))
                    .subscribeOn(Schedulers.boundedElastic())
                    .map(Outcome::done));
    // end
    assertThat(run(archive, new Invoice(1)).result()).isEqualTo("1");
  }

  private static <A> Job run(ReactiveWorker<A> worker, A args) {
    Shigoto shigoto =
        Shigoto.builder(db.connectionFactory())
            .worker(worker)
            .queue("default", 1)
            .queue("billing", 1)
            .build();
    shigoto.start().block(LIMIT);
    long id = shigoto.enqueue(NewJob.of(worker.name(), args)).block(LIMIT).id();
    Await.until(
        LIMIT,
        () ->
            db.number(
                    "SELECT count(*) FROM shigoto.all_jobs WHERE id = $1 AND lease = 1 AND owner IS NULL",
                    id)
                == 1);
    Job job = shigoto.jobs().find(id).block(LIMIT);
    shigoto.stop(Duration.ZERO).block(LIMIT);
    return job;
  }

  enum Payment {
    PAID,
    PENDING,
    CALLED_OFF,
    UNKNOWN,
    REFUSED
  }

  interface Payments {
    Mono<Payment> of(int invoice);
  }

  interface Invoices {
    int archiveAndWait(int number);
  }

  static final class RemindOfInvoice implements ReactiveWorker<Invoice> {

    @Override
    public Mono<Outcome> perform(JobContext<Invoice> job) {
      return Mono.error(new IllegalStateException("not reachable"));
    }

    // shown
    @Override
    public String name() {
      return "invoice.remind";
    }

    @Override
    public Set<String> aliases() {
      return Set.of("RemindOfInvoice");
    }

    @Override
    public String queue() {
      return "billing";
    }

    @Override
    public int maxAttempts() {
      return 10;
    }

    @Override
    public Duration timeout() {
      return Duration.ofSeconds(30);
    }

    @Override
    public Duration backoff(int attempt, Throwable error) {
      return Duration.ofMinutes(attempt);
    }
    // end
  }

  // shown
  record Invoice(int number) {}

  record SendInvoice(Payments payments) implements ReactiveWorker<Invoice> {

    @Override
    public Mono<Outcome> perform(JobContext<Invoice> job) {
      return payments.of(job.args().number()).map(SendInvoice::outcome);
    }

    private static Outcome outcome(Payment payment) {
      return switch (payment) {
        case PAID -> Outcome.done(Map.of("paid", true));
        case PENDING -> Outcome.snooze(Duration.ofHours(1));
        case CALLED_OFF -> Outcome.cancel("the customer called it off");
        case UNKNOWN -> Outcome.discard("there is no such invoice");
        case REFUSED -> Outcome.failed("the bank refused");
      };
    }
  }
  // end
}
