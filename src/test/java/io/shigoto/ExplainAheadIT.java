package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.control.Explanation;
import io.shigoto.control.NodeReason;
import io.shigoto.control.Reason;
import io.shigoto.support.Await;
import java.util.List;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;

/** Which jobs are ahead of another. */
class ExplainAheadIT extends Explained {

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
        .containsExactly(
            new NodeReason.SlotsBusy("a", "default", 2), new Reason.JobsAhead(2, false));
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
  void jobsThatNoNodeMayStartAreNotAhead() {
    Shigoto node = start("a", builder -> builder.worker(slow()));
    node.jobs().await(enqueue(node, job("slow"))).block(LIMIT);
    enqueue(node, job("hold"));
    enqueue(node, job("hold"));
    awaitRunning(2);
    enqueue(node, job("slow").priority(9));
    awaitTold("holds", "slow");
    long id = enqueue(node, job("hold"));

    assertThat(only(node, id, NodeReason.SlotsBusy.class))
        .isEqualTo(new NodeReason.SlotsBusy("a", "default", 2));
  }

  /**
   * By a rate or by their number: those of other keys do not wait for them, those of the same do.
   */
  @Test
  void jobsOfAKeyOfWhichNoneMayStartAreAheadOfThatKeyAlone() {
    Shigoto node =
        start(
            "a",
            builder ->
                builder
                    .worker(paced("tenants", ONE.global().perPartition()))
                    .worker(paced("here", ONE.perPartition()))
                    .worker(one("each", "partition")));
    for (String worker : List.of("tenants", "here")) {
      node.jobs().await(enqueue(node, job(worker).partitionKey("acme"))).block(LIMIT);
      awaitTold("cluster", worker);
    }
    node.queues().resize("default", 3).block(LIMIT);
    enqueue(node, job("each").partitionKey("acme"));
    enqueue(node, job("hold"));
    enqueue(node, job("hold"));
    awaitRunning(3);
    for (String worker : List.of("tenants", "here", "each")) {
      enqueue(node, job(worker).partitionKey("acme"));
      enqueue(node, job(worker).partitionKey("acme").priority(2));
    }
    long plain = enqueue(node, job("hold"));

    assertThat(ahead(node, plain)).isZero();
    for (String worker : List.of("tenants", "here", "each")) {
      assertThat(ahead(node, enqueue(node, job(worker).partitionKey("acme")))).isEqualTo(3);
    }
    for (String worker : List.of("tenants", "here", "each")) {
      enqueue(node, job(worker).partitionKey("other").priority(1));
      enqueue(node, job(worker).priority(1));
    }
    assertThat(ahead(node, plain)).isEqualTo(6);
  }

  @Test
  void jobsOfAWorkerThatIsFullInTheClusterAreNotAhead() {
    Shigoto node = start("a", builder -> builder.worker(one("all", "global")));
    awaitTold("cluster", "all");
    enqueue(node, job("all"));
    enqueue(node, job("hold"));
    awaitRunning(2);
    enqueue(node, job("all").priority(1));
    long plain = enqueue(node, job("hold"));

    assertThat(ahead(node, plain)).isZero();
    assertThat(ahead(node, enqueue(node, job("all")))).isEqualTo(2);
  }

  /** Of a worker that another node may start any of, all are ahead. */
  @Test
  void aNodeWhoseOwnRateIsFreshTakesThoseOfTheOther() {
    Shigoto node = start("a", builder -> builder.worker(paced("here", ONE.perPartition())));
    node.jobs().await(enqueue(node, job("here").partitionKey("acme"))).block(LIMIT);
    awaitTold("cluster", "here");
    enqueue(node, job("hold"));
    enqueue(node, job("hold"));
    awaitRunning(2);
    enqueue(node, job("here").partitionKey("acme").priority(1));
    long plain = enqueue(node, job("hold"));
    assertThat(ahead(node, plain)).isZero();

    insertIdleNode("here");

    assertThat(ahead(node, plain)).isEqualTo(1);
  }

  private static long ahead(Shigoto node, long id) {
    return node.jobs().explain(id).block(LIMIT).reasons().stream()
        .filter(Reason.JobsAhead.class::isInstance)
        .mapToLong(reason -> ((Reason.JobsAhead) reason).counted())
        .sum();
  }
}
