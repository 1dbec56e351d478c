package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.event.JobEvent.Kind;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.support.Link;
import io.shigoto.support.PostgresServer;
import io.shigoto.support.TcpProxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Sinks;

/** Messages to all nodes while connections, answers or the whole server are lost. */
class BroadcastFaultsIT {

  private static final PostgresServer server = PostgresServer.start();

  /** Registered first, so its turn comes last. */
  @RegisterExtension
  @Order(1)
  static final AfterAllCallback closesServer = context -> server.close();

  @RegisterExtension
  @Order(2)
  static final DatabaseExtension db = new DatabaseExtension(() -> server, "jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Told told = new Told();
  private final Heard heard = new Heard();

  @Test
  void aNodeThatOnlyPollsHandlesAll() {
    nodes.start(builder().receiver(heard).pollOnly().pollInterval(Duration.ofMillis(50)));
    Shigoto other = nodes.build(builder());

    List<Long> ids = publish(other, 100);

    heard.awaitsExactly(ids);
  }

  /** Nothing tells that a frozen connection is dead but the canary that does not come back. */
  @Test
  void aNodeWhoseListenConnectionIsFrozenHandlesAll() {
    TcpProxy network = nodes.network(db.options());
    AtomicReference<Link> listening = new AtomicReference<>();
    network.onStatement("LISTEN shigoto", listening::set);
    Shigoto node = nodes.start(through(network).pollInterval(Duration.ofMillis(200)));
    Await.until(LIMIT, () -> node.health().block(LIMIT).notificationsArrive());
    Sinks.Empty<Void> frozen = Sinks.empty();
    network.onStatement(
        "pg_notify($1, '')",
        link -> {
          listening.get().freeze();
          frozen.tryEmitEmpty();
        });
    frozen.asMono().block(LIMIT);

    List<Long> ids = publish(nodes.build(builder()), 100);

    heard.awaitsExactly(ids);
  }

  /**
   * It polls once an hour: what was published while it heard nothing it finds when it hears again.
   */
  @Test
  void aNodeWhoseListenConnectionWasCutLooksWhenItListensAgain() {
    TcpProxy network = nodes.network(db.options());
    Shigoto node = nodes.start(through(network).pollInterval(Duration.ofHours(1)));
    Await.until(LIMIT, () -> node.health().block(LIMIT).notificationsArrive());
    Shigoto other = nodes.build(builder());
    List<Long> ids = new ArrayList<>();

    for (int i = 0; i < 3; i++) {
      network.cut();
      ids.addAll(publish(other, 10));
      network.restore();
      heard.awaits(ids);
    }

    heard.awaitsExactly(ids);
  }

  @Test
  void answersThatAreLostLoseAndRepeatNothing() {
    TcpProxy network = nodes.network(db.options());
    Shigoto node = nodes.start(through(network).pollInterval(Duration.ofMillis(100)));
    Shigoto other = nodes.build(builder());
    List<Long> ids = new ArrayList<>();

    for (String statement : List.of("pg_current_snapshot", "payload::text AS payload")) {
      network.onStatement(statement, Link::loseAnswer);
      ids.addAll(publish(other, 50));
      heard.awaits(ids);
    }
    ids.addAll(publish(node, 1));

    heard.awaitsExactly(ids);
  }

  @Test
  void connectionsThatBreakAllTheTimeLoseAndRepeatNothing() {
    TcpProxy network = nodes.network(db.options());
    Shigoto node = nodes.start(through(network).pollInterval(Duration.ofMillis(50)));
    Shigoto other = nodes.build(builder());
    List<Long> ids = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      ids.addAll(publish(other, 10));
      network.cutConnections();
      node.broadcasts().publish(Heard.TOPIC, -1).onErrorComplete().block(LIMIT);
    }
    heard.awaits(ids);

    Await.until(LIMIT, () -> heard.ids().containsAll(all()));
    assertThat(heard.ids()).containsExactlyInAnyOrderElementsOf(all());
  }

  @Test
  void aRestartOfTheServerLosesAndRepeatsNothing() {
    carryOnThrough(server::restartImmediate);
  }

  @Test
  void aCrashOfTheServerLosesAndRepeatsNothing() {
    carryOnThrough(
        () -> {
          server.kill();
          server.startAgain();
        });
  }

  /**
   * Callers publish all the time. What was acknowledged is there, and all that is there is seen.
   */
  private void carryOnThrough(Runnable fault) {
    Heard second = new Heard();
    nodes.start(builder().receiver(heard).pollInterval(Duration.ofMillis(200)));
    nodes.start(builder().receiver(second).pollInterval(Duration.ofMillis(200)));
    Shigoto publisher = nodes.build(builder());
    Queue<Long> acknowledged = new ConcurrentLinkedQueue<>();
    Disposable callers =
        Flux.interval(Duration.ofMillis(2))
            .onBackpressureDrop()
            .flatMap(
                i ->
                    publisher
                        .broadcasts()
                        .publish(Heard.TOPIC, i.intValue())
                        .doOnNext(acknowledged::add)
                        .then()
                        .onErrorComplete(),
                4)
            .subscribe();
    Await.until(LIMIT, () -> heard.ids().size() > 100);

    fault.run();

    int before = acknowledged.size();
    Await.until("callers are served again", LIMIT, () -> acknowledged.size() > before + 100);
    callers.dispose();
    long last = publish(publisher, 1).get(0);
    for (Heard each : List.of(heard, second)) {
      each.awaits(last);
      Await.until("all that is there is seen", LIMIT, () -> each.ids().containsAll(all()));
      assertThat(each.ids()).doesNotHaveDuplicates().containsAll(acknowledged);
      assertThat(each.ids()).containsExactlyInAnyOrderElementsOf(all());
    }
  }

  @Test
  void whatIsPublishedWhileANodeIsWithoutTheDatabaseItHandlesLater() {
    TcpProxy network = nodes.network(db.options());
    nodes.start(through(network).lease(Duration.ofSeconds(1)));
    Shigoto other = nodes.build(builder());
    List<Long> ids = new ArrayList<>(publish(other, 5));
    heard.awaits(ids);

    network.cut();
    told.await(Kind.NODE_LOST_LEASE);
    ids.addAll(publish(other, 5));
    network.restore();

    heard.awaitsExactly(ids);
  }

  private ShigotoBuilder through(TcpProxy network) {
    return Shigoto.builder(Nodes.through(network, db.options()))
        .statementTimeout(Duration.ofSeconds(1))
        .listener(told)
        .receiver(heard);
  }

  private static ShigotoBuilder builder() {
    return Shigoto.builder(db.connectionFactory()).statementTimeout(Duration.ofSeconds(1));
  }

  private static List<Long> publish(Shigoto node, int count) {
    return Flux.range(0, count)
        .flatMap(i -> node.broadcasts().publish(Heard.TOPIC, i))
        .collectList()
        .block(LIMIT);
  }

  private static List<Long> all() {
    return db.sql("SELECT id FROM shigoto.broadcasts").stream()
        .map(row -> (Long) row.get("id"))
        .toList();
  }
}
