package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static io.shigoto.Scripted.NOTHING;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.r2dbc.spi.Connection;
import io.r2dbc.spi.IsolationLevel;
import io.shigoto.event.JobEvent;
import io.shigoto.job.IfNotCompleted;
import io.shigoto.job.Job;
import io.shigoto.job.JobState;
import io.shigoto.job.NewJob;
import io.shigoto.job.ResultDoesNotFit;
import io.shigoto.job.UnknownJobs;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.worker.JobContext;
import io.shigoto.worker.JobError;
import io.shigoto.worker.Outcome;
import io.shigoto.worker.ReactiveWorker;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Function;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/** Jobs that wait for others. Their parents end when the test says so, and as it says. */
class DependenciesIT {

  private static final NewJob PARENT = NewJob.of("parent", NOTHING).maxAttempts(1);
  private static final NewJob CHILD = NewJob.of("child", NOTHING);

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Map<Long, Sinks.One<Outcome>> ends = new ConcurrentHashMap<>();
  private final Queue<JobContext<?>> children = new ConcurrentLinkedQueue<>();
  private final Queue<String> discarded = new ConcurrentLinkedQueue<>();
  private final Told told = new Told();
  private Shigoto node;

  @BeforeEach
  void start() {
    node =
        nodes.start(
            Shigoto.builder(db.connectionFactory())
                .worker(new Scripted("parent", job -> end(job.id()).asMono()))
                .worker(new Child())
                .queue("default", 50)
                .listener(told));
  }

  @Test
  void aJobRunsWhenAllThatItDependsOnHaveEnded() {
    long a = enqueue(PARENT);
    long b = enqueue(PARENT);
    long child = enqueue(CHILD.dependsOn(b, a, b));
    told.await(JobEvent.Kind.STARTED, 2);

    Job waiting = find(child);
    assertThat(waiting.state()).isEqualTo(JobState.WAITING);
    assertThat(waiting.dependsOn()).containsExactly(a, b);
    // Or what follows from the end of one may come after the look.
    Await.until(LIMIT, () -> db.number("SELECT count(*) FROM shigoto.loose_ends") == 0);
    end(a, Outcome.done());
    ended(a);
    assertThat(find(child).state()).isEqualTo(JobState.WAITING);
    end(b, Outcome.done());

    assertThat(ended(child).state()).isEqualTo(JobState.COMPLETED);
    assertThat(ended(child).attempt()).isEqualTo(1);
    assertNothingIsLeft();
  }

  /** Compressed as they are they would be few bytes. */
  @Test
  void aRunSeesNoMoreThanThereIsRoomFor() {
    List<Long> some = largeResults(1_000_001, 40);
    List<Long> tooMany = largeResults(1_001_001, 70);

    long sees = enqueue(CHILD.dependsOn(some));
    long refused = enqueue(CHILD.dependsOn(tooMany));
    ended(sees);
    ended(refused);

    assertThat(seen(sees).results().json()).containsOnlyKeys(some);
    assertThat(seen(sees).results().of(1_000_040, String.class).orElseThrow()).hasSize(1_048_576);
    assertThatExceptionOfType(IllegalStateException.class)
        .isThrownBy(() -> seen(refused).results().all(String.class))
        .withMessage("the results of the 70 jobs that it depends on weigh more than 64 MiB");
    children.clear();
  }

  private JobContext<?> seen(long id) {
    return children.stream().filter(job -> job.id() == id).findFirst().orElseThrow();
  }

  private static List<Long> largeResults(long first, int count) {
    db.sql(
        """
        INSERT INTO shigoto.job_history
               (id, lease, scheduled_at, inserted_at, finished_at, state, attempt, max_attempts, priority, queue,
                worker, args, result)
        SELECT n, 1, now(), now(), now(), 'completed', 1, 1, 0, 'q', 'w', '{}', to_jsonb(repeat('x', 1048576))
          FROM generate_series($1, $1 + $2 - 1) AS n
        """,
        first,
        count);
    return LongStream.range(first, first + count).boxed().toList();
  }

