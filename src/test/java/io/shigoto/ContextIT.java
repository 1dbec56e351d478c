package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.tuple;

import io.r2dbc.spi.Connection;
import io.shigoto.batch.NewBatch;
import io.shigoto.job.ContextEntry;
import io.shigoto.job.Job;
import io.shigoto.job.JobNotCompleted;
import io.shigoto.job.JobState;
import io.shigoto.job.NewJob;
import io.shigoto.job.Receipt;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.worker.JobContext;
import io.shigoto.worker.JobError;
import io.shigoto.worker.Outcome;
import io.shigoto.worker.Unique;
import io.shigoto.workflow.Workflow;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.BiFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.util.context.Context;
import reactor.util.context.ContextView;

/** What travels from the Context of an enqueue to that of the runs, by every way in. */
class ContextIT {

  private static final String PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  private static final NewJob JOB = NewJob.of("work", Scripted.NOTHING);

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Queue<String> seen = new ConcurrentLinkedQueue<>();

  static Stream<Arguments> ways() {
    return Stream.of(
        way("one", 1, (node, c) -> node.enqueue(JOB)),
        way(
            "one, unique",
            1,
            (node, c) -> node.enqueue(JOB.unique(Unique.by(Unique.Field.WORKER)))),
        way("one in a transaction", 1, (node, c) -> node.enqueue(JOB, c)),
        way("awaited", 1, (node, c) -> node.enqueueAndAwait(JOB)),
        way("stream", 3, (node, c) -> node.enqueueAll(Flux.just(JOB, JOB, JOB))),
        way("stream in a transaction", 2, (node, c) -> node.enqueueAll(Flux.just(JOB, JOB), c)),
        way("workflow", 2, (node, c) -> node.enqueue(workflow())),
        way("workflow in a transaction", 2, (node, c) -> node.enqueue(workflow(), c)),
        way("batch", 3, (node, c) -> node.batches().enqueue(batch(), List.of(JOB, JOB))),
        way(
            "batch in a transaction",
            2,
            (node, c) -> node.batches().enqueue(batch(), Flux.just(JOB), c)),
        way(
            "opened batch",
            1,
            (node, c) -> node.batches().open(batch()).flatMap(node.batches()::seal)),
        way(
            "opened batch in a transaction",
            1,
            (node, c) ->
                node.batches().open(batch(), c).flatMap(id -> node.batches().seal(id, c))));
  }

  private static Arguments way(
      String name, int jobs, BiFunction<Shigoto, Connection, Publisher<?>> enqueue) {
    return Arguments.of(name, jobs, enqueue);
  }

  private static Workflow workflow() {
    return Workflow.named("two").step("a", JOB).step("b", JOB, Workflow.after("a")).build();
  }

