package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.control.Explanation;
import io.shigoto.control.Reason;
import io.shigoto.job.JobState;
import io.shigoto.job.NewJob;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.worker.CircuitBreaker;
import io.shigoto.worker.Outcome;
import io.shigoto.worker.RateLimit;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/** Each reason is brought about, read, and goes away. */
class ExplainIT {

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Sinks.Empty<Outcome> gate = Sinks.empty();
  private final AtomicInteger running = new AtomicInteger();

  @AfterEach
  void open() {
    gate.tryEmitEmpty();
  }

  @Test
  void unknown() {
    Shigoto node = start("a", builder -> {});

    assertThat(node.jobs().explain(4711).block(LIMIT))
        .hasToString("there is no job 4711")
        .satisfies(explained -> assertThat(explained.has(Reason.Unknown.class)).isTrue());
  }

  @Test
  void ended() {
    Shigoto node = start("a", builder -> {});
    long id = enqueue(node, job("done"));
    node.jobs().await(id).block(LIMIT);

    Reason.Ended ended = only(node, id, Reason.Ended.class);
    assertThat(ended.state()).isEqualTo(JobState.COMPLETED);
    assertThat(ended.at()).isEqualTo(node.jobs().find(id).block(LIMIT).finishedAt());
  }

  @Test
  void runningAndThenCalledOff() {
    Shigoto node = start("a", builder -> {});
    long id = enqueue(node, job("hold"));
    awaitRunning(1);

    Reason.Running held = only(node, id, Reason.Running.class);
    assertThat(held.node()).isEqualTo("a");
    assertThat(held.attempt()).isEqualTo(1);
    assertThat(held.cancelling()).isFalse();
    db.sql("UPDATE shigoto.jobs SET cancelling = owner WHERE id = $1 RETURNING id", id);
    Await.until(
        LIMIT,
        () -> {
          Explanation now = node.jobs().explain(id).block(LIMIT);
          return now.has(Reason.Ended.class) || now.toString().contains("is ending the run");
        });
    Await.until(LIMIT, () -> has(node, id, Reason.Ended.class));
  }

  @Test
  void nodeLost() {
    Shigoto node = start("a", builder -> builder.lease(Duration.ofHours(1)));
    long id = enqueue(node, job("unknown"));
    String lost = "00000000-0000-0000-0000-00000000dead";
    db.sql(
        "INSERT INTO shigoto.nodes (id, name, lease_until, queues, workers)"
            + " VALUES ($1::uuid, 'gone', now() - interval '1 minute', '{}', '{}')",
        lost);
    db.sql(
        "UPDATE shigoto.jobs SET state = 'executing', owner = $2::uuid, attempt = 1, lease = 1,"
            + " claimed_at = now() WHERE id = $1",
        id,
        lost);

    Reason.NodeLost reason = only(node, id, Reason.NodeLost.class);
    assertThat(reason.node()).isEqualTo("gone");
    assertThat(reason.toString()).contains("a rescue is due");
    db.sql("DELETE FROM shigoto.nodes WHERE id = $1::uuid", lost);
    assertThat(only(node, id, Reason.NodeLost.class).toString()).contains(lost);
    start("b", builder -> builder.lease(Duration.ofSeconds(2)));
    Await.until(LIMIT, () -> !has(node, id, Reason.NodeLost.class));
  }

  @Test
  void notDue() {
    Shigoto node = start("a", builder -> {});
    long scheduled = enqueue(node, job("done").delay(Duration.ofHours(1)));
    long snoozed = enqueue(node, job("snooze"));
    long failed = enqueue(node, job("fail"));
    awaitState(node, snoozed, JobState.SCHEDULED);
    awaitState(node, failed, JobState.RETRYABLE);

    assertThat(only(node, scheduled, Reason.NotDue.class).why())
        .isEqualTo(Reason.NotDue.Why.SCHEDULED);
    assertThat(only(node, scheduled, Reason.NotDue.class).until())
        .isEqualTo(node.jobs().find(scheduled).block(LIMIT).scheduledAt());
    assertThat(only(node, snoozed, Reason.NotDue.class).why()).isEqualTo(Reason.NotDue.Why.SNOOZED);
    assertThat(only(node, failed, Reason.NotDue.class).toString())
        .startsWith("attempt 1 failed, the next is due at ");
    node.jobs().retry(scheduled).block(LIMIT);
    Await.until(LIMIT, () -> has(node, scheduled, Reason.Ended.class));
  }

