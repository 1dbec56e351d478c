package io.shigoto;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.r2dbc.spi.Connection;
import io.r2dbc.spi.R2dbcException;
import io.shigoto.internal.postgres.Database;
import io.shigoto.job.Job;
import io.shigoto.job.JobState;
import io.shigoto.job.NewJob;
import io.shigoto.job.Receipt;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.worker.JobContext;
import io.shigoto.worker.Outcome;
import io.shigoto.worker.ReactiveWorker;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.reactivestreams.Subscription;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Signal;
import reactor.core.scheduler.Schedulers;

class EnqueueIT {

  private static final Duration LIMIT = Duration.ofSeconds(30);

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private Shigoto node;

  @BeforeEach
  void aNodeThatOnlyEnqueues() {
    node =
        nodes.build(
            Shigoto.builder(db.connectionFactory()).worker(new Chosen()).maxPayload(300_000));
  }

  static Stream<Arguments> refusedHere() {
    return Stream.of(
        Arguments.of("contains \\u0000", "a\0b"),
        Arguments.of("contains \\u0000", Map.of("k\0", 1)),
        Arguments.of("contains a lone surrogate \\ud83d", List.of("\ud83d")),
        Arguments.of("contains NaN or Infinity", List.of(Double.NaN)),
        Arguments.of("contains NaN or Infinity", Map.of("x", Float.POSITIVE_INFINITY)),
        Arguments.of("has 300001 bytes as JSON; the limit is 300000", "x".repeat(299_999)),
        Arguments.of(
            "cannot be written as JSON",
            new Object() {
              @SuppressWarnings("unused")
              public String getBroken() {
                throw new IllegalStateException("secret");
              }
            }));
  }