  @Test
  void parentsThatHaveEndedCount() {
    long a = enqueue(PARENT);
    end(a, Outcome.done("of a"));
    ended(a);
    long b = enqueue(PARENT);
    long child = enqueue(CHILD.dependsOn(a, b));
    end(b, Outcome.done("of b"));
    ended(child);
    long late = enqueue(CHILD.dependsOn(a, b));

    assertThat(ended(late).state()).isEqualTo(JobState.COMPLETED);
    assertThat(children).hasSize(2);
    assertThat(children)
        .allSatisfy(
            job ->
                assertThat(job.results().all(String.class))
                    .containsExactly(Map.entry(a, "of a"), Map.entry(b, "of b")));
    assertNothingIsLeft();
  }

  @Test
  void resultsAreReadByTypeAndOnlyWhereThereAreSome() {
    long number = enqueue(PARENT);
    long nothing = enqueue(PARENT);
    long failed = enqueue(PARENT);
    long child = enqueue(CHILD.dependsOn(number, nothing, failed));
    end(number, Outcome.done(Map.of("n", 7)));
    end(nothing, Outcome.done());
    end(failed, Outcome.failed("broken"));
    ended(child);

    JobContext<?> job = children.remove();
    assertThat(job.results().of(number, Numbered.class)).contains(new Numbered(7));
    assertThat(job.results().of(nothing, Numbered.class)).isEmpty();
    assertThat(job.results().of(failed, Numbered.class)).isEmpty();
    assertThat(job.results().json()).containsOnlyKeys(number);
    assertThatExceptionOfType(ResultDoesNotFit.class)
        .isThrownBy(() -> job.results().of(number, Textual.class))
        .withMessage(
            "the result of job %d does not fit Textual at $.n (MismatchedInputException)", number);
  }

  @Test
  void aJobWithoutParentsSeesNoResults() {
    ended(enqueue(CHILD));

    assertThat(children.remove().results().json()).isEmpty();
  }

  @Test
  void aChildThatIsDueLaterWaitsForItsTimeToo() {
    long parent = enqueue(PARENT);
    long child = enqueue(CHILD.dependsOn(parent).delay(Duration.ofSeconds(2)));
    awaitTied();
    end(parent, Outcome.done());
    ended(parent);

    Job later = ended(child);
    assertThat(Duration.between(later.insertedAt(), later.scheduledAt()))
        .isGreaterThanOrEqualTo(Duration.ofSeconds(2));
    assertThat(later.claimedAt()).isAfter(later.scheduledAt());
  }

  /** From then on it could have run: limits and statistics must not take it for a late one. */
  @Test
  void aChildIsDueWhenItsLastParentEnded() {
    long parent = enqueue(PARENT);
    long child = enqueue(CHILD.dependsOn(parent));
    told.await(JobEvent.Kind.STARTED);
    awaitTied();
    end(parent, Outcome.done());

    assertThat(ended(child).scheduledAt()).isEqualTo(find(parent).finishedAt());
  }

  @Test
  void unknownJobsAreRefusedWithTheirListAndFailOnlyTheirOwnCaller() {
    long known = enqueue(PARENT);
    List<Mono<Long>> all =
        LongStream.range(0, 200)
            .mapToObj(
                i ->
                    node.enqueue(
                            i % 10 == 0
                                ? CHILD.dependsOn(known, 4_711 + i, 4_712 + i)
                                : CHILD.dependsOn(known))
                        .map(receipt -> 0L)
                        .onErrorResume(
                            UnknownJobs.class, refused -> Mono.just(refused.ids().get(0))))
            .toList();

    List<Long> answers = Flux.mergeSequential(all).collectList().block(LIMIT);

    assertThat(answers).filteredOn(id -> id > 0).hasSize(20).contains(4_711L, 4_901L);
    assertThat(db.number("SELECT count(*) FROM shigoto.jobs")).isEqualTo(181);
    assertThatExceptionOfType(UnknownJobs.class)
        .isThrownBy(() -> enqueue(CHILD.dependsOn(known, 4_712, 4_711)))
        .withMessage("there are no jobs [4711, 4712] to depend on")
        .satisfies(refused -> assertThat(refused.ids()).containsExactly(4_711L, 4_712L));
  }

  @ParameterizedTest
  @EnumSource(
      value = JobState.class,
      names = {"DISCARDED", "CANCELLED"})
  void whoRunsAnywayRunsAfterAParentThatDidNotComplete(JobState how) {
    long parent = enqueue(PARENT);
    long child = enqueue(CHILD.dependsOn(parent));
    end(parent, how == JobState.DISCARDED ? Outcome.discard("no") : Outcome.cancel("no"));

    assertThat(ended(child).state()).isEqualTo(JobState.COMPLETED);
    assertThat(find(parent).state()).isEqualTo(how);
  }