  @Test
  void waitsForJobsAndIsNotDueAndIsPausedAllAtOnce() {
    Shigoto node = start("a", builder -> {});
    node.queues().pause("other").block(LIMIT);
    List<Long> parents =
        node.enqueueAll(Flux.range(0, 12).map(i -> job("unknown")))
            .map(receipt -> receipt.id())
            .collectList()
            .block(LIMIT);
    long id =
        enqueue(node, job("done").queue("other").dependsOn(parents).delay(Duration.ofHours(1)));

    Explanation all = node.jobs().explain(id).block(LIMIT);
    assertThat(all.state()).isEqualTo(JobState.WAITING);
    assertThat(all.reasons().stream().map(Object::getClass))
        .containsExactly(
            Reason.WaitsForJobs.class,
            Reason.NotDue.class,
            Reason.QueuePaused.class,
            Reason.NoNodeForQueue.class);
    Reason.WaitsForJobs waits = (Reason.WaitsForJobs) all.reasons().get(0);
    assertThat(waits.count()).isEqualTo(12);
    assertThat(waits.first()).isEqualTo(parents.subList(0, 10));
    parents.forEach(parent -> node.jobs().cancel(parent).block(LIMIT));
    Await.until(LIMIT, () -> !has(node, id, Reason.WaitsForJobs.class));
  }

  @Test
  void queuePaused() {
    Shigoto node = start("a", builder -> {});
    node.queues().pause("default").block(LIMIT);
    long id = enqueue(node, job("done"));

    assertThat(only(node, id, Reason.QueuePaused.class).queue()).isEqualTo("default");
    node.queues().resume("default").block(LIMIT);
    Await.until(LIMIT, () -> has(node, id, Reason.Ended.class));
  }

  @Test
  void noNode() {
    Shigoto node = start("a", builder -> {});
    long queue = enqueue(node, job("done").queue("other"));
    long worker = enqueue(node, job("special"));
    long both = enqueue(node, job("special").queue("other"));

    assertThat(only(node, queue, Reason.NoNodeForQueue.class).queue()).isEqualTo("other");
    assertThat(only(node, worker, Reason.NoNodeForWorker.class).worker()).isEqualTo("special");
    assertThat(node.jobs().explain(both).block(LIMIT).reasons())
        .containsExactly(new Reason.NoNodeForQueue("other"), new Reason.NoNodeForWorker("special"));
    nodes.start(
        Shigoto.builder(db.connectionFactory())
            .name("b")
            .worker(worker("other"))
            .queue("other", 1));
    Await.until(LIMIT, () -> !has(node, both, Reason.NoNodeForQueue.class));
    nodes.start(
        Shigoto.builder(db.connectionFactory())
            .name("c")
            .worker(worker("special"))
            .queue("third", 1));
    assertThat(only(node, both, Reason.NoNodeForBoth.class).toString())
        .isEqualTo("no live node that serves queue 'other' knows worker 'special'");
    nodes.start(
        Shigoto.builder(db.connectionFactory())
            .name("d")
            .worker(worker("special"))
            .worker(worker("done"))
            .queue("other", 1)
            .queue("default", 1));
    for (long id : List.of(queue, worker, both)) {
      Await.until(LIMIT, () -> has(node, id, Reason.Ended.class));
    }
  }

  @Test
  void concurrencyFull() {
    Shigoto node =
        start(
            "a",
            builder ->
                builder.worker(
                    new Scripted("limited", this::hold) {
                      @Override
                      public int concurrency() {
                        return 1;
                      }
                    }));
    enqueue(node, job("limited"));
    awaitRunning(1);
    long id = enqueue(node, job("limited"));

    assertThat(only(node, id, Reason.ConcurrencyFull.class))
        .isEqualTo(new Reason.ConcurrencyFull("a", "limited", 1));
    gate.tryEmitEmpty();
    Await.until(LIMIT, () -> has(node, id, Reason.Ended.class));
  }

