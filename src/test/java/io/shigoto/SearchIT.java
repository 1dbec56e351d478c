package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.shigoto.control.JobFilter;
import io.shigoto.control.JobPage;
import io.shigoto.control.Page;
import io.shigoto.job.Job;
import io.shigoto.job.JobState;
import io.shigoto.job.NewJob;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.worker.Outcome;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Pages of jobs, live and ended. */
class SearchIT {

  private static final Instant NOON = Instant.parse("2026-03-01T12:00:00Z");

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private Shigoto node;

  @BeforeEach
  void build() {
    node = nodes.build(Shigoto.builder(db.connectionFactory()));
  }

  /** Ids 1 to 4 have ended, a day after each other; 5 to 7 live. */
  private static void fill() {
    db.sql(
        """
        CREATE TABLE IF NOT EXISTS shigoto.job_history_20260301 PARTITION OF shigoto.job_history
          FOR VALUES FROM ('2026-03-01 00:00Z') TO ('2026-03-02 00:00Z')
        """);
    db.sql(
        """
        INSERT INTO shigoto.job_history
               (id, lease, scheduled_at, inserted_at, finished_at, state, attempt, max_attempts, priority, queue,
                worker, args, tags, partition_key, batch_id)
        SELECT id, 1, at, at, at + interval '1 hour', state::shigoto.job_state, 1, 3, 0, queue, worker, args::jsonb,
               tags::text[], key, batch
          FROM (VALUES
            (1, '2026-03-01 12:00Z'::timestamptz, 'completed', 'mail', 'welcome', '{"to": {"id": 1, "vip": true}}', NULL, NULL, NULL::bigint),
            (2, '2026-03-02 12:00Z', 'discarded', 'mail', 'invoice', '{"n": [1, 2, 3]}', '{red,blue}', 'acme', 8),
            (3, '2026-03-03 12:00Z', 'cancelled', 'bulk', 'invoice', '{}', '{red}', 'acme', 8),
            (4, '2026-03-04 12:00Z', 'completed', 'bulk', 'welcome', '{"to": {"id": 2}}', '{blue}', 'corp', 9)
          ) AS ended (id, at, state, queue, worker, args, tags, key, batch)
        """);
    db.sql(
        """
        INSERT INTO shigoto.jobs (id, queue, worker, state, args, tags, partition_key, batch_id, inserted_at, pending,
                                  scheduled_at)
        VALUES (5, 'mail', 'welcome', 'available', '{"to": {"id": 1}}', '{red,green}', 'acme', 9, '2026-03-05 12:00Z', NULL, now()),
               (6, 'bulk', 'invoice', 'scheduled', '{}', NULL, NULL, NULL, '2026-03-06 12:00Z', NULL, now() + interval '1 h'),
               (7, 'bulk', 'welcome', 'waiting', '{}', NULL, NULL, NULL, '2026-03-07 12:00Z', 1, now())
        """);
  }

  static Stream<Arguments> filters() {
    return Stream.of(
        found(JobFilter.all(), 7, 6, 5, 4, 3, 2, 1),
        found(JobFilter.where().queue("mail"), 5, 2, 1),
        found(JobFilter.where().queue("mail", "bulk"), 7, 6, 5, 4, 3, 2, 1),
        found(JobFilter.where().worker("invoice"), 6, 3, 2),
        found(JobFilter.where().worker("invoice").queue("mail"), 2),
        found(JobFilter.all().worker("invoice").queue("mail"), 2),
        found(JobFilter.where().worker("nobody")),
        found(JobFilter.where().worker("' OR true OR '")),
        found(JobFilter.where().state(JobState.COMPLETED), 4, 1),
        found(JobFilter.where().state(JobState.DISCARDED), 2),
        found(JobFilter.where().state(JobState.DISCARDED, JobState.CANCELLED), 3, 2),
        found(JobFilter.where().state(JobState.AVAILABLE), 5),
        found(JobFilter.where().state(JobState.WAITING, JobState.SCHEDULED), 7, 6),
        found(JobFilter.where().state(JobState.AVAILABLE, JobState.COMPLETED), 5, 4, 1),
        found(JobFilter.where().tags("red"), 5, 3, 2),
        found(JobFilter.where().tags("red", "blue"), 2),
        found(JobFilter.where().anyTag("green", "blue"), 5, 4, 2),
        found(JobFilter.where().tags("red").anyTag("green", "blue"), 5, 2),
        found(JobFilter.where().args(Map.of("to", Map.of("id", 1))), 5, 1),
        found(JobFilter.where().args(Map.of("n", List.of(3, 1))), 2),
        found(JobFilter.where().args(Map.of()), 7, 6, 5, 4, 3, 2, 1),
        found(JobFilter.where().partitionKey("acme"), 5, 3, 2),
        found(JobFilter.where().batch(8), 3, 2),
        found(JobFilter.where().batch(9), 5, 4),
        found(JobFilter.where().ids(List.of(2L, 5L, 99L)), 5, 2),
        found(JobFilter.where().insertedFrom(day(3)), 7, 6, 5, 4),
        found(JobFilter.where().insertedBefore(day(3)), 3, 2, 1),
        found(JobFilter.where().insertedFrom(day(1)).insertedBefore(day(3)), 3, 2),
        found(JobFilter.where().finishedFrom(NOON.plus(Duration.ofHours(1))), 4, 3, 2, 1),
        found(JobFilter.where().finishedFrom(NOON.plus(Duration.ofHours(1)).plusNanos(1)), 4, 3, 2),
        found(JobFilter.where().finishedBefore(NOON.plus(Duration.ofHours(1)))),
        found(JobFilter.where().finishedBefore(NOON.plus(Duration.ofHours(1)).plusNanos(1)), 1),
        found(JobFilter.where().finishedFrom(day(1)).finishedBefore(day(3)), 3, 2),
        found(JobFilter.where().state(JobState.values()).finishedFrom(day(2)), 4, 3));
  }

