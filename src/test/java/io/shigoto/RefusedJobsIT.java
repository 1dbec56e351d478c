package io.shigoto;

import static org.assertj.core.api.Assertions.assertThat;

import io.r2dbc.spi.Connection;
import io.shigoto.batch.NewBatch;
import io.shigoto.job.IfNotCompleted;
import io.shigoto.job.NewJob;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.worker.Unique;
import io.shigoto.workflow.Workflow;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Signal;
import tools.jackson.databind.util.RawValue;

/** What jsonb cannot hold never reaches the server, whichever way it is to go in. */
class RefusedJobsIT {

  private static final Duration LIMIT = Duration.ofSeconds(30);
  private static final String SECRET = "hunter2";
  private static final NewJob GOOD = NewJob.of("mail", "good");

  private static final Unique BY_ARGS = Unique.by(Unique.Field.ARGS);

  private interface Way extends Function<NewJob, Publisher<?>> {}

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private Shigoto node;
  private Connection client;

  @BeforeEach
  void aNodeThatOnlyEnqueuesAndATransaction() {
    node = nodes.build(Shigoto.builder(db.connectionFactory()));
    client = Mono.from(db.connectionFactory().create()).block(LIMIT);
    Mono.from(client.beginTransaction()).block(LIMIT);
  }

  @AfterEach
  void close() {
    Mono.from(client.close()).block(LIMIT);
  }

  static Stream<Arguments> whatJsonbCannotHold() {
    return Stream.of(
        Arguments.of("contains a number out of range", new BigDecimal("1e200000")),
        Arguments.of("is not JSON", new RawValue(SECRET)),
        Arguments.of("is not JSON", new RawValue("{\"" + SECRET + "\":1,}")),
        Arguments.of(
            "contains a lone surrogate \\ud800", new RawValue("\"" + SECRET + "\\ud800\"")),
        Arguments.of("contains \\u0000", SECRET + "\0"),
        Arguments.of(
            "is nested more than 1000 deep",
            new RawValue("[".repeat(100_000) + "]".repeat(100_000))));
  }

  @ParameterizedTest
  @MethodSource("whatJsonbCannotHold")
  void isRefusedWithWorkerAndFieldByEveryWayIn(String why, Object args) {
    NewJob bad = NewJob.of("count", List.of(args));

    ways()
        .forEach(
            (name, way) -> {
              Throwable refused = refusalOf(way, bad);
              assertThat(refused)
                  .as(name)
                  .isInstanceOf(IllegalArgumentException.class)
                  .hasMessageStartingWith("args of a job for 'count' " + why)
                  .hasMessageNotContaining(SECRET)
                  .hasNoCause();
              assertThat(refused.getMessage()).hasSizeLessThan(200);
            });

    assertOnlyWhatTheCallerWritesIsThere();
  }

  @Test
  void metaIsRefusedLikeArgs() {
    NewJob bad = GOOD.meta(Map.of("key", SECRET + "\0"));

    ways()
        .forEach(
            (name, way) ->
                assertThat(refusalOf(way, bad))
                    .as(name)
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith("meta of a job for 'mail' contains \\u0000")
                    .hasMessageNotContaining(SECRET));

    assertOnlyWhatTheCallerWritesIsThere();
  }

  @Test
  void whatIsToBecomeOfItNeedsJobsItDependsOn() {
    NewJob bad = GOOD.ifNotCompleted(IfNotCompleted.DISCARD);
    Map<String, Way> ways = ways();
    ways.keySet().removeIf(name -> name.contains("callback") || name.contains("open batch"));
    ways.keySet().removeAll(List.of("dependent", "workflow", "workflow in a transaction"));

    ways.forEach(
        (name, way) ->
            assertThat(refusalOf(way, bad))
                .as(name)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                    "ifNotCompleted needs jobs that it depends on, but dependsOn names none; it is DISCARD"));

    assertOnlyWhatTheCallerWritesIsThere();
  }

  @Test
  void aJobOfAnotherBatchIsNotPartOfANewOne() {
    NewJob bad = GOOD.batch(17);
    NewBatch batch = NewBatch.of("report", 1);
    Map<String, Way> ways =
        Map.of(
            "batch", job -> node.batches().enqueue(batch, List.of(GOOD, job)),
            "in a transaction", job -> node.batches().enqueue(batch, Flux.just(job), client));

    ways.forEach(
        (name, way) ->
            assertThat(refusalOf(way, bad))
                .as(name)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                    "a job that is enqueued with the new batch of NewJob[worker=report] cannot be in batch 17 too: NewJob[worker=mail]"));
  }

  private Map<String, Way> ways() {
    Map<String, Way> ways = new LinkedHashMap<>();
    ways.put("enqueue", job -> node.enqueue(job));
    ways.put("enqueue in a transaction", job -> node.enqueue(job, client));
    ways.put("unique", job -> node.enqueue(job.unique(BY_ARGS)));
    ways.put("unique in a transaction", job -> node.enqueue(job.unique(BY_ARGS), client));
    ways.put("dependent", job -> node.enqueue(job.dependsOn(1)));
    ways.put("enqueueAndAwait", job -> node.enqueueAndAwait(job, String.class));
    ways.put("enqueueAll", job -> node.enqueueAll(Flux.just(job, GOOD)));
    ways.put("enqueueAll in a transaction", job -> node.enqueueAll(Flux.just(job, GOOD), client));
    ways.put("batch", job -> node.batches().enqueue(batch(GOOD), List.of(GOOD, job)));
    ways.put("callback of a batch", job -> node.batches().enqueue(batch(job), List.of(GOOD)));
    ways.put("open batch", job -> node.batches().open(batch(job)));
    ways.put("open batch in a transaction", job -> node.batches().open(batch(job), client));
    ways.put("workflow", job -> node.enqueue(workflow(job)));
    ways.put("workflow in a transaction", job -> node.enqueue(workflow(job), client));
    return ways;
  }

  private static NewBatch batch(NewJob callback) {
    return NewBatch.of(String.valueOf(callback.workerName()), callback.args())
        .callback(given -> given.meta(callback.options().meta()));
  }

  private static Workflow workflow(NewJob last) {
    return Workflow.named("order")
        .step("first", GOOD)
        .step("last", last, Workflow.after("first"))
        .build();
  }

  private static Throwable refusalOf(Way way, NewJob bad) {
    List<Throwable> refusals = new ArrayList<>();
    try {
      Signal<?> end = Flux.from(way.apply(bad)).materialize().blockLast(LIMIT);
      refusals.add(end.getThrowable());
    } catch (IllegalArgumentException atTheCall) {
      refusals.add(atTheCall);
    }
    return refusals.get(0);
  }

  /** The transaction in which so much was refused is as good as before. */
  private void assertOnlyWhatTheCallerWritesIsThere() {
    long id = node.enqueue(GOOD, client).block(LIMIT).id();
    Mono.from(client.commitTransaction()).block(LIMIT);

    assertThat(db.sql("SELECT id FROM shigoto.jobs"))
        .extracting(row -> row.get("id"))
        .containsOnly(id);
    assertThat(db.number("SELECT count(*) FROM shigoto.batches")).isZero();
  }
}
