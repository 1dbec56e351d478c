package io.shigoto;

import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.control.Cancellation;
import io.shigoto.event.JobEvent;
import io.shigoto.event.JobEvent.Kind;
import io.shigoto.job.JobState;
import io.shigoto.job.NewJob;
import io.shigoto.job.Receipt;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.worker.JobContext;
import io.shigoto.worker.Outcome;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Cancels at any moment of thousands of short lives, on two nodes. */
class CancelRacesIT {

  private static final int JOBS = 4_000;
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final Set<Kind> ENDS = Set.of(Kind.COMPLETED, Kind.DISCARDED, Kind.CANCELLED);

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Map<Long, Cancellation> answers = new ConcurrentHashMap<>();
  private final Map<Long, Queue<Kind>> ends = new ConcurrentHashMap<>();
  private final Map<Kind, Integer> others = new ConcurrentHashMap<>();
  private final Queue<Long> ranAfterwards = new ConcurrentLinkedQueue<>();

  @Test
  void everyJobEndsOnceAndAsItWasAnswered() {
    Shigoto a = node("a");
    Shigoto b = node("b");

    Flux.range(0, JOBS)
        .flatMap(i -> a.enqueue(NewJob.of("work", Scripted.NOTHING)).map(Receipt::id), 64)
        .flatMap(id -> cancelSoon(id % 2 == 0 ? a : b, id), 64)
        .blockLast(LIMIT);
    Await.until("all ended", LIMIT, () -> db.number("SELECT count(*) FROM shigoto.jobs") == 0);

    Map<Long, JobState> states = states();
    assertThat(states).hasSize(JOBS);
    assertThat(db.number("SELECT count(*) FROM shigoto.job_history")).isEqualTo(JOBS);
    assertThat(ranAfterwards).isEmpty();
    assertThat(answers).hasSize(JOBS).allSatisfy((id, answer) -> agrees(answer, states.get(id)));
    Await.until(LIMIT, () -> ends.size() == JOBS);
    assertThat(ends)
        .allSatisfy((id, told) -> assertThat(told).containsExactly(kind(states.get(id))));
    assertThat(others).doesNotContainKey(Kind.SUPERSEDED);
    assertThat(kindsOfAnswers()).containsOnlyKeys("Cancelled", "Requested", "Ended");
    assertThat(states.values())
        .contains(JobState.COMPLETED, JobState.DISCARDED, JobState.CANCELLED);
  }

  private Mono<Cancellation> cancelSoon(Shigoto node, long id) {
    return Mono.delay(Duration.ofMillis(ThreadLocalRandom.current().nextInt(8)))
        .then(node.jobs().cancel(id))
        .doOnNext(answer -> answers.put(id, answer));
  }

  private static void agrees(Cancellation answer, JobState state) {
    if (answer instanceof Cancellation.Ended ended) {
      assertThat(state).isEqualTo(ended.state());
    } else if (answer instanceof Cancellation.Requested) {
      assertThat(state).isIn(JobState.COMPLETED, JobState.CANCELLED);
    } else {
      assertThat(answer).isInstanceOf(Cancellation.Cancelled.class);
      assertThat(state).isEqualTo(JobState.CANCELLED);
    }
  }

  private Shigoto node(String name) {
    return nodes.start(
        Shigoto.builder(db.connectionFactory())
            .name(name)
            .worker(new Scripted("work", this::work))
            .queue("default", 20)
            .listener(this::tell));
  }

  private Mono<Outcome> work(JobContext<Map<String, Object>> job) {
    if (answers.get(job.id()) instanceof Cancellation.Cancelled) {
      ranAfterwards.add(job.id());
    }
    return Mono.delay(Duration.ofMillis(ThreadLocalRandom.current().nextInt(3)))
        .map(
            waited ->
                switch (ThreadLocalRandom.current().nextInt(8)) {
                  case 0 -> Outcome.failed("no");
                  case 1 -> Outcome.snooze(Duration.ofMillis(1));
                  case 2 -> Outcome.done("result");
                  case 3 -> Outcome.discard("no");
                  default -> Outcome.done();
                });
  }

  private void tell(JobEvent event) {
    if (ENDS.contains(event.kind())) {
      ends.computeIfAbsent(event.jobId(), id -> new ConcurrentLinkedQueue<>()).add(event.kind());
    } else {
      others.merge(event.kind(), 1, Integer::sum);
    }
  }

  private Map<String, Long> kindsOfAnswers() {
    Map<String, Long> kinds = new HashMap<>();
    answers
        .values()
        .forEach(answer -> kinds.merge(answer.getClass().getSimpleName(), 1L, Long::sum));
    return kinds;
  }

  private static Map<Long, JobState> states() {
    Map<Long, JobState> states = new HashMap<>();
    db.sql("SELECT id, state::text AS state FROM shigoto.job_history")
        .forEach(
            row ->
                states.put(
                    (Long) row.get("id"), JobState.ofSqlName(String.valueOf(row.get("state")))));
    return states;
  }

  private static Kind kind(JobState state) {
    return Kind.valueOf(state.name());
  }
}