  @ParameterizedTest
  @EnumSource(
      value = IfNotCompleted.class,
      names = {"CANCEL", "DISCARD"})
  void whoDoesNotWantToRunEndsAtOnceAndSaysWhy(IfNotCompleted choice) {
    JobState state = choice == IfNotCompleted.CANCEL ? JobState.CANCELLED : JobState.DISCARDED;
    long parent = enqueue(PARENT);
    long other = enqueue(PARENT);
    long child = enqueue(CHILD.dependsOn(parent, other).ifNotCompleted(choice));
    told.await(JobEvent.Kind.STARTED, 2);
    end(parent, Outcome.failed("broken"));

    Job job = ended(child);
    assertThat(job.state()).isEqualTo(state);
    assertThat(job.attempt()).isZero();
    assertThat(job.errors())
        .singleElement()
        .satisfies(
            error -> {
              assertThat(error.type()).isEqualTo("dependency");
              assertThat(error.message())
                  .isEqualTo("job %d, which this one depends on, was discarded".formatted(parent));
            });
    JobEvent event = events(JobEvent.Kind.valueOf(state.name()), child).get(0);
    assertThat(event.worker()).isEqualTo("child");
    assertThat(event.queue()).isEqualTo("default");
    assertThat(event.detail()).isEqualTo("dependency");
    Await.until(LIMIT, () -> discarded.size() == (choice == IfNotCompleted.DISCARD ? 1 : 0));
    end(other, Outcome.done());
    ended(other);
    assertThat(children).isEmpty();
    assertNothingIsLeft();
  }

  @Test
  void aParentThatHadFailedBeforeEndsItsChildToo() {
    long parent = enqueue(PARENT);
    end(parent, Outcome.cancel("no"));
    ended(parent);
    long child = enqueue(CHILD.dependsOn(parent).ifNotCompleted(IfNotCompleted.DISCARD));

    assertThat(ended(child).state()).isEqualTo(JobState.DISCARDED);
    assertThat(events(JobEvent.Kind.DISCARDED, child)).hasSize(1);
    assertNothingIsLeft();
  }

  /** Ten generations of which each does not want to run, and one that does. */
  @Test
  void endsGoOnFromGenerationToGeneration() {
    long parent = enqueue(PARENT);
    long previous = parent;
    for (int i = 0; i < 10; i++) {
      previous = enqueue(CHILD.dependsOn(previous).ifNotCompleted(IfNotCompleted.CANCEL));
    }
    long last = enqueue(CHILD.dependsOn(previous));
    end(parent, Outcome.discard("no"));

    assertThat(ended(last).state()).isEqualTo(JobState.COMPLETED);
    assertThat(told.await(JobEvent.Kind.CANCELLED, 10)).hasSize(10);
    assertThat(find(previous).state()).isEqualTo(JobState.CANCELLED);
    assertThat(find(previous).errors())
        .extracting(JobError::message)
        .containsExactly(
            "job %d, which this one depends on, was cancelled".formatted(previous - 1));
    assertNothingIsLeft();
  }

  static List<IsolationLevel> levels() {
    return List.of(
        IsolationLevel.READ_COMMITTED, IsolationLevel.REPEATABLE_READ, IsolationLevel.SERIALIZABLE);
  }

  /** Parents end while the caller's transaction, whose snapshot is older, is open. */
  @ParameterizedTest
  @MethodSource("levels")
  void transactionsOfCallersLockNothingAndMissNothing(IsolationLevel level) {
    long ended = enqueue(PARENT);
    long ending = enqueue(PARENT);
    long living = enqueue(PARENT);
    told.await(JobEvent.Kind.STARTED, 3);
    end(ended, Outcome.done("of it"));
    ended(ended);
    Long child =
        inTransaction(
                level,
                connection ->
                    node.enqueue(CHILD.dependsOn(ended, ending, living), connection)
                        .map(receipt -> receipt.id())
                        .delayUntil(id -> Mono.fromRunnable(() -> end(ending, Outcome.done())))
                        .delayUntil(
                            id ->
                                Mono.fromCallable(() -> ended(ending))
                                    .subscribeOn(
                                        reactor.core.scheduler.Schedulers.boundedElastic())))
            .block(LIMIT);

    assertThat(find(child).state()).isEqualTo(JobState.WAITING);
    end(living, Outcome.done());
    assertThat(ended(child).state()).isEqualTo(JobState.COMPLETED);
    assertNothingIsLeft();
  }

