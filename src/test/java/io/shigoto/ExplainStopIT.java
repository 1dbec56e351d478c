package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.control.NodeReason;
import io.shigoto.control.Reason;
import io.shigoto.support.Await;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** A node that is stopping starts nothing more, although it still lives. */
class ExplainStopIT extends Explained {

  @Test
  void aNodeThatIsStoppingIsTheReasonUntilItHasGone() {
    Shigoto asked = nodes.build(Shigoto.builder(db.connectionFactory()));
    Shigoto node = start("a", builder -> {});
    enqueue(node, job("hold"));
    awaitRunning(1);
    CompletableFuture<Void> stopped = node.stop(Duration.ofHours(1)).toFuture();
    long id = enqueue(asked, job("done"));

    for (Shigoto each : new Shigoto[] {asked, node}) {
      Await.until(LIMIT, () -> has(each, id, NodeReason.Stopping.class));
      assertThat(each.jobs().explain(id).block(LIMIT))
          .hasToString("job " + id + " is available: node 'a' is stopping");
    }
    assertThat(asked.health().block(LIMIT).unserved())
        .containsExactly(new Health.Unserved("default", "done"));
    assertThat(asked.queues().list().blockFirst(LIMIT).nodes()).isZero();
    gate.tryEmitEmpty();
    stopped.join();
    assertThat(asked.jobs().explain(id).block(LIMIT).reasons())
        .containsExactly(new Reason.NoNodeForQueue("default"), new Reason.NoNodeForWorker("done"));
  }

  @Test
  void besideOneThatIsStoppingANodeThatStaysTakesTheReasonAway() {
    Shigoto asked = nodes.build(Shigoto.builder(db.connectionFactory()));
    Shigoto node = start("a", builder -> {});
    enqueue(node, job("hold"));
    awaitRunning(1);
    CompletableFuture<Void> stopped = node.stop(Duration.ofHours(1)).toFuture();
    long id = enqueue(asked, job("done"));
    Await.until(LIMIT, () -> has(asked, id, NodeReason.Stopping.class));

    insertIdleNode("done");

    assertThat(asked.jobs().explain(id).block(LIMIT).reasons()).isEmpty();
    gate.tryEmitEmpty();
    stopped.join();
  }
}
