package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static io.shigoto.worker.Unique.Field.ARGS;
import static io.shigoto.worker.Unique.Field.QUEUE;
import static io.shigoto.worker.Unique.Field.WORKER;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.r2dbc.spi.Connection;
import io.r2dbc.spi.IsolationLevel;
import io.shigoto.event.JobEvent;
import io.shigoto.job.Job;
import io.shigoto.job.JobState;
import io.shigoto.job.NewJob;
import io.shigoto.job.Receipt;
import io.shigoto.job.Receipt.Change;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.worker.Unique;
import io.shigoto.worker.Unique.Replace;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** What a job that is the same as another is answered, whichever way it comes in. */
class UniqueIT {

  private static final Unique SAME = Unique.by(WORKER, ARGS);

  private static final List<Unique> WISHES =
      List.of(
          SAME,
          SAME.replace(Replace.PRIORITY),
          SAME.debounce(Duration.ofHours(1)),
          SAME.untilStarted().replace(Replace.SCHEDULED_AT),
          SAME.untilStarted().debounce(Duration.ofHours(1)),
          SAME.within(Duration.ofHours(1)).replace(Replace.TAGS));

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Told told = new Told();
  private Shigoto node;

  @BeforeEach
  void build() {
    node = nodes.build(Shigoto.builder(db.connectionFactory()).listener(told));
  }

  @Test
  void aSecondJobIsAnsweredByTheFirst() {
    long first = enqueue(job(1)).id();

    assertThat(enqueue(job(1))).isEqualTo(Receipt.conflict(first, Set.of()));
    assertThat(enqueue(job(2))).isInstanceOf(Receipt.Inserted.class);
    assertThat(jobs()).isEqualTo(2);
    JobEvent conflict = told.await(JobEvent.Kind.CONFLICT);
    assertThat(conflict.jobId()).isEqualTo(first);
    assertThat(conflict.worker()).isEqualTo("work");
    assertThat(conflict.detail()).isEmpty();
  }

  @Test
  void onlyChosenFieldsCount() {
    Unique byQueue = Unique.by(WORKER, QUEUE);
    Unique byCustomer = Unique.by(WORKER).argsKeys("customer");

    assertConflict(job(1).unique(byQueue), job(2).unique(byQueue));
    assertNoConflict(job(1).unique(byQueue).queue("one"), job(1).unique(byQueue).queue("other"));
    assertConflict(order(1, "a").unique(byCustomer), order(1, "b").unique(byCustomer));
    assertNoConflict(order(2, "a").unique(byCustomer), order(3, "a").unique(byCustomer));
    assertNoConflict(job(7), NewJob.of("other", Map.of("n", 7)).unique(SAME));
    assertNoConflict(job(8).unique(Unique.none()), job(8).unique(Unique.none()));
  }

