package io.shigoto.internal.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.r2dbc.spi.Connection;
import io.r2dbc.spi.ConnectionFactories;
import io.shigoto.event.JobEvent;
import io.shigoto.internal.context.Propagation;
import io.shigoto.internal.job.Events;
import io.shigoto.internal.job.Jobs;
import io.shigoto.internal.job.Settlement;
import io.shigoto.internal.json.Json;
import io.shigoto.internal.known.Workers;
import io.shigoto.internal.limit.Permit;
import io.shigoto.internal.postgres.Connector;
import io.shigoto.internal.postgres.Database;
import io.shigoto.internal.postgres.Statements;
import io.shigoto.internal.thread.Crew;
import io.shigoto.worker.JobContext;
import io.shigoto.worker.Outcome;
import io.shigoto.worker.ReactiveWorker;
import io.shigoto.worker.Worker;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import tools.jackson.databind.json.JsonMapper;

class RunnerTest {

  private static final Duration LIMIT = Duration.ofSeconds(30);

  private final Json json = new Json(JsonMapper.builder().build(), 1024);
  private final List<JobEvent> told = new ArrayList<>();
  private final Events events = new Events("node", List.of(told::add));
  private final AtomicInteger calls = new AtomicInteger();
  private Object result = Map.of();
  private volatile @Nullable JobContext<?> context;

  /** It is cut after its turn came, while its thread is about to call the worker. */
  @Test
  void aRunThatMayNotStartAnyMoreDoesNotCallItsWorker() {
    Runs runs = new Runs(Schedulers.immediate());
    Permit late =
        new Permit() {
          @Override
          public boolean start() {
            runs.cutAll();
            return false;
          }
        };

    Settlement settlement =
        runner().run(runs.hold(Jobs.claimed(1, "some"), late, new Load(1, () -> {}))).block(LIMIT);

    assertThat(settlement).isEqualTo(Settlement.released(settlement.run()).asUnbegun());
    assertThat(calls).hasValue(0);
    assertThat(told).isEmpty();
  }

  /** Also one without limits: its job may be changed by the next one of its unique key. */
  @Test
  void aRunThatWasSettledAsNeverBegunDoesNotBegin() {
    Run run =
        new Runs(Schedulers.immediate())
            .hold(Jobs.claimed(1, "some"), Permit.FREE, new Load(1, () -> {}));

    assertThat(run.settlement()).isEqualTo(Settlement.released(run.key()).asUnbegun());

    assertThat(run.begin()).isFalse();
  }

  @Test
  void aResultThatCannotBeWrittenIsAFailureForTheLimitsOfItsWorker() {
    List<Outcome> heard = new ArrayList<>();
    Permit permit =
        new Permit() {
          @Override
          public void ended(Outcome outcome) {
            heard.add(outcome);
          }
        };
    result = Double.NaN;

    runner()
        .run(
            new Runs(Schedulers.immediate())
                .hold(Jobs.claimed(1, "some"), permit, new Load(1, () -> {})))
        .block(LIMIT);

    assertThat(heard).singleElement().isInstanceOf(Outcome.Failed.class);
  }

  /** It would be counted when its transaction is over, and was when the worker ended. */
  @Test
  void aRunWhoseEndWasCountedIsNotEntrustedToItsWorkerAnyMore() {
    List<Throwable> refused = new ArrayList<>();
    Permit permit =
        new Permit() {
          @Override
          public void ended(Outcome outcome) {
            Objects.requireNonNull(context)
                .completeIn(unused())
                .subscribe(nothing -> {}, refused::add);
          }
        };
    Run run =
        new Runs(Schedulers.immediate())
            .hold(Jobs.claimed(1, "some"), permit, new Load(1, () -> {}));

    runner().run(run).block(LIMIT);

    assertThat(refused).singleElement().isInstanceOf(IllegalStateException.class);
    assertThat(run.isEntrusted()).isFalse();
  }

  private static Connection unused() {
    return (Connection)
        Proxy.newProxyInstance(
            RunnerTest.class.getClassLoader(),
            new Class<?>[] {Connection.class},
            (proxy, method, args) -> {
              throw new AssertionError(method);
            });
  }

  private Runner runner() {
    ReactiveWorker<Object> worker =
        Worker.of(
            "some",
            Object.class,
            job -> {
              calls.incrementAndGet();
              context = job;
              return Mono.just(Outcome.done(result));
            });
    return new Runner(
        new Workers(List.of(worker), List.of(), json),
        new Runner.Reading(json, new Propagation(List.of(), json), parents -> Mono.never()),
        new Transition("node", json),
        (run, connection, result) -> Mono.empty(),
        new Reports(nowhere(), new Statements("shigoto"), events, Schedulers.parallel()),
        events,
        Schedulers.immediate(),
        Crew.aside("aside", Schedulers.parallel(), System::nanoTime));
  }

  private static Database nowhere() {
    Connector connector =
        new Connector(
            ConnectionFactories.get("r2dbc:postgresql://nobody@localhost:1/none"),
            false,
            LIMIT,
            Schedulers.parallel());
    return new Database(connector, 1, LIMIT, Schedulers.parallel(), System::nanoTime);
  }
}