  @Test
  void rateLimitedAndAFreeNodeTakesTheReasonAway() {
    Shigoto node = start("a", builder -> builder.worker(slow()));
    Instant before = node.jobs().find(enqueue(node, job("done"))).block(LIMIT).insertedAt();
    node.jobs().await(enqueue(node, job("slow"))).block(LIMIT);
    long id = enqueue(node, job("slow"));

    Reason.RateLimited reason = only(node, id, Reason.RateLimited.class);
    assertThat(reason.node()).isEqualTo("a");
    assertThat(reason.until())
        .isBetween(before.plus(Duration.ofMinutes(59)), before.plus(Duration.ofMinutes(70)));
    start("b", builder -> builder.worker(slow()));
    Await.until(LIMIT, () -> has(node, id, Reason.Ended.class));
  }

  private static Scripted slow() {
    return new Scripted("slow", job -> Mono.empty()) {
      @Override
      public RateLimit rateLimit() {
        return RateLimit.of(1, Duration.ofHours(1));
      }
    };
  }

  /** Another node changes nothing, another key does. */
  @Test
  void rateOfTheClusterAndOfAKeyUsedUp() {
    RateLimit one = RateLimit.of(1, Duration.ofHours(1)).global();
    Consumer<ShigotoBuilder> workers =
        builder ->
            builder
                .worker(paced("global", one))
                .worker(paced("tenants", one.perPartition()))
                .worker(paced("here", RateLimit.of(1, Duration.ofHours(1)).perPartition()));
    Shigoto node = start("a", workers);
    Instant before = node.jobs().find(enqueue(node, job("done"))).block(LIMIT).insertedAt();
    for (String worker : List.of("global", "tenants", "here")) {
      node.jobs().await(enqueue(node, job(worker).partitionKey("acme"))).block(LIMIT);
      awaitTold("cluster", worker);
    }
    long global = enqueue(node, job("global"));
    long tenant = enqueue(node, job("tenants").partitionKey("acme"));
    long here = enqueue(node, job("here").partitionKey("acme"));

    for (long id : List.of(global, tenant, here)) {
      Reason.ClusterRateLimited reason = rate(node, id);
      assertThat(reason.until())
          .isBetween(before.plus(Duration.ofMinutes(59)), before.plus(Duration.ofMinutes(70)));
      assertThat(reason.partitionKey()).isEqualTo(id == global ? null : "acme");
    }
    node.jobs().await(enqueue(node, job("tenants").partitionKey("other"))).block(LIMIT);
    start("b", workers);
    Await.until(LIMIT, () -> has(node, here, Reason.Ended.class));
    assertThat(rate(node, global).partitionKey()).isNull();
    assertThat(rate(node, tenant).partitionKey()).isEqualTo("acme");
  }

  private static Reason.ClusterRateLimited rate(Shigoto node, long id) {
    return node.jobs().explain(id).block(LIMIT).reasons().stream()
        .filter(Reason.ClusterRateLimited.class::isInstance)
        .map(Reason.ClusterRateLimited.class::cast)
        .findFirst()
        .orElseThrow();
  }

  private static Scripted paced(String name, RateLimit limit) {
    return new Scripted(name, job -> Mono.empty()) {
      @Override
      public RateLimit rateLimit() {
        return limit;
      }
    };
  }

  @Test
  void circuitOpenAndThenHalfOpen() {
    Shigoto node =
        start(
            "a",
            builder ->
                builder.worker(
                    new Scripted(
                        "shaky",
                        job ->
                            job.args().containsKey("fail")
                                ? Mono.just(Outcome.failed("no"))
                                : hold(job)) {
                      @Override
                      public CircuitBreaker circuitBreaker() {
                        return CircuitBreaker.standard()
                            .window(1)
                            .open(Duration.ofSeconds(5))
                            .probes(1);
                      }
                    }));
    long failed = enqueue(node, NewJob.of("shaky", Map.of("fail", true)).maxAttempts(1));
    Await.until(LIMIT, () -> has(node, failed, Reason.Ended.class));
    enqueue(node, job("shaky"));
    long id = enqueue(node, job("shaky"));

    Explanation open = node.jobs().explain(id).block(LIMIT);
    assertThat(open.toString()).contains("the circuit of worker 'shaky' is open on node 'a' until");
    awaitRunning(1);
    assertThat(only(node, id, Reason.CircuitProbing.class))
        .isEqualTo(new Reason.CircuitProbing("a", "shaky", 1));
    gate.tryEmitEmpty();
    Await.until(LIMIT, () -> has(node, id, Reason.Ended.class));
  }

