package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.context.ContextRegistry;
import io.shigoto.job.NewJob;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.worker.Outcome;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Hooks;
import reactor.core.publisher.Mono;

/** Thread locals that are registered with Micrometer's context-propagation. */
class ThreadLocalsIT {

  private static final ThreadLocal<String> TENANT = new ThreadLocal<>();

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  @BeforeEach
  void register() {
    ContextRegistry.getInstance().registerThreadLocalAccessor("tenant", TENANT);
  }

  @AfterEach
  void unregister() {
    TENANT.remove();
    Hooks.disableAutomaticContextPropagation();
    ContextRegistry.getInstance().removeThreadLocalAccessor("tenant");
  }

  @Test
  void automaticPropagationReachesFromThreadToThread() throws Exception {
    Hooks.enableAutomaticContextPropagation();
    TENANT.set("acme");

    assertThat(seen()).isEqualTo("acme acme");
    TENANT.remove();
    assertThat(seen()).isEqualTo("null null");
  }

  @Test
  void withoutItTheContextAloneIsTrue() throws Exception {
    TENANT.set("acme");

    assertThat(seen()).isEqualTo("null null");
  }

  /** Subscribes as somebody does who does not block, which would fill the Context. */
  private String seen() throws Exception {
    Shigoto node =
        nodes.start(
            Shigoto.builder(db.connectionFactory())
                .propagate("tenant")
                .worker(
                    new Scripted(
                        "work",
                        job -> {
                          String here = TENANT.get();
                          return Mono.deferContextual(
                              context ->
                                  Mono.just(
                                      Outcome.done(
                                          here + " " + context.getOrDefault("tenant", null))));
                        }))
                .queue("default", 1));
    Mono<String> result =
        node.enqueueAndAwait(NewJob.of("work", Scripted.NOTHING), String.class).cache();
    result.subscribe();
    TENANT.remove();
    return result.block(LIMIT);
  }
}
