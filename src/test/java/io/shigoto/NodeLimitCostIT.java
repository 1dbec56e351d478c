package io.shigoto;

import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.control.QueueOptions;
import io.shigoto.event.JobEvent.Kind;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.support.TcpProxy;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Mono;

/** What it costs that many queues want the few slots of a node. */
class NodeLimitCostIT {

  private static final String CLAIM = "SET state = 'executing'";
  private static final int QUEUES = 20;
  private static final int EACH = 50;

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Told told = new Told();

  /** A claim brings a job, or finds out that its queue has no more. */
  @Test
  void aJobCostsOneClaimAtMostAndAQueueAFew() {
    db.sql(
        """
        INSERT INTO shigoto.jobs (queue, worker)
        SELECT 'queue' || n, 'short'
          FROM set_config('shigoto.notify', 'off', true), generate_series(1, $1) AS n, generate_series(1, $2)
        """,
        QUEUES,
        EACH);
    TcpProxy network = nodes.network(db.options());
    ShigotoBuilder builder =
        Shigoto.builder(Nodes.through(network, db.options()))
            .concurrency(3)
            .pollInterval(Duration.ofHours(1))
            .worker(
                new Scripted("short", job -> Mono.delay(Duration.ofMillis(1)).then(Mono.empty())))
            .listener(told);
    for (int i = 1; i <= QUEUES; i++) {
      builder.queue("queue" + i, QueueOptions.concurrency(10).weight(i));
    }
    nodes.start(builder);
    told.await(Kind.COMPLETED, QUEUES * EACH);

    assertThat(network.counts().statements(CLAIM)).isLessThanOrEqualTo(QUEUES * EACH + 3 * QUEUES);
  }
}
