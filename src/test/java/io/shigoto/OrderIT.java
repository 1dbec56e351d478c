package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.job.NewJob;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.worker.Outcome;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** A queue that runs one job at a time runs the best first, however many are claimed together. */
class OrderIT {

  private static final int JOBS = 3_000;

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Queue<Long> runs = new ConcurrentLinkedQueue<>();

  @Test
  void jobsThatWaitAreRunByPriorityThenDueTimeThenId() {
    db.sql(
        """
        INSERT INTO shigoto.jobs (queue, worker, priority, scheduled_at)
        SELECT 'default', CASE WHEN random() < 0.5 THEN 'a' ELSE 'b' END, (random() * 6 - 3)::smallint,
               now() - (random() * 10)::int * interval '1 minute'
          FROM generate_series(1, %d)
        """
            .formatted(JOBS));
    List<Long> best =
        db.sql("SELECT id FROM shigoto.jobs ORDER BY priority DESC, scheduled_at, id").stream()
            .map(row -> (Long) row.get("id"))
            .toList();

    nodes.start(node());
    Await.until(LIMIT, () -> runs.size() == JOBS);

    assertThat(firstOutOfTurn(best)).isEqualTo(JOBS);
  }

  @Test
  void aStreamIsRunInItsOrder() {
    Shigoto node = nodes.start(node());

    List<Long> ids =
        node.enqueueAll(Flux.range(0, JOBS).map(i -> NewJob.of("a", Scripted.NOTHING)))
            .map(receipt -> receipt.id())
            .collectList()
            .block(LIMIT);
    Await.until(LIMIT, () -> runs.size() == JOBS);

    assertThat(firstOutOfTurn(ids)).isEqualTo(JOBS);
  }

  /** How many runs were in their turn before the first that was not. */
  private int firstOutOfTurn(List<Long> turns) {
    int inTurn = 0;
    for (long run : runs) {
      if (run != turns.get(inTurn)) {
        break;
      }
      inTurn++;
    }
    return inTurn;
  }

  private ShigotoBuilder node() {
    return Shigoto.builder(db.connectionFactory())
        .worker(worker("a"))
        .worker(worker("b"))
        .queue("default", 1);
  }

  private Scripted worker(String name) {
    return new Scripted(
        name, job -> Mono.fromRunnable(() -> runs.add(job.id())).thenReturn(Outcome.done()));
  }
}
