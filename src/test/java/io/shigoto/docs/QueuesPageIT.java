package io.shigoto.docs;

import io.r2dbc.spi.ConnectionFactory;
import io.shigoto.QueueStatus;
import io.shigoto.Queues;
import io.shigoto.Schemas;
import io.shigoto.Shigoto;
import io.shigoto.ShigotoBuilder;
import io.shigoto.control.QueueOptions;
import io.shigoto.job.NewJob;
import io.shigoto.job.Receipt;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.worker.Worker;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** The code of docs/queues.md. */
class QueuesPageIT {

  private static final Duration LIMIT = Duration.ofSeconds(20);

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @Test
  void queuesChangeWhileTheNodeWorks() {
    Shigoto shigoto =
        Shigoto.builder(db.connectionFactory()).queue("billing", 5).queue("reports", 1).build();
    shigoto.start().block(LIMIT);
    // shown
    Queues queues = shigoto.queues();

    Mono<Void> maintenance =
        queues
            .pause("billing")
            .then(queues.drained("billing"))
            .then(migrateTheInvoices())
            .then(queues.resume("billing"));
    // end
    maintenance.block(LIMIT);
    // shown
    Mono<Void> moved =
        queues
            .add("imports", 2)
            .then(queues.resize("billing", 20))
            .then(queues.remove("reports", Duration.ofSeconds(30)));
    // end
    moved.block(LIMIT);
    // shown
    Flux<String> waiting =
        queues
            .list()
            .filter(queue -> queue.available() > 0 && queue.nodes() == 0)
            .map(QueueStatus::name);
    // end
    shigoto.enqueue(NewJob.of("report", 1).queue("reports")).block(LIMIT);
    Await.until(LIMIT, () -> waiting.collectList().block(LIMIT).equals(List.of("reports")));
    shigoto.stop(Duration.ZERO).block(LIMIT);
  }

  @Test
  void aFairQueueRunsWhatItIsGiven() {
    ConnectionFactory connectionFactory = db.connectionFactory();
    // shown
    ShigotoBuilder tenants =
        Shigoto.builder(connectionFactory).queue("tenants", QueueOptions.concurrency(20).fair());

    // end
    Shigoto shigoto =
        tenants.worker(Worker.of("export", Integer.class, job -> Mono.empty())).build();
    shigoto.start().block(LIMIT);
    // shown
    Mono<Receipt> one =
        shigoto.enqueue(NewJob.of("export", 17).queue("tenants").partitionKey("acme"));
    // end
    long id = one.block(LIMIT).id();
    Await.until(LIMIT, () -> shigoto.jobs().find(id).block(LIMIT).state().isTerminal());
    shigoto.stop(Duration.ZERO).block(LIMIT);
  }

  @Test
  void aNodeSharesItsSlots() {
    ConnectionFactory connectionFactory = db.connectionFactory();
    // shown
    ShigotoBuilder shared =
        Shigoto.builder(connectionFactory)
            .concurrency(20)
            .queue("mail", QueueOptions.concurrency(20).weight(3))
            .queue("reports", QueueOptions.concurrency(20));

    // end
    Shigoto shigoto =
        shared.worker(Worker.of("report", Integer.class, job -> Mono.empty())).build();
    shigoto.start().block(LIMIT);
    long id = shigoto.enqueue(NewJob.of("report", 1).queue("reports")).block(LIMIT).id();
    Await.until(LIMIT, () -> shigoto.jobs().find(id).block(LIMIT).state().isTerminal());
    shigoto.stop(Duration.ZERO).block(LIMIT);
  }

  private static Mono<Void> migrateTheInvoices() {
    return Mono.empty();
  }
}