  @Test
  void aRefusalInATransactionLeavesItUsable() {
    long parent = enqueue(PARENT);
    Long child =
        inTransaction(
                IsolationLevel.READ_COMMITTED,
                connection ->
                    node.enqueue(CHILD.dependsOn(4_711), connection)
                        .map(receipt -> receipt.id())
                        .onErrorResume(
                            UnknownJobs.class,
                            refused ->
                                node.enqueue(CHILD.dependsOn(parent), connection)
                                    .map(receipt -> receipt.id())))
            .block(LIMIT);
    end(parent, Outcome.done());

    assertThat(ended(child).state()).isEqualTo(JobState.COMPLETED);
  }

  @Test
  void whatARollbackTakesBackIsNotWaitedFor() {
    long parent = enqueue(PARENT);
    Mono.usingWhen(
            db.connectionFactory().create(),
            connection ->
                Mono.from(connection.beginTransaction())
                    .then(node.enqueue(CHILD.dependsOn(parent), connection))
                    .then(Mono.from(connection.rollbackTransaction())),
            Connection::close)
        .block(LIMIT);
    end(parent, Outcome.done());
    ended(parent);

    assertThat(db.number("SELECT count(*) FROM shigoto.jobs")).isZero();
    assertNothingIsLeft();
  }

  /** An hour may pass before anybody looks; the chore looks when a node starts. */
  @Test
  void whoWaitsForAJobThatSomebodyDeletedRunsInTheEnd() {
    long parent = enqueue(PARENT.delay(Duration.ofHours(1)));
    long child = enqueue(CHILD.dependsOn(parent));
    awaitTied();
    db.sql("DELETE FROM shigoto.jobs WHERE id = $1", parent);

    nodes.start(Shigoto.builder(db.connectionFactory()).name("healer"));

    assertThat(ended(child).state()).isEqualTo(JobState.COMPLETED);
  }

  private void assertNothingIsLeft() {
    awaitTied();
    assertThat(db.number("SELECT count(*) FROM shigoto.dependencies")).isZero();
  }

  /** From now on whoever ends a parent sees to its children. */
  private void awaitTied() {
    Await.until(
        "no loose ends", LIMIT, () -> db.number("SELECT count(*) FROM shigoto.loose_ends") == 0);
  }

  private Mono<Long> inTransaction(IsolationLevel level, Function<Connection, Mono<Long>> work) {
    return Mono.usingWhen(
        db.connectionFactory().create(),
        connection ->
            Mono.from(connection.beginTransaction(level))
                .then(Mono.defer(() -> work.apply(connection)))
                .delayUntil(id -> connection.commitTransaction()),
        Connection::close);
  }

  private List<JobEvent> events(JobEvent.Kind kind, long id) {
    Await.until(
        kind + " of " + id,
        LIMIT,
        () -> told.all(kind).stream().anyMatch(event -> event.jobId() == id));
    return told.all(kind).stream().filter(event -> event.jobId() == id).toList();
  }

  private Sinks.One<Outcome> end(long id) {
    return ends.computeIfAbsent(id, key -> Sinks.one());
  }

  private void end(long id, Outcome how) {
    end(id).tryEmitValue(how);
  }

  private long enqueue(NewJob job) {
    return node.enqueue(job).block(LIMIT).id();
  }

  private Job find(long id) {
    return node.jobs().find(id).block(LIMIT);
  }

  private Job ended(long id) {
    Await.until("job " + id + " ended", LIMIT, () -> find(id).state().isTerminal());
    return find(id);
  }

  record Numbered(int n) {}

  record Textual(List<String> n) {}

  private final class Child implements ReactiveWorker<Map<String, Object>> {

    @Override
    public String name() {
      return "child";
    }

    @Override
    public Mono<Outcome> perform(JobContext<Map<String, Object>> job) {
      children.add(job);
      return Mono.empty();
    }

    @Override
    public Mono<Void> onDiscard(JobContext<Map<String, Object>> job, List<JobError> errors) {
      return Mono.fromRunnable(() -> discarded.add(errors.get(0).message()));
    }
  }
}