  @ParameterizedTest
  @MethodSource("refusedHere")
  void argsThatCannotBeHeldAreRefusedAtTheCall(String why, Object args) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> node.enqueue(NewJob.of("mail", args)))
        .withMessageStartingWith("args of a job for 'mail' ")
        .withMessageContaining(why)
        .withMessageNotContaining("secret");
    assertThat(node.enqueueAll(Flux.just(NewJob.of("mail", args))).materialize().blockLast(LIMIT))
        .matches(Signal::isOnError);
    assertThat(jobs()).isZero();
  }

  @Test
  void metaAndTagsAreLookedAtToo() {
    NewJob job = NewJob.of("mail", Map.of());

    assertThatIllegalArgumentException()
        .isThrownBy(() -> node.enqueue(job.meta(Map.of("k", "a\0b"))))
        .withMessageContaining("meta of a job for 'mail' contains \\u0000");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> node.enqueue(job.meta(Map.of("k", "x".repeat(300_000)))))
        .withMessageContaining("meta of a job for 'mail' has 300008 bytes");
  }

  @Test
  void aClassThatIsNotRegisteredIsNamed() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> node.enqueue(NewJob.of(Stranger.class, "x")))
        .withMessageContaining(Stranger.class.getName() + " is not registered with this node");
  }

  /** A constraint that somebody added to the table, say. */
  @Test
  void whatOnlyTheServerRefusesFailsOnlyItsOwnCaller() {
    String bad = "refused";
    db.sql(
        "ALTER TABLE shigoto.jobs ADD CONSTRAINT chosen CHECK (args <> '[\"%s\"]')".formatted(bad));
    int callers = 500;
    int toBlame = 321;

    List<Signal<Receipt>> signals =
        Flux.range(0, callers)
            .flatMapSequential(
                i ->
                    node.enqueue(NewJob.of("count", i == toBlame ? List.of(bad) : List.of(i)))
                        .subscribeOn(Schedulers.parallel())
                        .materialize(),
                callers)
            .collectList()
            .block(LIMIT);
    db.sql("ALTER TABLE shigoto.jobs DROP CONSTRAINT chosen");

    assertThat(signals.stream().filter(Signal::hasError).count()).isEqualTo(1);
    assertThat(signals.get(toBlame).getThrowable()).isInstanceOf(R2dbcException.class);
    assertThat(jobs()).isEqualTo(callers - 1);
    for (int i = 0; i < callers; i++) {
      if (i != toBlame) {
        assertThat(argsOf(signals.get(i).get())).isEqualTo("[" + i + "]");
      }
    }
  }

  @Test
  void receiptsAndIdsAreInTheOrderOfTheirJobs() {
    int jobs = 10_000;

    List<Long> ids =
        node.enqueueAll(Flux.range(0, jobs).map(i -> NewJob.of("count", i)))
            .map(Receipt::id)
            .collectList()
            .block(LIMIT);

    assertThat(ids).isSorted().doesNotHaveDuplicates();
    Map<Long, Integer> args = new HashMap<>();
    db.sql("SELECT id, args::text AS args FROM shigoto.jobs")
        .forEach(row -> args.put((Long) row.get("id"), Integer.valueOf("" + row.get("args"))));
    assertThat(ids.stream().map(args::get))
        .containsExactlyElementsOf(IntStream.range(0, jobs).boxed().toList());
  }

  /** 16 MiB of them at most, and one more. */
  @Test
  void onlySoManyHeavyJobsOfAStreamAreInMemory() {
    String heavy = "x".repeat(250_000);
    AtomicInteger taken = new AtomicInteger();

    Connection other = Mono.from(db.connectionFactory().create()).block(LIMIT);
    Database.run(other, "BEGIN; LOCK TABLE shigoto.jobs IN SHARE MODE").block(LIMIT);

    Mono<Long> counted =
        node.enqueueAll(
                Flux.range(0, 200)
                    .map(i -> NewJob.of("count", heavy))
                    .doOnNext(job -> taken.incrementAndGet()))
            .count()
            .cache();
    counted.subscribe();
    Await.until(LIMIT, () -> taken.get() >= 60);
    Database.run(other, "SELECT count(*) FROM shigoto.jobs").block(LIMIT);
    assertThat(taken.get()).isLessThanOrEqualTo(68);
    Mono.from(other.close()).block(LIMIT);
    Long count = counted.block(LIMIT);

    assertThat(count).isEqualTo(200);
    assertThat(jobs()).isEqualTo(200);
  }

  @Test
  void theIdsOfOneStatementFollowItsJobs() {
    Connection client = Mono.from(db.connectionFactory().create()).block(LIMIT);

    List<Long> ids =
        node.enqueueAll(Flux.range(0, 5_000).map(i -> NewJob.of("count", i)), client)
            .map(Receipt::id)
            .collectList()
            .block(LIMIT);

    Mono.from(client.close()).block(LIMIT);
    assertThat(ids).hasSize(5_000).isSorted().doesNotHaveDuplicates();
    assertThat(db.sql("SELECT args::text AS args FROM shigoto.jobs ORDER BY id"))
        .extracting(row -> Integer.valueOf("" + row.get("args")))
        .isSorted();
  }

  @Test
  void onlySoManyJobsAreAskedForAhead() {
    AtomicInteger asked = new AtomicInteger();
    Queue<Receipt> receipts = new ConcurrentLinkedQueue<>();
    BaseSubscriber<Receipt> slow =
        new BaseSubscriber<>() {
          @Override
          protected void hookOnSubscribe(Subscription subscription) {
            subscription.request(10);
          }

          @Override
          protected void hookOnNext(Receipt receipt) {
            receipts.add(receipt);
          }
        };

    node.enqueueAll(
            Flux.<NewJob>generate(sink -> sink.next(NewJob.of("count", asked.incrementAndGet()))))
        .subscribe(slow);
    Await.until("ten receipts", LIMIT, () -> receipts.size() == 10);
    Await.until("all but the next is written", LIMIT, () -> jobs() >= asked.get() - 1);

    assertThat(asked.get()).isBetween(10, 5_000);
    slow.cancel();
    assertThat(receipts.size()).isEqualTo(10);
  }

  @Test
  void aJobThatIsRefusedEndsTheStreamAndWhatCameBeforeItIsThere() {
    List<Signal<Receipt>> signals =
        node.enqueueAll(Flux.range(0, 100).map(i -> NewJob.of("count", i == 50 ? "a\0b" : i)))
            .materialize()
            .collectList()
            .block(LIMIT);

    assertThat(signals.get(50).getThrowable()).isInstanceOf(IllegalArgumentException.class);
    assertThat(signals).hasSize(51);
    assertThat(db.number("SELECT count(*) FROM shigoto.jobs")).isEqualTo(50);
  }

  /** Those before it would not all fit into memory: one of them waits for room. */
  @Test
  void anErrorOfThePublisherComesWhenWhatCameBeforeItIsThere() {
    String heavy = "x".repeat(290_000);
    Flux<NewJob> jobs =
        Flux.range(0, 100)
            .map(i -> NewJob.of("count", heavy))
            .concatWith(Mono.error(new IllegalStateException("the publisher's")));

    List<Signal<Receipt>> signals = node.enqueueAll(jobs).materialize().collectList().block(LIMIT);

    assertThat(signals.get(100).getThrowable()).hasMessage("the publisher's");
    assertThat(signals).hasSize(101);
    assertThat(db.number("SELECT count(*) FROM shigoto.jobs")).isEqualTo(100);
  }

  @Test
  void aCommitThatFailsIsToldBeforeALaterErrorOfThePublisher() {
    Shigoto hasty =
        nodes.build(
            Shigoto.builder(db.connectionFactory()).statementTimeout(Duration.ofMillis(500)));
    Flux<NewJob> jobs =
        Flux.range(0, 10)
            .map(i -> NewJob.of("count", i))
            .concatWith(Mono.error(new IllegalStateException("the publisher's")));

    List<Signal<Receipt>> signals =
        Open.transaction(
            db.connectionFactory(),
            "LOCK TABLE shigoto.jobs IN ACCESS EXCLUSIVE MODE",
            () -> hasty.enqueueAll(jobs).materialize().collectList().block(LIMIT));

    assertThat(signals).hasSize(1);
    assertThat(signals.get(0).getThrowable()).isInstanceOf(TimeoutException.class);
  }

  @Test
  void aJobThatTheServerRefusesEndsTheStreamAfterTheReceiptsBeforeIt() {
    db.sql("ALTER TABLE shigoto.jobs ADD CONSTRAINT no_five CHECK (args <> '5'::jsonb)");
    try {
      List<Signal<Receipt>> signals =
          node.enqueueAll(Flux.range(0, 10).map(i -> NewJob.of("count", i)))
              .materialize()
              .collectList()
              .block(LIMIT);

      assertThat(signals).hasSize(6);
      assertThat(signals.get(5).getThrowable()).isInstanceOf(R2dbcException.class);
    } finally {
      db.sql("ALTER TABLE shigoto.jobs DROP CONSTRAINT no_five");
    }
  }

  @Test
  void theWorkersOptionsHoldUnlessTheJobHasItsOwn() {
    long plain = id(NewJob.of(Chosen.class, "x"));
    long own =
        id(
            NewJob.of(Chosen.class, "x")
                .queue("other")
                .priority(-1)
                .maxAttempts(1)
                .tags("mine")
                .meta(Map.of("k", "v"))
                .partitionKey("tenant"));
    long byAlias = id(NewJob.of("former", "x"));
    long unknown = id(NewJob.of("unknown", "x"));

    assertThat(job(plain))
        .extracting(Job::worker, Job::queue, Job::priority, Job::maxAttempts, Job::tags)
        .containsExactly("chosen", "lane", 7, 9, Set.of("worker's"));
    assertThat(job(own))
        .extracting(
            Job::queue, Job::priority, Job::maxAttempts, Job::tags, Job::meta, Job::partitionKey)
        .containsExactly("other", -1, 1, Set.of("mine"), Map.of("k", "v"), "tenant");
    assertThat(job(byAlias)).extracting(Job::worker, Job::queue).containsExactly("former", "lane");
    assertThat(job(unknown))
        .extracting(Job::worker, Job::queue, Job::priority, Job::maxAttempts, Job::state)
        .containsExactly("unknown", "default", 0, 3, JobState.AVAILABLE);
  }

  @Test
  void extremesArriveAsTheyAre() {
    String name = "仕😀".repeat(85);
    long id =
        id(
            NewJob.of(name, "x")
                .queue(name)
                .partitionKey(name)
                .tags(name)
                .priority(Short.MIN_VALUE));

    assertThat(job(id))
        .extracting(Job::worker, Job::queue, Job::partitionKey, Job::tags, Job::priority)
        .containsExactly(name, name, name, Set.of(name), -32_768);
  }

  private long id(NewJob job) {
    return node.enqueue(job).block(LIMIT).id();
  }

  private Job job(long id) {
    return node.jobs().find(id).block(LIMIT);
  }

  private static String argsOf(Receipt receipt) {
    return String.valueOf(
        db.sql("SELECT args::text AS args FROM shigoto.jobs WHERE id = $1", receipt.id())
            .get(0)
            .get("args"));
  }

  private static long jobs() {
    return db.number("SELECT count(*) FROM shigoto.jobs");
  }

  static class Chosen implements ReactiveWorker<String> {

    @Override
    public Mono<Outcome> perform(JobContext<String> job) {
      return Mono.empty();
    }

    @Override
    public String name() {
      return "chosen";
    }

    @Override
    public Set<String> aliases() {
      return Set.of("former");
    }

    @Override
    public String queue() {
      return "lane";
    }

    @Override
    public int priority() {
      return 7;
    }

    @Override
    public int maxAttempts() {
      return 9;
    }

    @Override
    public Set<String> tags() {
      return Set.of("worker's");
    }
  }

  static final class Stranger extends Chosen {}
}
