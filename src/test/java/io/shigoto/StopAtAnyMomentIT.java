package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.job.NewJob;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.support.TcpProxy;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Mono;

/** Whatever a node is doing when it is stopped, it leaves no connection open. */
class StopAtAnyMomentIT {

  private static final int ROUNDS = 500;
  private static final int LONGEST_NANOS = 30_000_000;

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  @Test
  void noConnectionIsLeftOpen() {
    TcpProxy network = nodes.network(db.options());
    for (int round = 0; round < ROUNDS; round++) {
      Shigoto node =
          Shigoto.builder(Nodes.through(network, db.options()))
              .worker(new Scripted("work", job -> Mono.empty()))
              .queue("default", 10)
              .build();
      Duration moment = Duration.ofNanos(ThreadLocalRandom.current().nextInt(LONGEST_NANOS));

      CompletableFuture<Void> start = node.start().toFuture();
      CompletableFuture<?> call =
          node.enqueue(NewJob.of("work", Scripted.NOTHING)).onErrorComplete().toFuture();
      Mono.delay(moment).then(Mono.defer(() -> node.stop(Duration.ZERO))).block(LIMIT);

      assertThat(start).isDone();
      assertThat(call).isDone();
      Await.until(
          "round " + round + ", stopped after " + moment, LIMIT, () -> network.connections() == 0);
    }
  }
}
