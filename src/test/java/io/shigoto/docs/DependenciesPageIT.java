package io.shigoto.docs;

import static io.shigoto.workflow.Workflow.after;
import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.Schemas;
import io.shigoto.Shigoto;
import io.shigoto.job.IfNotCompleted;
import io.shigoto.job.JobState;
import io.shigoto.job.NewJob;
import io.shigoto.job.Receipt;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.worker.JobContext;
import io.shigoto.worker.Outcome;
import io.shigoto.worker.ReactiveWorker;
import io.shigoto.worker.Worker;
import io.shigoto.workflow.Workflow;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/** The code of docs/dependencies.md. */
class DependenciesPageIT {

  private static final Duration LIMIT = Duration.ofSeconds(20);

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  interface Post {
    Mono<Void> send(int number, long cents);
  }

  private static final Sinks.Many<String> SENT = Sinks.many().replay().all();

  private static final Post post =
      (number, cents) -> Mono.fromRunnable(() -> SENT.tryEmitNext(number + ": " + cents));

  // shown
  record Order(int number) {}

  record Charge(String card, long cents) {}

  static final class Ship implements ReactiveWorker<Order> {

    @Override
    public Mono<Outcome> perform(JobContext<Order> job) {
      Charge charge = job.results().of("charge", Charge.class).orElseThrow();
      return post.send(job.args().number(), charge.cents()).thenReturn(Outcome.done());
    }
  }

  // end

  private Shigoto shigoto;

  @BeforeEach
  void start() {
    shigoto =
        Shigoto.builder(db.connectionFactory())
            .worker(new Ship())
            .worker(Worker.of("Reserve", Order.class, job -> Mono.empty()))
            .worker(
                Worker.of(
                    "ChargeCard",
                    Order.class,
                    job ->
                        Mono.just(
                            job.args().number() < 0
                                ? Outcome.discard("no such order")
                                : Outcome.done(new Charge("1234", 500)))))
            .worker(Worker.of("OrderMail", Order.class, job -> Mono.empty()))
            .queue("default", 5)
            .build();
    shigoto.start().block(LIMIT);
  }

  @AfterEach
  void stop() {
    shigoto.stop(Duration.ZERO).block(LIMIT);
  }

  @Test
  void anOrderIsShippedWhenItIsPaid() {
    Map<String, Receipt> receipts = enqueue(new Order(17));

    awaitState(receipts.get("mail"), JobState.COMPLETED);
    awaitState(receipts.get("ship"), JobState.COMPLETED);
    assertThat(SENT.asFlux().blockFirst(LIMIT)).isEqualTo("17: 500");
  }

  @Test
  void anOrderThatIsNotPaidIsNotShipped() {
    Map<String, Receipt> receipts = enqueue(new Order(-1));

    awaitState(receipts.get("mail"), JobState.COMPLETED);
    awaitState(receipts.get("ship"), JobState.CANCELLED);
  }

  private Map<String, Receipt> enqueue(Order order) {
    // shown
    Workflow workflow =
        Workflow.named("order")
            .step("reserve", NewJob.of("Reserve", order))
            .step("charge", NewJob.of("ChargeCard", order))
            .step(
                "ship",
                NewJob.of(Ship.class, order).ifNotCompleted(IfNotCompleted.CANCEL),
                after("reserve", "charge"))
            .step("mail", NewJob.of("OrderMail", order), after("ship"))
            .build();

    Mono<Map<String, Receipt>> receipts = shigoto.enqueue(workflow);
    // end
    return receipts.block(LIMIT);
  }

  @Test
  void oneJobComesAfterOthers() {
    Order order = new Order(-1);
    long reserveId = shigoto.enqueue(NewJob.of("Reserve", order)).block(LIMIT).id();
    long chargeId = shigoto.enqueue(NewJob.of("ChargeCard", order)).block(LIMIT).id();
    // shown
    Mono<Receipt> shipped =
        shigoto.enqueue(
            NewJob.of("OrderMail", order)
                .dependsOn(reserveId, chargeId)
                .ifNotCompleted(IfNotCompleted.DISCARD));
    // end
    awaitState(shipped.block(LIMIT), JobState.DISCARDED);
  }

  private void awaitState(Receipt receipt, JobState state) {
    Await.until(
        receipt + " is " + state,
        LIMIT,
        () -> shigoto.jobs().find(receipt.id()).block(LIMIT).state() == state);
  }
}