  @ParameterizedTest
  @MethodSource("filters")
  void aFilterMeansThoseForWhichAllOfItHolds(JobFilter filter, long[] ids) {
    fill();

    JobPage page = search(filter, Page.first(100));

    assertThat(page.jobs()).extracting(Job::id).containsExactlyElementsOf(boxed(ids));
    assertThat(page.next()).isNull();
    assertThat(everyPage(filter, 2)).containsExactlyElementsOf(boxed(ids));
  }

  @Test
  void whatIsFoundIsTheWholeJob() {
    fill();

    assertThat(search(JobFilter.all(), Page.first(7)).jobs())
        .allSatisfy(
            job ->
                assertThat(job)
                    .usingRecursiveComparison()
                    .isEqualTo(node.jobs().find(job.id()).block(LIMIT)));
  }

  @Test
  void aFilterThatSaysNothingIsRefused() {
    assertThatThrownBy(() -> node.jobs().search(JobFilter.where(), Page.first(1)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("JobFilter.all()");
  }

  @Test
  void argsThatAreNoJsonAreRefusedAtTheCall() {
    assertThatThrownBy(
            () -> node.jobs().search(JobFilter.where().args(Map.of("x", "\0")), Page.first(1)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("args");
  }

  /** A page looks at so many jobs and no more; what they have brought comes with where it ended. */
  @Test
  void whatIsRareIsFoundByAndBy() {
    db.sql(
        """
        INSERT INTO shigoto.jobs (id, queue, worker)
        SELECT n, 'q', CASE WHEN n = 3 THEN 'rare' ELSE 'w' END
          FROM set_config('shigoto.notify', 'off', true), generate_series(1, 120000) AS n
        """);
    JobFilter rare = JobFilter.where().worker("rare");

    JobPage first = search(rare, Page.first(10));

    assertThat(first.jobs()).isEmpty();
    assertThat(first.next()).isEqualTo(Page.first(10).below(70_001));
    assertThat(everyPage(rare, 10)).containsExactly(3L);
    assertThat(search(rare, Page.first(10).below(20_001)).next()).isNull();
  }

  /** Jobs run, fail and are inserted while pages are read. */
  @Test
  void jobsThatMoveMeanwhileAreNeitherMissedNorMetTwice() {
    int jobs = 2_000;
    AtomicInteger runs = new AtomicInteger();
    Shigoto working =
        nodes.start(
            Shigoto.builder(db.connectionFactory())
                .worker(
                    new Scripted(
                        "work",
                        job ->
                            Mono.just(
                                runs.incrementAndGet() % 3 == 0
                                    ? Outcome.discard("no")
                                    : Outcome.done())))
                .queue("default", 20));
    List<Long> ids =
        working
            .enqueueAll(Flux.range(0, jobs).map(i -> NewJob.of("work", Scripted.NOTHING)))
            .map(receipt -> receipt.id())
            .collectList()
            .block(LIMIT);
    AtomicInteger rounds = new AtomicInteger();

    Await.until(
        LIMIT,
        () -> {
          rounds.incrementAndGet();
          assertThat(everyPage(JobFilter.all(), 300))
              .isSortedAccordingTo((a, b) -> Long.compare(b, a))
              .doesNotHaveDuplicates()
              .containsAll(ids);
          return db.number("SELECT count(*) FROM shigoto.jobs") == 0;
        });
    assertThat(rounds).hasPositiveValue();
  }

  private List<Long> everyPage(JobFilter filter, int size) {
    List<Long> ids = new ArrayList<>();
    for (Page page = Page.first(size); page != null; ) {
      JobPage found = search(filter, page);
      assertThat(found.jobs()).hasSizeLessThanOrEqualTo(size);
      found.jobs().forEach(job -> ids.add(job.id()));
      page = found.next();
    }
    return ids;
  }

  private JobPage search(JobFilter filter, Page page) {
    return node.jobs().search(filter, page).block(LIMIT);
  }

  private static Instant day(int days) {
    return NOON.plus(Duration.ofDays(days));
  }

  private static Arguments found(JobFilter filter, long... ids) {
    return Arguments.of(filter, ids);
  }

  private static List<Long> boxed(long[] ids) {
    return LongStream.of(ids).boxed().toList();
  }
}
