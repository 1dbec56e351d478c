package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.event.JobEvent;
import io.shigoto.job.NewJob;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.support.Link;
import io.shigoto.support.TcpProxy;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/** The connection that hears of work is lost. */
class ListenIT {

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Told told = new Told();

  /** It polls once an hour, so all that it finds it hears of. */
  @Test
  void nodeHearsAgainAfterItsListenConnectionWasTerminated() {
    Shigoto node = start(Duration.ofHours(1), nodes.network(db.options()));
    awaitHearing(node);

    for (int i = 1; i <= 3; i++) {
      assertThat(
              db.sql(
                  "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                      + " WHERE datname = current_database() AND query ~ '^LISTEN'"))
          .hasSize(1);
      insert();
      told.await(JobEvent.Kind.COMPLETED, 2 * i - 1);
      awaitHearing(node);
      insert();
      told.await(JobEvent.Kind.COMPLETED, 2 * i);
    }
  }

  /** Nothing tells that a frozen connection is dead but the canary that does not come back. */
  @Test
  void workIsFoundWhileTheListenConnectionIsFrozenAndHeardOfAfterwards() {
    TcpProxy network = nodes.network(db.options());
    AtomicReference<Link> listening = new AtomicReference<>();
    network.onStatement("LISTEN shigoto", listening::set);
    Shigoto node = start(Duration.ofMillis(200), network);
    awaitHearing(node);
    Sinks.Empty<Void> frozen = Sinks.empty();
    network.onStatement(
        "pg_notify($1, '')",
        link -> {
          listening.get().freeze();
          frozen.tryEmitEmpty();
        });
    network.counts().reset();
    frozen.asMono().block(LIMIT);

    insert();
    told.await(JobEvent.Kind.COMPLETED);

    Await.until("it listens anew", LIMIT, () -> network.counts().statements("LISTEN shigoto") == 1);
    awaitHearing(node);
  }

  @Test
  void nodeThatOnlyPollsFindsWork() {
    TcpProxy network = nodes.network(db.options());
    Shigoto node = nodes.start(builder(network).pollOnly().pollInterval(Duration.ofMillis(50)));

    insert();
    told.await(JobEvent.Kind.COMPLETED);

    assertThat(network.counts().statements("LISTEN")).isZero();
    assertThat(node.health().block(LIMIT).status()).isEqualTo(Health.Status.UP);
  }

  @Test
  void dueJobsOfANodeThatOnlyPollsDoNotWaitForThePoll() {
    Shigoto node =
        nodes.start(
            builder(nodes.network(db.options())).pollOnly().pollInterval(Duration.ofHours(1)));

    node.enqueue(NewJob.of("work", Scripted.NOTHING).delay(Duration.ofMillis(100))).block(LIMIT);

    told.await(JobEvent.Kind.COMPLETED);
  }

  private Shigoto start(Duration pollInterval, TcpProxy network) {
    return nodes.start(builder(network).pollInterval(pollInterval));
  }

  private ShigotoBuilder builder(TcpProxy network) {
    return Shigoto.builder(Nodes.through(network, db.options()))
        .statementTimeout(Duration.ofSeconds(1))
        .worker(new Scripted("work", job -> Mono.empty()))
        .queue("default", 10)
        .listener(told);
  }

  /** A client that knows nothing of the library. */
  private static void insert() {
    db.sql("INSERT INTO shigoto.jobs (queue, worker) VALUES ('default', 'work')");
  }

  private static void awaitHearing(Shigoto node) {
    Await.until("it hears", LIMIT, () -> node.health().block(LIMIT).status() == Health.Status.UP);
  }
}