  @Test
  void slotsBusyAndJobsAhead() {
    Shigoto node = start("a", builder -> {});
    enqueue(node, job("hold"));
    enqueue(node, job("hold"));
    awaitRunning(2);
    enqueue(node, job("hold").priority(1));
    enqueue(node, job("done"));
    enqueue(node, job("unknown").priority(9));
    long id = enqueue(node, job("hold"));
    enqueue(node, job("hold"));
    enqueue(node, job("done").priority(-1));

    assertThat(node.jobs().explain(id).block(LIMIT).reasons())
        .containsExactly(new Reason.SlotsBusy("a", "default", 2), new Reason.JobsAhead(2, false));
    gate.tryEmitEmpty();
    Await.until(LIMIT, () -> has(node, id, Reason.Ended.class));
  }

  @Test
  void jobsAheadAreCountedUpToABound() {
    Shigoto node = start("a", builder -> {});
    enqueue(node, job("hold"));
    enqueue(node, job("hold"));
    awaitRunning(2);
    node.enqueueAll(Flux.range(0, 1200).map(i -> job("hold"))).blockLast(LIMIT);
    long id = enqueue(node, job("hold"));

    Explanation explained = node.jobs().explain(id).block(LIMIT);
    assertThat(explained.reasons()).contains(new Reason.JobsAhead(1000, true));
    assertThat(explained.toString()).contains("at least 1000 jobs of its queue are ahead of it");
  }

  @Test
  void clusterAndPartitionFull() {
    Shigoto node =
        start(
            "a",
            builder ->
                builder
                    .worker(
                        new Scripted("global", this::hold) {
                          @Override
                          public int globalConcurrency() {
                            return 1;
                          }
                        })
                    .worker(
                        new Scripted("tenants", this::hold) {
                          @Override
                          public int partitionConcurrency() {
                            return 1;
                          }
                        }));
    enqueue(node, job("global"));
    enqueue(node, job("tenants").partitionKey("acme"));
    awaitRunning(2);
    node.queues().resize("default", 10).block(LIMIT);
    long global = enqueue(node, job("global"));
    long tenant = enqueue(node, job("tenants").partitionKey("acme"));
    Shigoto other = nodes.build(Shigoto.builder(db.connectionFactory()));

    awaitTold("cluster", "global");
    for (Shigoto asked : List.of(node, other)) {
      assertThat(asked.jobs().explain(global).block(LIMIT).reasons())
          .contains(new Reason.ClusterFull("global", 1, 1));
      assertThat(asked.jobs().explain(tenant).block(LIMIT).reasons())
          .contains(new Reason.PartitionFull("tenants", "acme", 1, 1));
    }
    gate.tryEmitEmpty();
    Await.until(LIMIT, () -> has(node, global, Reason.Ended.class));
    Await.until(LIMIT, () -> has(node, tenant, Reason.Ended.class));
  }

  @Test
  void aNodeThatOnlyEnqueuesIsToldByTheOthers() {
    Shigoto asked = nodes.build(Shigoto.builder(db.connectionFactory()));
    Shigoto node = start("a", builder -> builder.worker(slow()));
    node.jobs().await(enqueue(node, job("slow"))).block(LIMIT);
    long id = enqueue(asked, job("slow"));

    Await.until(LIMIT, () -> has(asked, id, Reason.RateLimited.class));
    assertThat(only(asked, id, Reason.RateLimited.class).node()).isEqualTo("a");
  }

