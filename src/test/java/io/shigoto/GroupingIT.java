package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.event.JobEvent.Kind;
import io.shigoto.job.NewJob;
import io.shigoto.job.Receipt;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.support.TcpProxy;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/**
 * What gathers while a statement is under way is the next statement. The network has a round trip
 * that is longer than jobs and callers need, so much gathers on any machine.
 */
class GroupingIT {

  private static final Duration ROUND_TRIP = Duration.ofMillis(20);
  private static final int CALLERS = 500;
  private static final int JOBS = 2_000;

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Told told = new Told();
  private TcpProxy network;

  @BeforeEach
  void network() {
    network = nodes.network(db.options());
    network.delay(ROUND_TRIP);
  }

  @Test
  void callersAtTheSameTimeShareInserts() {
    Shigoto node = nodes.build(builder());
    node.enqueue(job()).block(LIMIT);
    network.counts().reset();

    List<Long> ids =
        Flux.range(0, CALLERS)
            .flatMap(i -> node.enqueue(job()).subscribeOn(Schedulers.parallel()), CALLERS)
            .map(Receipt::id)
            .collectList()
            .block(LIMIT);

    assertThat(ids).hasSize(CALLERS).doesNotHaveDuplicates();
    assertThat(db.number("SELECT count(*) FROM shigoto.jobs")).isEqualTo(CALLERS + 1);
    assertThat(network.counts().statements("INSERT INTO shigoto.jobs")).isLessThan(CALLERS / 10);
  }

  @Test
  void runsThatEndAtTheSameTimeShareSettlements() {
    db.sql(
        "INSERT INTO shigoto.jobs (queue, worker) SELECT 'default', 'work' FROM generate_series(1,"
            + " $1)",
        JOBS);

    nodes.start(
        builder()
            .worker(new Scripted("work", job -> Mono.empty()))
            .queue("default", 50)
            .listener(told));
    told.await(Kind.COMPLETED, JOBS);

    assertThat(db.number("SELECT count(*) FROM shigoto.job_history")).isEqualTo(JOBS);
    assertThat(network.counts().statements("DELETE FROM shigoto.jobs")).isLessThan(JOBS / 10);
    assertThat(network.counts().statements("SET state = 'executing'")).isLessThan(JOBS / 10);
    assertThat(network.counts().statements("BEGIN")).isZero();
  }

  private ShigotoBuilder builder() {
    return Shigoto.builder(Nodes.through(network, db.options()));
  }

  private static NewJob job() {
    return NewJob.of("work", Scripted.NOTHING);
  }
}
