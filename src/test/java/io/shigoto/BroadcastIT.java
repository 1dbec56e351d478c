package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import io.r2dbc.spi.Connection;
import io.shigoto.broadcast.Message;
import io.shigoto.broadcast.Receiver;
import io.shigoto.event.JobEvent;
import io.shigoto.event.JobEvent.Kind;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.support.LogCapture;
import io.shigoto.support.TcpProxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/** Messages to all nodes, as long as the network holds. */
class BroadcastIT {

  private static final Duration NEVER = Duration.ofHours(1);

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Told told = new Told();
  private final Heard heard = new Heard();
  private final List<Connection> opened = new ArrayList<>();

  @AfterEach
  void close() {
    opened.forEach(connection -> Mono.from(connection.close()).block(LIMIT));
  }

  @Test
  void threeNodesEachHandleEachMessageOnce() {
    List<Heard> all = List.of(new Heard(), new Heard(), new Heard());
    List<Shigoto> cluster = all.stream().map(each -> start(each)).toList();

    List<Long> ids =
        Flux.range(0, 1_000)
            .flatMap(i -> cluster.get(i % 3).broadcasts().publish(Heard.TOPIC, i), 100)
            .collectList()
            .block(LIMIT);

    all.forEach(each -> each.awaitsExactly(ids));
    assertThat(ids).doesNotHaveDuplicates();
    told.await(Kind.BROADCAST_HANDLED, 3_000);
    assertThat(told.count(Kind.BROADCAST_HANDLED)).isEqualTo(3_000);
    assertThat(told.count(Kind.BROADCAST_PUBLISHED)).isEqualTo(1_000);
    assertThat(told.count(Kind.BROADCAST_FAILED)).isZero();
  }

  @Test
  void aMessageIsHeardOfAtOnceWhoeverPublishesIt() {
    start(heard, builder -> builder.pollInterval(NEVER));
    Shigoto other = nodes.build(Shigoto.builder(db.connectionFactory()));

    heard.awaits(publish(other, 1));
    db.sql("INSERT INTO shigoto.broadcasts (topic, payload) VALUES ('news', '2')");
    Await.until(LIMIT, () -> heard.payloads().contains(2));
    heard.awaits(inTransaction(connection -> other.broadcasts().publish("news", 3, connection)));

    assertThat(heard.payloads()).containsExactly(1, 2, 3);
    assertThat(heard.messages()).allMatch(message -> message.attempt() == 1);
  }

  /** An id that is committed late is lower than others that were seen before. */
  @Test
  void aMessageOfATransactionThatCommitsLateIsNotMissed() {
    Shigoto node = start(heard);
    Connection late = open();
    long first = node.broadcasts().publish("news", 0, late).block(LIMIT);
    List<Long> ids = new ArrayList<>();
    for (int i = 1; i <= 20; i++) {
      ids.add(publish(node, i));
      heard.awaits(ids);
    }
    assertThat(heard.ids()).doesNotContain(first).allMatch(id -> id > first);

    end(late, true);

    ids.add(first);
    heard.awaitsExactly(ids);
  }

  @Test
  void transactionsThatOverlapAtRandomAreSeenOnceEach() {
    Shigoto node = start(heard, builder -> builder.pollInterval(Duration.ofMillis(10)));
    Random random = new Random(7);
    List<Connection> open = new ArrayList<>();
    List<Long> committed = new ArrayList<>();
    List<Long> waiting = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      if (open.size() < 8) {
        Connection connection = open();
        open.add(connection);
        waiting.add(node.broadcasts().publish("news", i, connection).block(LIMIT));
      }
      if (random.nextBoolean()) {
        int place = random.nextInt(open.size());
        boolean commits = random.nextInt(4) > 0;
        end(open.remove(place), commits);
        long id = waiting.remove(place);
        if (commits) {
          committed.add(id);
        }
      }
      if (i % 20 == 0) {
        heard.awaits(committed);
      }
    }
    open.forEach(connection -> end(connection, false));

