package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import io.r2dbc.spi.Connection;
import io.shigoto.batch.NewBatch;
import io.shigoto.control.JobFilter;
import io.shigoto.control.Page;
import io.shigoto.control.QueueOptions;
import io.shigoto.job.JobState;
import io.shigoto.job.NewJob;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.worker.Outcome;
import io.shigoto.worker.Worker;
import io.shigoto.workflow.Workflow;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Signal;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import tools.jackson.core.type.TypeReference;

/**
 * On which threads the application hears. What it does there must hold up nothing of the node's.
 */
class AnsweringIT {

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Scheduler application = Schedulers.newSingle("application", true);

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void everyCallIsAnsweredOnThreadsForThat(boolean ownScheduler) {
    Shigoto node = start(ownScheduler);
    String threads = ownScheduler ? "shigoto-answer-" : "shigoto-worker-";
    long id = node.enqueue(NewJob.of("w", "x")).block(LIMIT).id();
    node.jobs().await(id).block(LIMIT);

    List<Method> calls = calls();
    assertThat(calls).hasSizeGreaterThan(30);
    for (Method call : calls) {
      assertThat(heard(node, call, id))
          .as("%s", call)
          .isNotEmpty()
          .allMatch(thread -> thread.startsWith(threads));
    }
  }

  /** These may block. */
  @Test
  void theEndOfAStopIsHeardOnAThreadThatMayWait() {
    Shigoto node = start(false);

    assertThat(signals(node.stop(Duration.ZERO)))
        .singleElement()
        .asString()
        .startsWith("shigoto-aside-");
  }

  /** What is called of a node by the application, whatever is added. */
  private static List<Method> calls() {
    return Stream.concat(
            Stream.of(Shigoto.class),
            Arrays.stream(Shigoto.class.getMethods())
                .map(Method::getReturnType)
                .filter(type -> type.getPackage() == Shigoto.class.getPackage())
                .filter(type -> type != ShigotoBuilder.class))
        .distinct()
        .flatMap(type -> Arrays.stream(type.getMethods()))
        .filter(method -> Publisher.class.isAssignableFrom(method.getReturnType()))
        .filter(method -> !List.of("stop", "events").contains(method.getName()))
        .toList();
  }

  private static List<String> heard(Shigoto node, Method call, long id) {
    Connection connection =
        Mono.from(db.connectionFactory().create())
            .delayUntil(Connection::beginTransaction)
            .cast(Connection.class)
            .block(LIMIT);
    try {
      Object[] given =
          Arrays.stream(call.getParameterTypes())
              .map(type -> value(type, call.getName(), id, connection))
              .toArray();
      return signals((Publisher<?>) call.invoke(owner(node, call.getDeclaringClass()), given));
    } catch (IllegalAccessException | InvocationTargetException broken) {
      throw new AssertionError(call.toString(), broken);
    } finally {
      Mono.from(connection.close()).block(LIMIT);
    }
  }

  private static List<String> signals(Publisher<?> answer) {
    return Flux.from(answer)
        .<Signal<?>>materialize()
        .map(signal -> Thread.currentThread().getName() + " hears " + signal.getType())
        .collectList()
        .block(LIMIT);
  }

  private static Object owner(Shigoto node, Class<?> type) {
    return Stream.of(node, node.jobs(), node.queues(), node.batches(), node.broadcasts())
        .filter(type::isInstance)
        .findFirst()
        .orElseThrow(() -> new AssertionError("nobody has " + type));
  }

  private static Object value(Class<?> type, String call, long id, Connection connection) {
    if (type == long.class) {
      return id;
    } else if (type == int.class) {
      return 1;
    } else if (type == Connection.class) {
      return connection;
    } else if (type == JobFilter.class) {
      return call.equals("cancelAll")
          ? JobFilter.where().state(JobState.AVAILABLE)
          : JobFilter.all();
    }
    return Stream.of(
            NewJob.of("w", "x"),
            NewBatch.of("w", "x"),
            Workflow.named("x").step("a", NewJob.of("w", "x")).build(),
            Page.first(1),
            QueueOptions.concurrency(1),
            Flux.just(NewJob.of("w", "x")),
            List.of(NewJob.of("w", "x")),
            Duration.ZERO,
            String.class,
            new TypeReference<String>() {},
            "x")
        .filter(type::isInstance)
        .findFirst()
        .orElseThrow(() -> new AssertionError("no value of " + type));
  }

  private Shigoto start(boolean ownScheduler) {
    ShigotoBuilder builder =
        Shigoto.builder(db.connectionFactory())
            .worker(Worker.of("w", String.class, job -> Mono.just(Outcome.done("x"))))
            .queue("default", 10);
    return nodes.start(ownScheduler ? builder.workerScheduler(application) : builder);
  }
}
