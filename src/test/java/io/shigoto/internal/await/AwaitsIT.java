package io.shigoto.internal.await;

import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.Schemas;
import io.shigoto.internal.job.Bell;
import io.shigoto.internal.job.News;
import io.shigoto.internal.postgres.Connector;
import io.shigoto.internal.postgres.Database;
import io.shigoto.internal.postgres.Statements;
import io.shigoto.job.JobState;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import reactor.test.scheduler.VirtualTimeScheduler;

class AwaitsIT {

  private static final Duration LIMIT = Duration.ofSeconds(30);
  private static final Duration MINUTE = Duration.ofMinutes(1);

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  private final Scheduler deadlines = Schedulers.newSingle("test-timer", true);
  private final Scheduler answers = Schedulers.newSingle("test-answers", true);
  private final VirtualTimeScheduler timer = VirtualTimeScheduler.create();
  private final AtomicInteger listening = new AtomicInteger();
  private final ConcurrentLinkedQueue<String> woken = new ConcurrentLinkedQueue<>();
  private Database database;
  private Awaits awaits;

  @BeforeEach
  void make() {
    database =
        new Database(
            new Connector(db.connectionFactory(), true, LIMIT, deadlines),
            2,
            LIMIT,
            deadlines,
            System::nanoTime);
    Flux<?> hearing =
        Flux.never()
            .doOnSubscribe(begins -> listening.incrementAndGet())
            .doFinally(end -> listening.decrementAndGet());
    Bell bell = news -> woken.addAll(news.queues());
    Looks looks = new Looks(database, new Statements("shigoto"), bell, answers);
    awaits = new Awaits(looks, hearing, MINUTE, timer);
  }

  @AfterEach
  void close() {
    awaits.close();
    database.close().block(LIMIT);
    deadlines.dispose();
    answers.dispose();
  }

  @Test
  void nothingIsLeftOfCallersWhoCancel() {
    insert(10_000);
    List<Disposable> callers =
        IntStream.rangeClosed(1, 10_000).mapToObj(id -> awaits.end(id).subscribe()).toList();
    List<Disposable> more =
        IntStream.range(0, 1_000).mapToObj(i -> awaits.end(1).subscribe()).toList();
    assertThat(awaits.size()).isEqualTo(10_000);
    awaitWatched(10_000);

    callers.forEach(Disposable::dispose);
    assertThat(awaits.size()).isEqualTo(1);
    more.forEach(Disposable::dispose);

    assertThat(awaits.size()).isZero();
  }

  @Test
  void allCallersOfAJobAreAnsweredAndNothingIsLeftOfThem() {
    insert(1);
    List<CompletableFuture<Ending>> callers =
        IntStream.range(0, 1_000).mapToObj(i -> awaits.end(1).toFuture()).toList();
    awaitWatched(1);
    end(1);

    awaits.ring(new News(Set.of(), -1, Set.of(1L)));

    assertThat(callers)
        .allSatisfy(
            caller ->
                assertThat(caller)
                    .succeedsWithin(LIMIT)
                    .isEqualTo(new Ending(1, JobState.COMPLETED, "7", null, null)));
    assertThat(awaits.size()).isZero();
  }

  @Test
  void whatNobodyToldOfIsFoundByThePoll() {
    insert(2);
    CompletableFuture<Ending> first = awaits.end(1).toFuture();
    CompletableFuture<Ending> second = awaits.end(2).toFuture();
    awaitWatched(2);
    end(1);

    timer.advanceTimeBy(MINUTE);

    assertThat(first).succeedsWithin(LIMIT);
    assertThat(second).isNotDone();
  }

  @Test
  void theNodeListensAsLongAsSomebodyWaitsAndALittleLonger() {
    insert(2);
    assertThat(listening).hasValue(0);

    Disposable first = awaits.end(1).subscribe();
    assertThat(listening).hasValue(1);
    timer.advanceTimeBy(MINUTE);
    first.dispose();
    assertThat(listening).hasValue(1);
    timer.advanceTimeBy(MINUTE);
    assertThat(listening).hasValue(0);

    Disposable second = awaits.end(2).subscribe();
    assertThat(listening).hasValue(1);
    second.dispose();
    timer.advanceTimeBy(MINUTE);
    assertThat(listening).hasValue(0);
  }

  /** A claim passes over a row that is being marked, and then finds nothing to do. */
  @Test
  void theQueueOfAJobThatWasMarkedIsWoken() {
    insert(1);
    CompletableFuture<Ending> first = awaits.end(1).toFuture();
    Await.until(LIMIT, () -> List.copyOf(woken).equals(List.of("default")));

    awaits.ring(new News(Set.of(), -1, Set.of(1L)));
    CompletableFuture<Ending> second = awaits.end(1).toFuture();
    end(1);
    awaits.ring(new News(Set.of(), -1, Set.of(1L)));

    assertThat(first).succeedsWithin(LIMIT);
    assertThat(second).succeedsWithin(LIMIT);
    assertThat(woken).containsExactly("default");
  }

  private static void insert(int count) {
    db.sql(
        "INSERT INTO shigoto.jobs (queue, worker) SELECT 'default', 'work' FROM generate_series(1, $1)",
        count);
  }

  private static void end(long id) {
    db.sql(
        """
        WITH ended AS (DELETE FROM shigoto.jobs WHERE id = $1 RETURNING *)
        INSERT INTO shigoto.job_history
               (id, lease, scheduled_at, inserted_at, finished_at, state, attempt, max_attempts, priority, queue,
                worker, args, result)
        SELECT id, lease, scheduled_at, inserted_at, now(), 'completed', 1, 3, 0, queue, worker, args, '7' FROM ended
        """,
        id);
  }

  private static void awaitWatched(int count) {
    Await.until(LIMIT, () -> db.number("SELECT count(*) FROM shigoto.jobs WHERE watched") == count);
  }
}