  private static NewBatch batch() {
    return NewBatch.of("work", Scripted.NOTHING);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("ways")
  void whatIsChosenTravelsByEveryWayIn(
      String name, int jobs, BiFunction<Shigoto, Connection, Publisher<?>> enqueue) {
    Shigoto node = start();

    Flux.usingWhen(
            db.connectionFactory().create(),
            connection ->
                Mono.from(connection.beginTransaction())
                    .thenMany(Flux.from(enqueue.apply(node, connection)))
                    .collectList()
                    .flatMap(done -> Mono.from(connection.commitTransaction())),
            Connection::close)
        .contextWrite(Context.of("tenant", "acme", "traceparent", PARENT, "tracestate", "a=b"))
        .contextWrite(Context.of("other", "x", Locale.class, new Locale("eo")))
        .blockLast(LIMIT);

    awaitSeen(jobs);
    assertThat(seen).containsOnly("acme " + PARENT + " a=b eo null");
  }

  @Test
  void aJobThatNothingTravelsWithHasNoMeta() {
    Shigoto node = start();

    node.enqueueAll(Flux.just(JOB, JOB))
        .contextWrite(Context.of("other", "x", "traceparent", "no such thing"))
        .then(node.enqueue(JOB))
        .block(LIMIT);

    awaitSeen(3);
    assertThat(seen).containsOnly("null null null null null");
    assertThat(db.number("SELECT count(*) FROM shigoto.all_jobs WHERE meta IS NOT NULL")).isZero();
  }

  @Test
  void callersThatShareAStatementKeepTheirOwn() {
    Shigoto node = start();

    Flux.range(0, 500)
        .flatMap(
            i -> {
              Mono<Receipt> enqueued = node.enqueue(JOB.meta(Map.of("own", "" + i)));
              return i % 2 == 0
                  ? enqueued
                  : enqueued.contextWrite(outer -> outer.put("tenant", "t" + i));
            },
            500)
        .blockLast(LIMIT);

    awaitSeen(500);
    assertThat(seen.stream().filter(text -> text.startsWith("t")))
        .containsExactlyInAnyOrderElementsOf(
            IntStream.range(0, 250)
                .mapToObj(i -> "t%d null null null %<d".formatted(2 * i + 1))
                .toList());
  }

  @Test
  void aJobThatARunEnqueuesCarriesOn() {
    Shigoto node =
        start(
            new Scripted(
                "parent",
                job ->
                    Mono.deferContextual(
                        context ->
                            context.<Shigoto>get("node").enqueue(JOB).thenReturn(Outcome.done()))));
    node.enqueue(NewJob.of("parent", Scripted.NOTHING))
        .contextWrite(Context.of("tenant", "acme", "traceparent", PARENT))
        .block(LIMIT);

    awaitSeen(1);
    assertThat(seen).containsExactly("acme " + PARENT + " null null null");
  }

  @Test
  void theContextWinsOverMetaThatWasCopied() {
    Shigoto node = start();
    Map<String, String> meta =
        Map.of(
            "own",
            "kept",
            ContextEntry.PREFIX + "tenant",
            "old",
            ContextEntry.PREFIX + "locale",
            "eo");

    node.enqueue(JOB.meta(meta)).contextWrite(Context.of("tenant", "new")).block(LIMIT);

    awaitSeen(1);
    assertThat(seen).containsExactly("new null null eo kept");
  }

  @Test
  void plainSqlCarriesATraceToo() {
    start();

    db.sql(
        """
        INSERT INTO shigoto.jobs (queue, worker, args, meta)
        VALUES ('default', 'work', '{}', jsonb_build_object('shigoto.context.traceparent', $1::text))
        """,
        PARENT);

    awaitSeen(1);
    assertThat(seen).containsExactly("null " + PARENT + " null null null");
  }

  @Test
  void middlewareAndOnDiscardSeeIt() {
    Queue<String> around = new ConcurrentLinkedQueue<>();
    Shigoto node =
        nodes.start(
            builder()
                .middleware(
                    (job, next) ->
                        Mono.deferContextual(context -> note(around, "around", context))
                            .then(next.run()))
                .worker(
                    new Scripted("discard", job -> Mono.just(Outcome.discard("no"))) {
                      @Override
                      public Mono<Void> onDiscard(
                          JobContext<Map<String, Object>> job, List<JobError> errors) {
                        return Mono.deferContextual(context -> note(around, "discard", context));
                      }
                    }));

    node.enqueue(NewJob.of("discard", Scripted.NOTHING))
        .contextWrite(Context.of("tenant", "acme"))
        .block(LIMIT);

    Await.until(LIMIT, () -> around.size() == 2);
    assertThat(around).containsExactly("around acme", "discard acme");
  }

  private static Mono<Void> note(Queue<String> notes, String what, ContextView context) {
    return Mono.fromRunnable(() -> notes.add(what + " " + context.getOrDefault("tenant", null)));
  }

  @Test
  void whatDoesNotFitIsRefusedAndNothingIsWritten() {
    Shigoto node = start();
    Context bad = Context.of("tenant", "secret\0");

    for (Mono<?> enqueue :
        List.<Mono<?>>of(
            node.enqueue(JOB),
            node.enqueueAll(Flux.just(JOB, JOB)).then(),
            node.enqueue(workflow()),
            node.batches().enqueue(batch(), List.of(JOB)))) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> enqueue.contextWrite(bad).block(LIMIT))
          .withMessageContaining("'tenant'")
          .withMessageNotContaining("secret");
    }
    assertThat(db.number("SELECT count(*) FROM shigoto.all_jobs")).isZero();
    assertThat(db.number("SELECT count(*) FROM shigoto.batches")).isZero();
  }

  @Test
  void metaAndContextTogetherStayWithinThePayload() {
    Shigoto node =
        nodes.start(Shigoto.builder(db.connectionFactory()).propagate("tenant").maxPayload(100));

    assertThatIllegalArgumentException()
        .isThrownBy(
            () ->
                node.enqueue(JOB.meta(Map.of("own", "x".repeat(80))))
                    .contextWrite(Context.of("tenant", "acme"))
                    .block(LIMIT))
        .withMessageContaining("with its Context")
        .withMessageContaining("100");
  }

  @Test
  void whatCannotBeReadFailsTheRun() {
    Shigoto node = start();
    long id =
        node.enqueue(JOB.maxAttempts(1).meta(Map.of(ContextEntry.PREFIX + "locale", "secret")))
            .block(LIMIT)
            .id();

    assertThatExceptionOfType(JobNotCompleted.class)
        .isThrownBy(() -> node.jobs().await(id).block(LIMIT));
    Job job = node.jobs().find(id).block(LIMIT);
    assertThat(job.state()).isEqualTo(JobState.DISCARDED);
    assertThat(job.errors())
        .extracting(JobError::type, JobError::message)
        .containsExactly(
            tuple(
                "ContextDoesNotFit",
                "Context entry 'locale' cannot be read: IllegalArgumentException"));
    assertThat(seen).isEmpty();
  }

  @Test
  void contradictionsAreRefused() {
    ShigotoBuilder builder = Shigoto.builder(db.connectionFactory()).propagate("tenant");

    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.propagate("tenant"))
        .withMessageContaining("'tenant'");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.propagate("traceparent"))
        .withMessageContaining("'traceparent'");
    assertThatIllegalArgumentException().isThrownBy(() -> builder.propagate(" "));
  }

  private Shigoto start(Scripted... others) {
    ShigotoBuilder builder = builder();
    for (Scripted other : others) {
      builder.worker(other);
    }
    Shigoto[] node = new Shigoto[1];
    builder.middleware((job, next) -> next.run().contextWrite(outer -> outer.put("node", node[0])));
    node[0] = nodes.build(builder);
    node[0].start().block(LIMIT);
    return node[0];
  }

  private ShigotoBuilder builder() {
    return Shigoto.builder(db.connectionFactory())
        .propagate("tenant")
        .propagate(ContextEntry.of(Locale.class, "locale", Locale::language, Locale::of))
        .worker(new Scripted("work", this::see))
        .queue("default", 10);
  }

  private Mono<Outcome> see(JobContext<?> job) {
    return Mono.deferContextual(
        context -> {
          Locale locale = context.getOrDefault(Locale.class, null);
          seen.add(
              "%s %s %s %s %s"
                  .formatted(
                      context.getOrDefault("tenant", null),
                      context.getOrDefault("traceparent", null),
                      context.getOrDefault("tracestate", null),
                      locale == null ? null : locale.language(),
                      job.meta().get("own")));
          return Mono.just(Outcome.done());
        });
  }

  private void awaitSeen(int jobs) {
    Await.until(jobs + " runs", LIMIT, () -> seen.size() >= jobs);
    assertThat(seen).hasSize(jobs);
  }

  record Locale(String language) {

    static Locale of(String language) {
      if (language.length() != 2) {
        throw new IllegalArgumentException(language);
      }
      return new Locale(language);
    }
  }
}