  @Test
  void jobsThatNoNodeMayStartAreNotAhead() {
    Shigoto node = start("a", builder -> builder.worker(slow()));
    node.jobs().await(enqueue(node, job("slow"))).block(LIMIT);
    enqueue(node, job("hold"));
    enqueue(node, job("hold"));
    awaitRunning(2);
    enqueue(node, job("slow").priority(9));
    awaitTold("holds", "slow");
    long id = enqueue(node, job("hold"));

    assertThat(only(node, id, Reason.SlotsBusy.class))
        .isEqualTo(new Reason.SlotsBusy("a", "default", 2));
  }

  @Test
  void limitsOfANodeAreNoReasonsBesideANodeThatIsFree() {
    Shigoto node = start("a", builder -> builder.worker(slow()));
    node.jobs().await(enqueue(node, job("slow"))).block(LIMIT);
    long id = enqueue(node, job("slow"));
    assertThat(has(node, id, Reason.RateLimited.class)).isTrue();

    insertIdleNode("slow");

    assertThat(node.jobs().explain(id).block(LIMIT).reasons()).isEmpty();
  }

  private static void insertIdleNode(String worker) {
    db.sql(
        "INSERT INTO shigoto.nodes (id, name, lease_until, queues, workers) VALUES"
            + " (gen_random_uuid(), 'idle', now() + interval '1 hour', '{default}', ARRAY[$1])",
        worker);
  }

  @Test
  void nothingKeepsIt() {
    Shigoto asked = nodes.build(Shigoto.builder(db.connectionFactory()));
    insertIdleNode("done");
    long id = enqueue(asked, job("done"));

    Explanation explained = asked.jobs().explain(id).block(LIMIT);
    assertThat(explained.reasons()).isEmpty();
    assertThat(explained)
        .hasToString("job " + id + " is available, and nothing keeps it: it starts any moment");
  }

  private Shigoto start(String name, Consumer<ShigotoBuilder> more) {
    ShigotoBuilder builder =
        Shigoto.builder(db.connectionFactory())
            .name(name)
            .lease(Duration.ofSeconds(3))
            .worker(worker("done"))
            .worker(new Scripted("hold", this::hold))
            .worker(
                new Scripted("fail", job -> Mono.just(Outcome.failed("no"))) {
                  @Override
                  public Duration backoff(int attempt, Throwable error) {
                    return Duration.ofHours(1);
                  }
                })
            .worker(new Scripted("snooze", job -> Mono.just(Outcome.snooze(Duration.ofHours(1)))))
            .queue("default", 2);
    more.accept(builder);
    return nodes.start(builder);
  }

  private static Scripted worker(String name) {
    return new Scripted(name, job -> Mono.empty());
  }

  private Mono<Outcome> hold(Object job) {
    return gate.asMono()
        .doOnSubscribe(subscription -> running.incrementAndGet())
        .defaultIfEmpty(Outcome.done());
  }

  private static NewJob job(String worker) {
    return NewJob.of(worker, Scripted.NOTHING);
  }

  private static long enqueue(Shigoto node, NewJob job) {
    return node.enqueue(job).block(LIMIT).id();
  }

  private void awaitRunning(int jobs) {
    Await.until(jobs + " run", LIMIT, () -> running.get() >= jobs);
  }

  private static void awaitState(Shigoto node, long id, JobState state) {
    Await.until(LIMIT, () -> node.jobs().find(id).block(LIMIT).state() == state);
  }

  private static void awaitTold(String what, String worker) {
    Await.until(
        LIMIT,
        () ->
            db.number(
                    "SELECT count(*) FROM shigoto.nodes WHERE jsonb_exists(state -> $1, $2)",
                    what,
                    worker)
                == 1);
  }

  private static boolean has(Shigoto node, long id, Class<? extends Reason> reason) {
    return node.jobs().explain(id).block(LIMIT).has(reason);
  }

  private static <R extends Reason> R only(Shigoto node, long id, Class<R> type) {
    List<Reason> reasons = node.jobs().explain(id).block(LIMIT).reasons();
    assertThat(reasons).singleElement().isInstanceOf(type);
    return type.cast(reasons.get(0));
  }
}
