package io.shigoto.internal.permit;

import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.event.JobEvent;
import io.shigoto.internal.job.Events;
import io.shigoto.internal.json.Json;
import io.shigoto.internal.known.Workers;
import io.shigoto.internal.limit.Permit;
import io.shigoto.worker.Outcome;
import io.shigoto.worker.ReactiveWorker;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import reactor.core.publisher.Mono;
import reactor.test.scheduler.VirtualTimeScheduler;
import tools.jackson.databind.json.JsonMapper;

/** A node in virtual time: its workers, limits and queues, without a database. */
final class SimulatedNode {

  final VirtualTimeScheduler time = VirtualTimeScheduler.create();
  final List<JobEvent> events = new ArrayList<>();
  final Map<String, List<Long>> starts = new HashMap<>();
  final Map<String, Integer> mostHeld = new HashMap<>();
  private final Map<String, Integer> held = new HashMap<>();
  int mostInAll;
  private final Random random;
  private final Allowances allowances;
  Function<String, Outcome> outcomes = worker -> Outcome.done();
  long runMicros = 1000;
  long hopMicros = 500;

  SimulatedNode(Random random, ReactiveWorker<?>... workers) {
    this.random = random;
    this.allowances =
        new Allowances(
            new Workers(List.of(workers), List.of(), new Json(JsonMapper.builder().build(), 1024)),
            new Events("node", List.of(events::add)),
            Duration.ofHours(1),
            time,
            () -> time.now(TimeUnit.NANOSECONDS));
  }

  SimulatedQueue queue(int slots, long claimMicros) {
    return new SimulatedQueue(this, allowances, slots, claimMicros);
  }

  List<Long> starts(String worker) {
    return starts.computeIfAbsent(worker, name -> new ArrayList<>());
  }

  long kinds(JobEvent.Kind kind) {
    return events.stream().filter(event -> event.kind() == kind).count();
  }

  void pass(Duration duration) {
    time.advanceTimeBy(duration);
  }

  long micros() {
    return time.now(TimeUnit.MICROSECONDS);
  }

  long some(long most) {
    return most == 0 ? 0 : random.nextLong(most);
  }

  void after(long micros, Runnable task) {
    time.schedule(task, micros, TimeUnit.MICROSECONDS);
  }

  /** A run: its turn, a hop to another thread, the worker, the end; sometimes it is cut. */
  void run(String worker, Permit permit, Runnable end) {
    mostHeld.merge(worker, held.merge(worker, 1, Integer::sum), Math::max);
    mostInAll = Math.max(mostInAll, held.values().stream().mapToInt(i -> i).sum());
    Mono<Outcome> work =
        delay(some(hopMicros))
            .filter(now -> starts(worker, permit))
            .flatMap(start -> delay(some(runMicros)))
            .map(done -> outcomes.apply(worker));
    permit
        .inTurn(work)
        .doOnNext(permit::ended)
        .doFinally(
            signal -> {
              permit.close();
              held.merge(worker, -1, Integer::sum);
              end.run();
            })
        .subscribe();
  }

  /** Nothing but a circuit that opened meanwhile refuses one whose turn has come. */
  private boolean starts(String worker, Permit permit) {
    boolean starts = permit.start();
    if (starts) {
      starts(worker).add(micros());
    } else {
      assertThat(kinds(JobEvent.Kind.CIRCUIT_OPENED)).isPositive();
    }
    return starts;
  }

  private Mono<Long> delay(long micros) {
    return Mono.delay(Duration.of(micros, ChronoUnit.MICROS), time);
  }
}
