package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import io.r2dbc.spi.Connection;
import io.shigoto.control.JobFilter;
import io.shigoto.control.Retry;
import io.shigoto.job.JobState;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Mono;

/**
 * Retries of jobs that others depend on, while somebody else is at these, at the jobs themselves,
 * or at their ends. Nobody is started: the statements are called one by one.
 */
class RetryBesideOthersIT {

  private static final long PARENT = 1;
  private static final long SECOND = 2;
  private static final long OTHER = 3;
  private static final long CHILD = 11;
  private static final long ANOTHER = 12;

  private static final String RETRY = "SELECT FROM shigoto.retry_jobs('{%d}', '{discarded}')";

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  /** Two have failed, one lives; two jobs wait for that one, and have waited for one of the two. */
  @BeforeEach
  void fill() {
    db.sql(
        """
        INSERT INTO shigoto.job_history (id, lease, scheduled_at, inserted_at, finished_at, state, attempt, max_attempts,
                                         priority, queue, worker, args)
        SELECT id, 1, now(), now(), now(), 'discarded', 1, 1, 0, 'q', 'w', '{}' FROM generate_series(1, 2) AS id;
        INSERT INTO shigoto.jobs (id, queue, worker) VALUES (3, 'q', 'w');
        INSERT INTO shigoto.jobs (id, queue, worker, state, pending, depends_on)
        VALUES (11, 'q', 'w', 'waiting', 1, '{1, 3}'), (12, 'q', 'w', 'waiting', 1, '{2, 3}');
        INSERT INTO shigoto.dependencies VALUES (3, 11), (3, 12);
        INSERT INTO shigoto.failed_parents VALUES (1, 11), (2, 12);
        UPDATE shigoto.jobs SET watched = true WHERE id = 3;
        """);
  }

  /** Somebody has one of those that wait: only what it would wait for has to come again. */
  @Test
  void whoWaitsAndIsHeldKeepsNoOthersFromLivingAgain() {
    Shigoto node = nodes.build(Shigoto.builder(db.connectionFactory()));
    db.sql(
        """
        INSERT INTO shigoto.job_history (id, lease, scheduled_at, inserted_at, finished_at, state, attempt, max_attempts,
                                         priority, queue, worker, args, depends_on)
        VALUES (21, 1, now(), now(), now(), 'discarded', 1, 1, 0, 'q', 'w', '{}', '{1}')
        """);

    CompletableFuture<Retry.Counts> retried =
        RowLock.held(
            db.connectionFactory(),
            CHILD,
            () -> {
              var counts = node.jobs().retryAll(JobFilter.all()).toFuture();
              Await.until(LIMIT, () -> state(node, SECOND) == JobState.AVAILABLE);
              assertThat(state(node, PARENT)).isEqualTo(JobState.DISCARDED);
              assertThat(state(node, 21)).isEqualTo(JobState.DISCARDED);
              return counts;
            });

    assertThat(Mono.fromFuture(retried).block(LIMIT)).isEqualTo(new Retry.Counts(3, 0, 0));
    assertThat(pending(CHILD)).isEqualTo(2);
    assertThat(pending(ANOTHER)).isEqualTo(2);
    assertThat(count("failed_parents")).isZero();
  }

  @Test
  void anEndOfAJobThatIsBeingRetriedIsNotFollowed() {
    nobodyHasFollowedTheEnd();

    inSomebodysTransaction(
        RETRY.formatted(PARENT), () -> db.sql("SELECT FROM shigoto.follow_loose_ends(0, 100)"));

    assertWaitsFor(CHILD, PARENT, OTHER);
    assertThat(count("loose_ends")).isEqualTo(1);
  }

  @Test
  void aJobWhoseEndIsBeingFollowedIsRetriedAfterThat() {
    nobodyHasFollowedTheEnd();

    inSomebodysTransaction(
        "SELECT FROM shigoto.follow_loose_ends(0, 100)",
        () -> assertThat(outcome(PARENT)).isEqualTo("locked"));

    assertThat(outcome(PARENT)).isEqualTo("retried");
    assertWaitsFor(CHILD, PARENT, OTHER);
  }

  @Test
  void aJobThatIsRetriedWaitsForOneThatIsBeingRetried() {
    theChildHasEnded();

    inSomebodysTransaction(
        RETRY.formatted(PARENT), () -> assertThat(outcome(CHILD)).isEqualTo("retried"));

    assertWaitsFor(CHILD, PARENT, OTHER);
    assertThat(db.number("SELECT parent_id FROM shigoto.loose_ends WHERE parent_id = 1"))
        .isEqualTo(PARENT);
  }

