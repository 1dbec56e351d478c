package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.control.Explanation;
import io.shigoto.control.LoadShedding;
import io.shigoto.control.NodeReason;
import io.shigoto.control.Reason;
import io.shigoto.job.NewJob;
import io.shigoto.support.Await;
import io.shigoto.worker.CircuitBreaker;
import io.shigoto.worker.Outcome;
import io.shigoto.worker.RateLimit;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;

/** Each limit that keeps a job is brought about, read, and goes away. */
class ExplainLimitsIT extends Explained {

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

    assertThat(only(node, id, NodeReason.ConcurrencyFull.class))
        .isEqualTo(new NodeReason.ConcurrencyFull("a", "limited", 1));
    gate.tryEmitEmpty();
    Await.until(LIMIT, () -> has(node, id, Reason.Ended.class));
  }

  @Test
  void rateLimitedAndAFreeNodeTakesTheReasonAway() {
    Shigoto node = start("a", builder -> builder.worker(slow()));
    Instant before = node.jobs().find(enqueue(node, job("done"))).block(LIMIT).insertedAt();
    node.jobs().await(enqueue(node, job("slow"))).block(LIMIT);
    long id = enqueue(node, job("slow"));

    NodeReason.RateLimited reason = only(node, id, NodeReason.RateLimited.class);
    assertThat(reason.node()).isEqualTo("a");
    assertThat(reason.until())
        .isBetween(before.plus(Duration.ofMinutes(59)), before.plus(Duration.ofMinutes(70)));
    start("b", builder -> builder.worker(slow()));
    Await.until(LIMIT, () -> has(node, id, Reason.Ended.class));
  }

  /** Another node changes nothing, another key does. */
  @Test
  void rateOfTheClusterAndOfAKeyUsedUp() {
    RateLimit one = ONE.global();
    Consumer<ShigotoBuilder> workers =
        builder ->
            builder
                .worker(paced("global", one))
                .worker(paced("tenants", one.perPartition()))
                .worker(paced("here", ONE.perPartition()));
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

  @Test
  void nodeFullSaidByTheNodeAndByAnother() {
    Shigoto node = start("a", builder -> builder.concurrency(1).queue("other", 5));
    enqueue(node, job("hold"));
    awaitRunning(1);
    long id = enqueue(node, job("done").queue("other"));

    assertThat(only(node, id, NodeReason.NodeFull.class))
        .isEqualTo(new NodeReason.NodeFull("a", 1));
    Shigoto asked = nodes.build(Shigoto.builder(db.connectionFactory()));
    Await.until(LIMIT, () -> has(asked, id, NodeReason.NodeFull.class));
    assertThat(only(asked, id, NodeReason.NodeFull.class))
        .isEqualTo(new NodeReason.NodeFull("a", 1));
    gate.tryEmitEmpty();
    Await.until(LIMIT, () -> has(node, id, Reason.Ended.class));
  }

  @Test
  void shedSaidByTheNodeAndByAnother() {
    LoadShedding shedding =
        LoadShedding.standard().waiting(Duration.ofSeconds(10)).window(Duration.ofSeconds(3));
    Shigoto node = start("a", builder -> builder.shedding(shedding).queue("busy", 1));
    node.jobs().await(enqueue(node, job("done").queue("busy"))).block(LIMIT);
    NewJob late = job("done").queue("busy").priority(10);
    node.jobs()
        .await(enqueue(node, late.scheduledAt(Instant.now().minus(Duration.ofHours(1)))))
        .block(LIMIT);
    Await.until(LIMIT, () -> node.health().block(LIMIT).overloaded().size() == 1);
    long id = enqueue(node, job("done").queue("busy").priority(9));

    assertThat(only(node, id, NodeReason.Shed.class))
        .isEqualTo(new NodeReason.Shed("a", "busy", 10));
    Shigoto asked = nodes.build(Shigoto.builder(db.connectionFactory()));
    Await.until(LIMIT, () -> has(asked, id, NodeReason.Shed.class));
    Await.until(LIMIT, () -> has(node, id, Reason.Ended.class));
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
    assertThat(open.has(NodeReason.CircuitOpen.class)).isTrue();
    assertThat(open.toString()).contains("the circuit of worker 'shaky' is open on node 'a' until");
    awaitRunning(1);
    assertThat(only(node, id, NodeReason.CircuitProbing.class))
        .isEqualTo(new NodeReason.CircuitProbing("a", "shaky", 1));
    gate.tryEmitEmpty();
    Await.until(LIMIT, () -> has(node, id, Reason.Ended.class));
  }

  @Test
  void clusterAndPartitionFull() {
    Shigoto node =
        start(
            "a",
            builder -> builder.worker(one("global", "global")).worker(one("tenants", "partition")));
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

    Await.until(LIMIT, () -> has(asked, id, NodeReason.RateLimited.class));
    assertThat(only(asked, id, NodeReason.RateLimited.class).node()).isEqualTo("a");
  }

  @Test
  void limitsOfANodeAreNoReasonsBesideANodeThatIsFree() {
    Shigoto node = start("a", builder -> builder.worker(slow()));
    node.jobs().await(enqueue(node, job("slow"))).block(LIMIT);
    long id = enqueue(node, job("slow"));
    assertThat(has(node, id, NodeReason.RateLimited.class)).isTrue();

    insertIdleNode("slow");

    assertThat(node.jobs().explain(id).block(LIMIT).reasons()).isEmpty();
  }
}
