package io.shigoto.docs;

import static org.assertj.core.api.Assertions.assertThat;

import io.r2dbc.spi.ConnectionFactory;
import io.shigoto.Schemas;
import io.shigoto.Shigoto;
import io.shigoto.ShigotoBuilder;
import io.shigoto.control.LoadShedding;
import io.shigoto.event.JobEvent;
import io.shigoto.job.NewJob;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.worker.CircuitBreaker;
import io.shigoto.worker.JobContext;
import io.shigoto.worker.Outcome;
import io.shigoto.worker.RateLimit;
import io.shigoto.worker.ReactiveWorker;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** The code of docs/limits.md. */
class LimitingIT {

  private static final Duration LIMIT = Duration.ofSeconds(20);

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  private final Queue<JobEvent> events = new ConcurrentLinkedQueue<>();

  interface Partner {
    Mono<Void> send(Order order);
  }

  record Order(int number) {}

  // shown
  record CallPartner(Partner partner) implements ReactiveWorker<Order> {

    @Override
    public Mono<Outcome> perform(JobContext<Order> job) {
      return partner.send(job.args()).thenReturn(Outcome.done());
    }

    @Override
    public RateLimit rateLimit() {
      return RateLimit.of(100, Duration.ofMinutes(1));
    }

    @Override
    public int concurrency() {
      return 4;
    }

    @Override
    public CircuitBreaker circuitBreaker() {
      return CircuitBreaker.standard().percent(30).open(Duration.ofMinutes(1));
    }
  }

  // end

  interface Bank {
    Mono<Void> charge(Charge charge);
  }

  record Charge(int cents) {}

  private final Bank bank = charge -> Mono.empty();

  // shown
  final class ChargeCard implements ReactiveWorker<Charge> {

    @Override
    public Mono<Outcome> perform(JobContext<Charge> job) {
      return bank.charge(job.args()).thenReturn(Outcome.done());
    }

    @Override
    public int globalConcurrency() {
      return 7;
    }

    @Override
    public int partitionConcurrency() {
      return 1;
    }
  }

  // end

  @Test
  void aWorkerWithLimitsOfTheClusterDoesItsJobs() {
    Shigoto shigoto = start(new ChargeCard());
    shigoto
        .enqueueAll(
            Flux.range(0, 40)
                .map(i -> NewJob.of(ChargeCard.class, new Charge(i)).partitionKey("c" + i % 4)))
        .then()
        .block(LIMIT);

    Await.until(LIMIT, () -> count(JobEvent.Kind.COMPLETED) == 40);
    shigoto.stop(Duration.ZERO).block(LIMIT);
  }

  @Test
  void aHundredStartAndTheOthersStayAvailable() {
    ConnectionFactory factory = db.connectionFactory();
    AtomicInteger sent = new AtomicInteger();
    Partner partner = order -> Mono.fromRunnable(sent::incrementAndGet);
    Flux<Order> orders = Flux.range(0, 150).map(Order::new);
    // shown
    Shigoto shigoto =
        Shigoto.builder(factory).worker(new CallPartner(partner)).queue("default", 10).build();

    Mono<Long> enqueued =
        shigoto
            .start()
            .thenMany(shigoto.enqueueAll(orders.map(order -> NewJob.of(CallPartner.class, order))))
            .count();
    // end
    Disposable watching = shigoto.events().subscribe(events::add);
    assertThat(enqueued.block(LIMIT)).isEqualTo(150);

    Await.until(LIMIT, () -> sent.get() == 100);
    Await.until(LIMIT, () -> count(JobEvent.Kind.RATE_LIMITED) > 0);
    assertThat(db.number("SELECT count(*) FROM shigoto.jobs WHERE state = 'available'"))
        .isEqualTo(50);
    watching.dispose();
    shigoto.stop(Duration.ZERO).block(LIMIT);
  }

  @Test
  void theRateLimitsOfThePageAreAccepted() {
    // shown
    RateLimit window = RateLimit.of(100, Duration.ofMinutes(1));
    RateLimit bursts = RateLimit.of(100, Duration.ofMinutes(1)).tokenBucket().burst(20);
    RateLimit spaced = RateLimit.of(100, Duration.ofMinutes(1)).gcra().burst(2);
    // end
    // shown
    RateLimit together = RateLimit.of(100, Duration.ofMinutes(1)).global();
    RateLimit eachCustomer =
        RateLimit.of(10, Duration.ofMinutes(1)).tokenBucket().burst(5).global().perPartition();
    RateLimit eachCustomerHere = RateLimit.of(10, Duration.ofMinutes(1)).perPartition();
    // end
    for (RateLimit limit : List.of(together, eachCustomer, eachCustomerHere)) {
      aPacedWorkerDoesItsJobs(limit);
    }
    assertThat(window.burst()).isEqualTo(100);
    assertThat(bursts.burst()).isEqualTo(20);
    assertThat(spaced.burst()).isEqualTo(2);
  }

  private void aPacedWorkerDoesItsJobs(RateLimit limit) {
    events.clear();
    ReactiveWorker<Order> paced =
        new ReactiveWorker<>() {
          @Override
          public String name() {
            return "paced";
          }

          @Override
          public Mono<Outcome> perform(JobContext<Order> job) {
            return Mono.empty();
          }

          @Override
          public RateLimit rateLimit() {
            return limit;
          }
        };
    Shigoto shigoto = start(paced);
    shigoto
        .enqueueAll(
            Flux.range(0, 5)
                .map(i -> NewJob.of("paced", Map.of("number", i)).partitionKey("c" + i % 2)))
        .then()
        .block(LIMIT);
    Await.until(LIMIT, () -> count(JobEvent.Kind.COMPLETED) == 5);
    shigoto.stop(Duration.ZERO).block(LIMIT);
  }

  @Test
  void aNodeThatShedsDoesItsJobs() {
    ConnectionFactory connectionFactory = db.connectionFactory();
    // shown
    ShigotoBuilder sheds =
        Shigoto.builder(connectionFactory)
            .shedding(LoadShedding.standard().waiting(Duration.ofSeconds(10)))
            .queue("default", 20);

    // end
    Shigoto shigoto = sheds.worker(new ChargeCard()).build();
    shigoto.start().block(LIMIT);
    long id = shigoto.enqueue(NewJob.of(ChargeCard.class, new Charge(5))).block(LIMIT).id();
    Await.until(LIMIT, () -> shigoto.jobs().find(id).block(LIMIT).state().isTerminal());
    shigoto.stop(Duration.ZERO).block(LIMIT);
  }

  private Shigoto start(ReactiveWorker<?> worker) {
    Shigoto shigoto =
        Shigoto.builder(db.connectionFactory())
            .worker(worker)
            .queue("default", 10)
            .listener(events::add)
            .build();
    shigoto.start().block(LIMIT);
    return shigoto;
  }

  private long count(JobEvent.Kind kind) {
    return events.stream().filter(event -> event.kind() == kind).count();
  }
}