  @Test
  void aJobIsWaitedForByOneThatIsBeingRetried() {
    theChildHasEnded();

    inSomebodysTransaction(
        RETRY.formatted(CHILD), () -> assertThat(outcome(PARENT)).isEqualTo("locked"));

    assertThat(outcome(PARENT)).isEqualTo("retried");
    assertWaitsFor(CHILD, PARENT, OTHER);
  }

  /** Of those that do not wait now, nothing is known: they may begin to. */
  @Test
  void whoHasWaitedInVainIsForgottenOnlyWhenItWaitsAgain() {
    db.sql("INSERT INTO shigoto.failed_parents VALUES (1, 4711)");

    assertThat(outcome(PARENT)).isEqualTo("retried");

    assertWaitsFor(CHILD, PARENT, OTHER);
    assertThat(db.sql("SELECT child_id FROM shigoto.failed_parents ORDER BY child_id"))
        .extracting(row -> row.get("child_id"))
        .containsExactly(ANOTHER, 4711L);
  }

  /** Because somebody has that one, or its key. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "SELECT FROM shigoto.job_history WHERE id = 1 FOR UPDATE",
        "INSERT INTO shigoto.unique_keys (key, job_id) VALUES (md5('1')::uuid, 4711)"
      })
  void whoIsLeftWithAJobThatItDependsOnLeavesItsKeyToOthers(String held) {
    db.sql(
        """
        UPDATE shigoto.job_history SET unique_key = md5(id::text)::uuid;
        UPDATE shigoto.job_history SET depends_on = '{1}' WHERE id = 2
        """);

    inSomebodysTransaction(
        held,
        () ->
            assertThat(
                    db.sql(
                        "SELECT outcome FROM shigoto.retry_jobs('{1, 2}', '{discarded}') ORDER BY id"))
                .extracting(row -> row.get("outcome"))
                .containsExactly("locked", "locked"));

    assertThat(db.number("SELECT count(*) FROM shigoto.unique_keys WHERE job_id = 2")).isZero();
  }

  private static void nobodyHasFollowedTheEnd() {
    db.sql(
        """
        DELETE FROM shigoto.failed_parents;
        INSERT INTO shigoto.dependencies VALUES (1, 11);
        INSERT INTO shigoto.loose_ends (parent_id) VALUES (1);
        UPDATE shigoto.jobs SET pending = 2 WHERE id = 11
        """);
  }

  private static void theChildHasEnded() {
    db.sql(
        """
        WITH gone AS (DELETE FROM shigoto.jobs WHERE id = 11 RETURNING *)
        INSERT INTO shigoto.job_history (id, lease, scheduled_at, inserted_at, finished_at, state, attempt, max_attempts,
                                         priority, queue, worker, args, depends_on)
        SELECT id, lease, scheduled_at, inserted_at, now(), 'discarded', attempt, max_attempts,
               priority, queue, worker, args, depends_on
          FROM gone;
        DELETE FROM shigoto.dependencies WHERE child_id = 11;
        """);
  }

  /** Does something before that is committed. */
  private static void inSomebodysTransaction(String statement, Runnable work) {
    Connection somebody = Open.begin(db.connectionFactory());
    Open.run(somebody, statement);
    work.run();
    Open.end(somebody, true);
  }

  private static Object outcome(long id) {
    return db.sql(
            "SELECT outcome FROM shigoto.retry_jobs(ARRAY[$1], '{discarded}') WHERE id = $1", id)
        .get(0)
        .get("outcome");
  }

  private static void assertWaitsFor(long child, Long... parents) {
    assertThat(pending(child)).isEqualTo(parents.length);
    assertThat(
            db.sql("SELECT parent_id FROM shigoto.dependencies WHERE child_id = $1", child).stream()
                .map(row -> (Long) row.get("parent_id"))
                .toList())
        .containsExactlyInAnyOrderElementsOf(List.of(parents));
  }

  private static long pending(long id) {
    return db.number("SELECT pending FROM shigoto.jobs WHERE id = $1", id);
  }

  private static long count(String table) {
    return db.number("SELECT count(*) FROM shigoto." + table);
  }

  private static JobState state(Shigoto node, long id) {
    return node.jobs().find(id).block(LIMIT).state();
  }
}
