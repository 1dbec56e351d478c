package io.shigoto.docs;

import static org.assertj.core.api.Assertions.assertThat;

import io.r2dbc.spi.ConnectionFactory;
import io.shigoto.Schemas;
import io.shigoto.Shigoto;
import io.shigoto.job.ContextEntry;
import io.shigoto.job.NewJob;
import io.shigoto.job.Receipt;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.worker.JobContext;
import io.shigoto.worker.Outcome;
import io.shigoto.worker.ReactiveWorker;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Mono;
import reactor.util.context.Context;

/** The code of docs/context.md. */
class ContextPageIT {

  private static final Duration LIMIT = Duration.ofSeconds(20);

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  // shown
  record Order(int number) {}

  record User(long id, boolean admin) {}

  record Ship(Shipping shipping) implements ReactiveWorker<Order> {

    @Override
    public Mono<Outcome> perform(JobContext<Order> job) {
      return Mono.deferContextual(
          context -> {
            String tenant = context.get("tenant");
            User user = context.get(User.class);
            return shipping.ship(job.args(), tenant, user).thenReturn(Outcome.done());
          });
    }
  }

  // end

  interface Shipping {
    Mono<Void> ship(Order order, String tenant, User user);
  }

  @Test
  void entriesTravelWithTheJob() {
    ConnectionFactory factory = db.connectionFactory();
    AtomicReference<String> shipped = new AtomicReference<>();
    Ship ship =
        new Ship(
            (order, tenant, user) ->
                Mono.deferContextual(
                    context ->
                        Mono.fromRunnable(
                            () ->
                                shipped.set(
                                    "%s %s %s %s"
                                        .formatted(
                                            order, tenant, user, context.get("traceparent"))))));
    String traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    // shown
    Shigoto shigoto =
        Shigoto.builder(factory)
            .propagate("tenant")
            .propagate(
                ContextEntry.of(
                    User.class,
                    "user",
                    user -> user.id() + (user.admin() ? " admin" : ""),
                    text -> new User(Long.parseLong(text.split(" ")[0]), text.endsWith(" admin"))))
            .worker(ship)
            .queue("default", 10)
            .build();

    Mono<Receipt> enqueued =
        shigoto
            .enqueue(NewJob.of(Ship.class, new Order(7)))
            .contextWrite(Context.of("tenant", "acme", User.class, new User(42, true)))
            .contextWrite(Context.of("traceparent", traceparent));
    // end
    shigoto.start().block(LIMIT);
    long id = enqueued.block(LIMIT).id();
    shigoto.jobs().await(id).block(LIMIT);
    String meta = db.sql("SELECT meta::text FROM shigoto.all_jobs").get(0).get("meta").toString();
    shigoto.stop(Duration.ZERO).block(LIMIT);

    assertThat(shipped).hasValue("Order[number=7] acme User[id=42, admin=true] " + traceparent);
    assertThat(meta)
        .contains("\"shigoto.context.tenant\": \"acme\"")
        .contains("\"shigoto.context.user\": \"42 admin\"");
  }
}