  @Test
  void argsWithoutTheChosenKeysAreRefused() {
    Unique byCustomer = Unique.by(WORKER).argsKeys("customer", "day");

    for (Object args : List.of(Map.of("custmer", 1), List.of(1), "customer")) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> node.enqueue(NewJob.of("work", args).unique(byCustomer)))
          .withMessageContaining("'work'")
          .withMessageContaining("[customer, day]");
    }
    assertThat(jobs()).isZero();
  }

  @Test
  void manyJobsConflictAmongThemselvesAndPoisonNothing() {
    List<Receipt> receipts =
        node.enqueueAll(Flux.range(0, 3_000).map(i -> job(i % 100))).collectList().block(LIMIT);

    assertThat(receipts).hasSize(3_000);
    for (int i = 100; i < 3_000; i++) {
      assertThat(receipts.get(i)).isEqualTo(Receipt.conflict(receipts.get(i % 100).id(), Set.of()));
    }
    assertThat(jobs()).isEqualTo(100);
  }

  @ParameterizedTest
  @MethodSource("io.shigoto.OldSnapshot#levels")
  void inATransactionToo(IsolationLevel level) {
    List<Receipt> receipts =
        inTransaction(
            level,
            connection ->
                node.enqueueAll(
                        Flux.range(0, 200)
                            .map(i -> i % 3 == 0 ? job(i).unique(Unique.none()) : job(i % 20)),
                        connection)
                    .collectList());

    assertThat(receipts).hasSize(200);
    for (int i = 40; i < 200; i++) {
      if (i % 3 == 0) {
        assertThat(receipts.get(i)).isInstanceOf(Receipt.Inserted.class);
      } else {
        int first = i % 20 % 3 == 0 ? i % 20 + 20 : i % 20;
        assertThat(receipts.get(i)).isEqualTo(Receipt.conflict(receipts.get(first).id(), Set.of()));
      }
    }
    assertThat(jobs()).isEqualTo(67 + 20);
  }

  /** The snapshot of the transaction is older than the job that it meets. */
  @ParameterizedTest
  @MethodSource("io.shigoto.OldSnapshot#levels")
  void aJobThatTheTransactionCannotSeeIsMetAllTheSame(IsolationLevel level) {
    Receipt met =
        inTransaction(
            level,
            connection -> {
              long first = enqueue(job(1)).id();
              return node.enqueue(job(1), connection)
                  .doOnNext(receipt -> assertThat(receipt.id()).isEqualTo(first));
            });

    assertThat(met).isInstanceOf(Receipt.Conflict.class);
    assertThat(jobs()).isEqualTo(1);
  }

  @ParameterizedTest
  @MethodSource("io.shigoto.OldSnapshot#levels")
  void aJobThatEndedBehindTheSnapshotIsNotInTheWay(IsolationLevel level) {
    for (Unique wish : WISHES) {
      long first = enqueue(job(1)).id();
      Receipt next =
          inTransaction(
              level,
              connection -> {
                OldSnapshot.end(db, first);
                return node.enqueue(job(1).unique(wish), connection);
              });

      assertThat(next).as("%s", wish).isInstanceOf(Receipt.Inserted.class);
      assertThat(jobs()).isOne();
      OldSnapshot.end(db, next.id());
    }
  }

  @Test
  void whatIsRolledBackLeavesNothing() {
    Connection connection =
        OldSnapshot.begin(db.connectionFactory(), IsolationLevel.READ_COMMITTED);
    node.enqueue(job(1), connection).block(LIMIT);
    Mono.from(connection.rollbackTransaction()).then(Mono.from(connection.close())).block(LIMIT);

    assertThat(enqueue(job(1))).isInstanceOf(Receipt.Inserted.class);
  }

  @Test
  void aJobThatWasNeverStartedTakesOverWhatTheNextOneReplaces() {
    Unique byCustomer =
        Unique.by(WORKER)
            .argsKeys("customer")
            .replace(Replace.ARGS, Replace.PRIORITY, Replace.MAX_ATTEMPTS, Replace.TAGS);
    NewJob newer = order(1, "b").unique(byCustomer).priority(7).maxAttempts(9).tags("new");

    long first = enqueue(order(1, "a").unique(byCustomer).delay(Duration.ofHours(1))).id();
    assertThat(enqueue(newer))
        .isEqualTo(
            Receipt.conflict(
                first, Set.of(Change.ARGS, Change.PRIORITY, Change.MAX_ATTEMPTS, Change.TAGS)));

    Job changed = find(first);
    assertThat(changed.args()).contains("\"b\"");
    assertThat(changed.priority()).isEqualTo(7);
    assertThat(changed.maxAttempts()).isEqualTo(9);
    assertThat(changed.tags()).containsExactly("new");
    assertThat(changed.state()).isEqualTo(JobState.SCHEDULED);
    assertThat(told.await(JobEvent.Kind.CONFLICT).detail())
        .isEqualTo("args max_attempts priority tags");
  }

  @Test
  void aTimeThatIsReplacedMakesAJobDueOrNot() {
    Unique time = SAME.replace(Replace.SCHEDULED_AT);
    long id = enqueue(job(1).unique(time)).id();

    enqueue(job(1).unique(time).delay(Duration.ofHours(1)));
    assertThat(find(id).state()).isEqualTo(JobState.SCHEDULED);
    enqueue(job(1).unique(time));
    assertThat(find(id).state()).isEqualTo(JobState.AVAILABLE);
  }

  @Test
  void ofManyThatReplaceTheLastWins() {
    Unique latest = Unique.by(WORKER).argsKeys("customer").replace(Replace.ARGS);

    List<Receipt> receipts =
        node.enqueueAll(Flux.range(0, 500).map(i -> order(i % 5, "item " + i).unique(latest)))
            .collectList()
            .block(LIMIT);

    for (int i = 495; i < 500; i++) {
      assertThat(find(receipts.get(i).id()).args()).contains("\"item " + i + "\"");
    }
  }

  @Test
  void aDebouncedJobWaitsFromTheLastOneOn() {
    Unique quiet = SAME.debounce(Duration.ofHours(1));
    long first = enqueue(job(1).unique(quiet)).id();
    assertThat(find(first).state()).isEqualTo(JobState.SCHEDULED);
    db.sql("UPDATE shigoto.jobs SET scheduled_at = now() - interval '1 s', state = 'available'");

    assertThat(enqueue(job(1).unique(quiet)))
        .isEqualTo(Receipt.conflict(first, Set.of(Change.DEBOUNCED)));

    assertThat(find(first).state()).isEqualTo(JobState.SCHEDULED);
    assertThat(dueInAnHour()).isOne();
    enqueue(job(1).unique(quiet).delay(Duration.ofHours(5)));
    assertThat(dueInAnHour()).isOne();
  }

  private static long dueInAnHour() {
    return db.number(
        "SELECT count(*) FROM shigoto.jobs"
            + " WHERE scheduled_at - now() BETWEEN interval '59 min' AND interval '1 h'");
  }

  /** It has failed once, and waits for its backoff. */
  @ParameterizedTest
  @MethodSource("io.shigoto.OldSnapshot#levels")
  void aJobThatWasStartedStaysAsItIs(IsolationLevel level) {
    Unique byCustomer = Unique.by(WORKER).argsKeys("customer");
    List<Unique> wishes =
        List.of(byCustomer.replace(Replace.ARGS), byCustomer.debounce(Duration.ofHours(9)));
    long first = enqueue(order(1, "a").unique(byCustomer)).id();
    db.sql("UPDATE shigoto.jobs SET state = 'retryable', lease = 1, attempt = 1");
    Job before = find(first);

    for (Unique wish : wishes) {
      NewJob next = order(1, "b").unique(wish);
      assertThat(enqueue(next)).isEqualTo(Receipt.conflict(first, Set.of()));
      Receipt met = inTransaction(level, connection -> node.enqueue(next, connection));
      assertThat(met).isEqualTo(Receipt.conflict(first, Set.of()));
    }

    assertThat(find(first)).usingRecursiveComparison().ignoringFields("reader").isEqualTo(before);
  }

  @ParameterizedTest
  @MethodSource("io.shigoto.OldSnapshot#levels")
  void aTransactionReplacesWhatItSees(IsolationLevel level) {
    Unique latest = Unique.by(WORKER).argsKeys("customer").replace(Replace.ARGS);
    long first = enqueue(order(1, "a").unique(latest)).id();

    Receipt met =
        inTransaction(level, connection -> node.enqueue(order(1, "b").unique(latest), connection));

    assertThat(met).isEqualTo(Receipt.conflict(first, Set.of(Change.ARGS)));
    assertThat(find(first).args()).contains("\"b\"");
  }

  @ParameterizedTest
  @MethodSource("io.shigoto.OldSnapshot#levels")
  void anotherIsLetInWhenThePeriodIsOver(IsolationLevel level) {
    Unique hourly = SAME.within(Duration.ofHours(1));
    long first = enqueue(job(1).unique(hourly)).id();
    assertThat(enqueue(job(1).unique(hourly))).isInstanceOf(Receipt.Conflict.class);
    assertThat(
            db.number(
                "SELECT count(*) FROM shigoto.unique_keys WHERE until - now() <= interval '1 h'"))
        .isEqualTo(1);

    db.sql("UPDATE shigoto.unique_keys SET until = now()");
    Receipt second =
        inTransaction(level, connection -> node.enqueue(job(1).unique(hourly), connection));

    assertThat(second).isInstanceOf(Receipt.Inserted.class);
    assertThat(enqueue(job(1).unique(hourly))).isEqualTo(Receipt.conflict(second.id(), Set.of()));
    OldSnapshot.end(db, first);
    assertThat(enqueue(job(1).unique(hourly))).isEqualTo(Receipt.conflict(second.id(), Set.of()));
  }

  /** Somebody's DELETE of a job does not know of keys. */
  @ParameterizedTest
  @MethodSource("io.shigoto.OldSnapshot#levels")
  void aKeyWhoseJobWasDeletedByHandIsFree(IsolationLevel level) {
    enqueue(job(1));
    db.sql("DELETE FROM shigoto.jobs");

    Receipt next = inTransaction(level, connection -> node.enqueue(job(1), connection));

    assertThat(next).isInstanceOf(Receipt.Inserted.class);
  }

  private static NewJob job(int n) {
    return NewJob.of("work", Map.of("n", n)).unique(SAME);
  }

  private static NewJob order(int customer, String item) {
    return NewJob.of("order", Map.of("customer", customer, "item", item));
  }

  private Receipt enqueue(NewJob job) {
    return node.enqueue(job).block(LIMIT);
  }

  private Job find(long id) {
    return node.jobs().find(id).block(LIMIT);
  }

  private void assertConflict(NewJob one, NewJob other) {
    Receipt first = enqueue(one);
    assertThat(enqueue(other)).isEqualTo(Receipt.conflict(first.id(), Set.of()));
  }

  private void assertNoConflict(NewJob one, NewJob other) {
    assertThat(enqueue(one)).isInstanceOf(Receipt.Inserted.class);
    assertThat(enqueue(other)).isInstanceOf(Receipt.Inserted.class);
  }

  private static long jobs() {
    return db.number("SELECT count(*) FROM shigoto.jobs");
  }

  private static <T> T inTransaction(IsolationLevel level, Function<Connection, Mono<T>> work) {
    return OldSnapshot.transaction(db.connectionFactory(), level, work);
  }
}