    heard.awaitsExactly(committed);
    heard.awaits(publish(node, -1));
    assertThat(heard.ids()).hasSize(committed.size() + 1).doesNotHaveDuplicates();
  }

  /** As after a crash of the server, which forgets transactions that wrote nothing of weight. */
  @Test
  void aTransactionWhoseNumberWasUsedBeforeIsNotMissed() {
    Shigoto node = start(heard);
    heard.awaits(publish(node, 1));

    db.sql("INSERT INTO shigoto.broadcasts (topic, payload, xact) VALUES ('news', '2', '3'::xid8)");
    Await.until(LIMIT, () -> heard.payloads().contains(2));
    heard.awaits(publish(node, 3));

    assertThat(heard.payloads()).containsExactly(1, 2, 3);
  }

  /** As after a restore from another server, whose transactions had higher numbers. */
  @Test
  void aTransactionWhoseNumberIsStillToComeIsNotSeenAgainAndAgain() {
    Shigoto node = start(heard);
    db.sql(
        "INSERT INTO shigoto.broadcasts (topic, payload, xact) VALUES ('news', '1', '99999999999'::xid8)");
    Await.until(LIMIT, () -> heard.payloads().contains(1));

    for (int i = 2; i <= 5; i++) {
      heard.awaits(publish(node, i));
    }

    assertThat(heard.payloads()).containsExactly(1, 2, 3, 4, 5);
  }

  @Test
  void aMessageThatFailsOnOneNodeIsTriedAgainThereOnly() {
    Queue<Integer> attempts = new ConcurrentLinkedQueue<>();
    Heard failing =
        new Heard(
            message -> {
              attempts.add(message.attempt());
              return message.attempt() < 3
                  ? Mono.error(new IllegalStateException("not yet"))
                  : Mono.empty();
            });
    start(failing, builder -> builder.name("failing"));
    Shigoto node = start(heard);

    long id = publish(node, 1);

    failing.awaits(id);
    heard.awaits(id);
    told.await(Kind.BROADCAST_HANDLED, 2);
    assertThat(attempts).containsExactly(1, 2, 3);
    assertThat(heard.ids()).containsExactly(id);
    assertThat(told.all(Kind.BROADCAST_FAILED))
        .hasSize(2)
        .allMatch(event -> event.node().equals("failing"))
        .allMatch(event -> event.detail().equals(id + " IllegalStateException"));
  }

  @Test
  void aMessageThatAlwaysFailsIsGivenUpAndKeepsNobodyWaiting() {
    Heard failing =
        new Heard(
            message ->
                message.payload() == 4711
                    ? Mono.error(new IllegalStateException("of " + message.payload()))
                    : Mono.empty());
    try (LogCapture logs = LogCapture.start()) {
      Shigoto node = start(failing);
      long bad = publish(node, 4711);
      failing.awaits(publish(node, 2));
      JobEvent event = told.await(Kind.BROADCAST_GIVEN_UP);
      failing.awaits(publish(node, 3));

      assertThat(event.attempt()).isEqualTo(3);
      assertThat(event.worker()).isEqualTo("news");
      assertThat(event.detail()).isEqualTo(bad + " IllegalStateException");
      assertThat(told.count(Kind.BROADCAST_FAILED)).isEqualTo(2);
      assertThat(failing.payloads()).containsExactly(2, 3);
      assertThat(logs.lines(Level.ERROR))
          .singleElement()
          .asString()
          .startsWith("gave up a message to all nodes topic=news id=" + bad);
      assertThat(logs.everything()).doesNotContain("of 4711");
    }
  }

  @Test
  void whateverAReceiverDoesItIsAnAttempt() {
    Queue<Object> contexts = new ConcurrentLinkedQueue<>();
    Heard broken =
        new Heard(
            message ->
                switch (message.payload() * 10 + message.attempt()) {
                  case 11 -> throw new NoClassDefFoundError("gone");
                  case 21 -> throw new IllegalStateException();
                  case 31 -> Mono.error(new StackOverflowError());
                  default -> Message.current().doOnNext(contexts::add).then();
                });
    Shigoto node = start(broken);

    List<Long> ids = List.of(publish(node, 1), publish(node, 2), publish(node, 3));
    db.sql("INSERT INTO shigoto.broadcasts (topic, payload) VALUES ('news', '\"no number\"')");

    broken.awaitsExactly(ids);
    told.await(Kind.BROADCAST_GIVEN_UP);
    assertThat(told.all(Kind.BROADCAST_FAILED))
        .extracting(event -> event.detail().split(" ")[1])
        .contains("NoClassDefFoundError", "IllegalStateException", "StackOverflowError")
        .contains("PayloadDoesNotFit");
    assertThat(contexts).allMatch(Message.class::isInstance).hasSize(3);
  }

  @Test
  void anAttemptThatTakesTooLongIsCancelledAndFails() {
    Sinks.Empty<Void> cancelled = Sinks.empty();
    List<Long> handled = Collections.synchronizedList(new ArrayList<>());
    Shigoto node =
        nodes.start(
            builder()
                .receiver(
                    new Impatient(
                        message ->
                            message.attempt() == 1
                                ? Mono.<Void>never().doOnCancel(cancelled::tryEmitEmpty)
                                : Mono.fromRunnable(() -> handled.add(message.id())))));

    long id = node.broadcasts().publish("Impatient", 1).block(LIMIT);

    cancelled.asMono().block(LIMIT);
    Await.until(LIMIT, () -> handled.equals(List.of(id)));
    assertThat(told.await(Kind.BROADCAST_FAILED).detail()).isEqualTo(id + " RunTimeout");
  }

  @Test
  void aNodeThatJoinsLateSeesItsWindowAndNothingOlder() {
    Shigoto publisher = nodes.build(Shigoto.builder(db.connectionFactory()));
    long old = publish(publisher, 1);
    db.sql(
        "UPDATE shigoto.broadcasts SET published_at = now() - interval '61 s' WHERE id = $1", old);
    List<Long> recent = List.of(publish(publisher, 2), publish(publisher, 3));
    Heard without = new Heard();

    start(heard);
    start(without, builder -> builder.broadcastWindow(Duration.ZERO));
    long next = publish(publisher, 4);

    heard.awaitsExactly(List.of(recent.get(0), recent.get(1), next));
    without.awaitsExactly(List.of(next));
  }

  /** What was committed before its first look it does not see, and from then on it sees all. */
  @Test
  void nodesThatStartInTheMiddleMissNothingFromThenOn() {
    Shigoto publisher = nodes.build(Shigoto.builder(db.connectionFactory()));
    Queue<Long> ids = new ConcurrentLinkedQueue<>();
    Disposable publishing =
        Flux.range(0, Integer.MAX_VALUE)
            .concatMap(i -> publisher.broadcasts().publish(Heard.TOPIC, i))
            .subscribe(ids::add);
    List<Heard> all = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      Heard next = new Heard();
      all.add(next);
      start(next, builder -> builder.broadcastWindow(Duration.ZERO));
      int startedAt = ids.size();
      Await.until(LIMIT, () -> ids.size() > startedAt + 20);
    }
    publishing.dispose();
    long last = publish(publisher, -1);
    List<Long> published =
        db.sql("SELECT id FROM shigoto.broadcasts ORDER BY id").stream()
            .map(row -> (Long) row.get("id"))
            .toList();

    for (Heard each : all) {
      each.awaits(last);
      List<Long> seen = each.ids();
      assertThat(seen)
          .isEqualTo(published.subList(published.indexOf(seen.get(0)), published.size()));
    }
  }

  /**
   * It was begun before the node was there, even before its window; the node lives at the commit.
   */
  @Test
  void aMessageThatIsCommittedAfterTheStartIsSeenHoweverOld() {
    Shigoto publisher = nodes.build(Shigoto.builder(db.connectionFactory()));
    Connection late = open();
    long id = publisher.broadcasts().publish("news", 1, late).block(LIMIT);
    Mono.from(
            late.createStatement(
                    "UPDATE shigoto.broadcasts SET published_at = now() - interval '1 hour'")
                .execute())
        .flatMap(result -> Mono.from(result.getRowsUpdated()))
        .block(LIMIT);
    start(heard, builder -> builder.broadcastWindow(Duration.ZERO));

    end(late, true);

    heard.awaitsExactly(List.of(id));
  }

  @Test
  void aNodeThatLostItsLeaseMissesNothingAndRepeatsNothing() {
    Shigoto node = start(heard, builder -> builder.lease(Duration.ofSeconds(1)));
    List<Long> ids = new ArrayList<>();
    for (int i = 1; i <= 2; i++) {
      ids.add(publish(node, i));
      heard.awaits(ids);
      db.sql("UPDATE shigoto.nodes SET lease_until = now() - interval '1 ms'");
      ids.add(publish(node, i));
      told.await(Kind.NODE_LOST_LEASE, i);
      ids.add(publish(node, i));
      told.await(Kind.NODE_JOINED, i + 1);
    }
    ids.add(publish(node, 3));

    heard.awaitsExactly(ids);
  }

  @Test
  void oneAfterTheOtherOrAsManyAtATimeAsTheReceiverAllows() {
    Sinks.Empty<Void> go = Sinks.empty();
    Queue<Integer> begun = new ConcurrentLinkedQueue<>();
    Queue<Integer> order = new ConcurrentLinkedQueue<>();
    nodes.start(
        builder()
            .receiver(
                new Wide(
                    3,
                    message -> {
                      begun.add(message.payload());
                      return go.asMono();
                    })));
    Shigoto node =
        nodes.start(builder().receiver(new Wide(1, message -> note(order, message.payload()))));

    Flux.range(0, 200).concatMap(i -> node.broadcasts().publish("Wide", i)).blockLast(LIMIT);

    Await.until(LIMIT, () -> order.size() == 200);
    assertThat(order).containsExactlyElementsOf(IntStream.range(0, 200).boxed().toList());
    Await.until(LIMIT, () -> begun.size() == 3);
    assertThat(begun).hasSize(3);
    go.tryEmitEmpty();
    Await.until(LIMIT, () -> begun.size() == 200);
  }

  private static Mono<Void> note(Queue<Integer> order, int payload) {
    return Mono.delay(Duration.ofNanos(1)).then(Mono.fromRunnable(() -> order.add(payload)));
  }

  @Test
  void aMessageThatIsOutOfRetentionBeforeItsTurnIsToldOf() {
    Sinks.Empty<Void> go = Sinks.empty();
    Heard slow = new Heard(message -> message.payload() == 1 ? go.asMono() : Mono.empty());
    List<Integer> others = Collections.synchronizedList(new ArrayList<>());
    Wide other = new Wide(1, message -> Mono.fromRunnable(() -> others.add(message.payload())));
    Shigoto node = start(slow, builder -> builder.receiver(other));
    List<Long> ids = IntStream.rangeClosed(1, 101).mapToObj(i -> publish(node, i)).toList();
    long gone = ids.get(99);
    node.broadcasts().publish(other.topic(), 102).block(LIMIT);
    Await.until("the node knows of all", LIMIT, () -> others.contains(102));

    db.sql("DELETE FROM shigoto.broadcasts WHERE id = $1", gone);
    go.tryEmitEmpty();

    slow.awaits(ids.get(100));
    assertThat(slow.ids()).hasSize(100).doesNotContain(gone);
    assertThat(told.await(Kind.BROADCAST_GIVEN_UP).detail()).isEqualTo("" + gone);
  }

  @Test
  void messagesAreForgottenWhenTheyAreOutOfRetention() {
    Shigoto publisher = nodes.build(Shigoto.builder(db.connectionFactory()));
    long old = publish(publisher, 1);
    long recent = publish(publisher, 2);
    db.sql(
        "UPDATE shigoto.broadcasts SET published_at = now() - interval '61 s' WHERE id = $1", old);

    nodes.start(builder().broadcastRetention(Duration.ofSeconds(60)));

    Await.until(LIMIT, () -> db.number("SELECT count(*) FROM shigoto.broadcasts") == 1);
    assertThat(db.number("SELECT id FROM shigoto.broadcasts")).isEqualTo(recent);
  }

  /** Looks cost no more than the poll, and nothing where there is no receiver. */
  @Test
  void anIdleNodeLooksAtItsPollIntervalAndWithoutReceiversNever() {
    TcpProxy with = nodes.network(db.options());
    TcpProxy without = nodes.network(db.options());
    Duration often = Duration.ofMillis(50);
    nodes.start(through(with).receiver(heard).pollInterval(often));
    nodes.start(through(without).pollInterval(often));
    with.counts().reset();

    Await.until(LIMIT, () -> with.counts().statements("FROM shigoto.queues") >= 20);
    Await.until(LIMIT, () -> without.counts().statements("FROM shigoto.queues") >= 20);

    long polls = with.counts().statements("FROM shigoto.queues");
    assertThat(with.counts().statements("pg_current_snapshot")).isBetween(2L, 2 * polls);
    assertThat(with.counts().statements("SELECT id, payload")).isZero();
    assertThat(without.counts().statements("pg_current_snapshot")).isZero();
  }

  private ShigotoBuilder through(TcpProxy network) {
    return Shigoto.builder(Nodes.through(network, db.options())).queue("default", 10);
  }

  private ShigotoBuilder builder() {
    return Shigoto.builder(db.connectionFactory()).listener(told);
  }

  private Shigoto start(Heard receiver) {
    return start(receiver, builder -> builder);
  }

  private Shigoto start(Heard receiver, UnaryOperator<ShigotoBuilder> options) {
    return nodes.start(options.apply(builder().receiver(receiver)));
  }

  private static long publish(Shigoto node, int payload) {
    return node.broadcasts().publish(Heard.TOPIC, payload).block(LIMIT);
  }

  private Connection open() {
    Connection connection = Mono.from(db.connectionFactory().create()).block(LIMIT);
    opened.add(connection);
    Mono.from(connection.beginTransaction()).block(LIMIT);
    return connection;
  }

  private void end(Connection connection, boolean commits) {
    opened.remove(connection);
    Mono.from(commits ? connection.commitTransaction() : connection.rollbackTransaction())
        .then(Mono.from(connection.close()))
        .block(LIMIT);
  }

  private long inTransaction(Function<Connection, Mono<Long>> work) {
    Connection connection = open();
    long id = work.apply(connection).block(LIMIT);
    end(connection, true);
    return id;
  }

  /** Its attempts may take next to no time, and are made again at once. */
  static final class Impatient implements Receiver<Integer> {

    private final Function<Message<Integer>, Mono<Void>> script;

    Impatient(Function<Message<Integer>, Mono<Void>> script) {
      this.script = script;
    }

    @Override
    public Mono<Void> receive(Message<Integer> message) {
      return script.apply(message);
    }

    @Override
    public Duration timeout() {
      return Duration.ofMillis(100);
    }

    @Override
    public Duration backoff(int attempt, Throwable error) {
      return Duration.ZERO;
    }
  }

  /** Handles several messages at a time. */
  static final class Wide implements Receiver<Integer> {

    private final int concurrency;
    private final Function<Message<Integer>, Mono<Void>> script;

    Wide(int concurrency, Function<Message<Integer>, Mono<Void>> script) {
      this.concurrency = concurrency;
      this.script = script;
    }

    @Override
    public Mono<Void> receive(Message<Integer> message) {
      return script.apply(message);
    }

    @Override
    public int concurrency() {
      return concurrency;
    }
  }
}
