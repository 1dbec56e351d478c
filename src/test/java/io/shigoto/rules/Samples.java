package io.shigoto.rules;

import io.r2dbc.spi.Connection;
import io.r2dbc.spi.ConnectionFactories;
import io.shigoto.Shigoto;
import io.shigoto.ShigotoBuilder;
import io.shigoto.batch.NewBatch;
import io.shigoto.broadcast.Receiver;
import io.shigoto.control.Explanation;
import io.shigoto.control.JobFilter;
import io.shigoto.control.LoadShedding;
import io.shigoto.control.Page;
import io.shigoto.control.QueueOptions;
import io.shigoto.event.JobListener;
import io.shigoto.internal.json.StoredResults;
import io.shigoto.job.ContextEntry;
import io.shigoto.job.Job;
import io.shigoto.job.JobState;
import io.shigoto.job.NewJob;
import io.shigoto.worker.CircuitBreaker;
import io.shigoto.worker.Middleware;
import io.shigoto.worker.RateLimit;
import io.shigoto.worker.ReactiveWorker;
import io.shigoto.worker.Unique;
import io.shigoto.worker.Worker;
import io.shigoto.workflow.Workflow;
import java.lang.reflect.Array;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.json.JsonMapper;

/** A value of each type that users give, and of each whose methods they call. */
final class Samples {

  private static final Connection CONNECTION =
      (Connection)
          Proxy.newProxyInstance(
              Samples.class.getClassLoader(),
              new Class<?>[] {Connection.class},
              (proxy, method, given) -> {
                throw new AssertionError(method + " is called");
              });

  private static final ReactiveWorker<String> WORKER =
      Worker.of("w", String.class, job -> Mono.empty());

  static final Shigoto NODE = builder().worker(WORKER).build();

  /** One value of each type that a method takes, and of each that has methods. */
  private static final List<Object> VALUES =
      List.of(
          NODE,
          NODE.jobs(),
          NODE.queues(),
          NODE.batches(),
          NODE.broadcasts(),
          ConnectionFactories.get("r2dbc:postgresql://nobody@localhost:1/none"),
          CONNECTION,
          NewJob.of("w", "x"),
          NewBatch.of("w", "x"),
          Workflow.named("x").step("a", NewJob.of("w", "x")).build(),
          Workflow.after("a"),
          Unique.by(Unique.Field.WORKER),
          RateLimit.of(1, Duration.ofSeconds(1)),
          CircuitBreaker.standard(),
          LoadShedding.standard(),
          QueueOptions.concurrency(1),
          JobFilter.all(),
          Page.first(1),
          new Explanation(1, null, List.of()),
          job(),
          new StoredResults((id, json, type) -> null),
          ContextEntry.of("x"),
          WORKER,
          Receiver.of("x", String.class, message -> Mono.empty()),
          (Middleware) (job, next) -> next.run(),
          (JobListener) event -> {},
          JsonMapper.builder().build(),
          Schedulers.immediate(),
          Flux.empty(),
          Duration.ofSeconds(1),
          Instant.EPOCH,
          String.class,
          new TypeReference<String>() {},
          List.of(1L),
          Set.of(),
          Map.of("a", "b"),
          UnaryOperator.identity(),
          new IllegalStateException("x"),
          "x");

  private Samples() {}

  static Object valueOf(Class<?> type) {
    if (type == int.class) {
      return 1;
    } else if (type == long.class) {
      return 1L;
    } else if (type.isArray()) {
      return Array.newInstance(type.getComponentType(), 0);
    } else if (type.isEnum()) {
      return type.getEnumConstants()[0];
    } else if (type == ShigotoBuilder.class) {
      return builder();
    } else if (type == Workflow.Builder.class) {
      return Workflow.named("x");
    } else if (type == Object.class) {
      return "x";
    }
    return VALUES.stream().filter(type::isInstance).findFirst().orElseThrow();
  }

  private static Job job() {
    return new Job(
        1,
        JobState.COMPLETED,
        "q",
        "w",
        "{}",
        Map.of(),
        Set.of(),
        0,
        1,
        1,
        null,
        Instant.EPOCH,
        Instant.EPOCH,
        null,
        null,
        null,
        List.of(),
        "1",
        null,
        null,
        List.of(),
        (id, json, type) -> 1);
  }

  private static ShigotoBuilder builder() {
    return Shigoto.builder(ConnectionFactories.get("r2dbc:postgresql://nobody@localhost:1/none"));
  }
}
