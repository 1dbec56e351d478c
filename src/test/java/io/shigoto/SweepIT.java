package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.shigoto.control.Cancellation;
import io.shigoto.control.Deletion;
import io.shigoto.control.JobFilter;
import io.shigoto.control.Retry;
import io.shigoto.event.JobEvent;
import io.shigoto.event.JobEvent.Kind;
import io.shigoto.job.JobState;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.Disposable;

/** What is done to all jobs that a filter means. */
class SweepIT {

  private static final JobFilter MAIL = JobFilter.where().queue("mail");

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Told told = new Told();
  private Shigoto node;

  @BeforeEach
  void build() {
    node =
        nodes.build(
            Shigoto.builder(db.connectionFactory())
                .statementTimeout(Duration.ofSeconds(2))
                .listener(told));
  }

  @Test
  void cancelAllCancelsThoseThatAreMeant() {
    live("mail", 1, 2_500);
    live("bulk", 2_501, 2_600);
    db.sql(
        """
        UPDATE shigoto.jobs SET state = 'executing', owner = gen_random_uuid() WHERE id IN (5, 2505)
        """);

    assertThat(node.jobs().cancelAll(MAIL).block(LIMIT))
        .isEqualTo(new Cancellation.Counts(2_499, 1));

    assertThat(db.number("SELECT count(*) FROM shigoto.jobs")).isEqualTo(101);
    assertThat(db.number("SELECT id FROM shigoto.jobs WHERE cancelling = owner")).isEqualTo(5);
    assertThat(told.all(Kind.CANCELLED))
        .extracting(JobEvent::jobId)
        .hasSize(2_499)
        .doesNotHaveDuplicates();
    assertThat(node.jobs().cancelAll(MAIL).block(LIMIT)).isEqualTo(new Cancellation.Counts(0, 1));
  }

  @Test
  void onlyTheStatesThatAreNamedAreCancelled() {
    live("mail", 1, 10);
    db.sql("UPDATE shigoto.jobs SET state = 'retryable' WHERE id > 6");

    assertThat(node.jobs().cancelAll(MAIL.state(JobState.RETRYABLE)).block(LIMIT))
        .isEqualTo(new Cancellation.Counts(4, 0));
  }

  @Test
  void retryAllRetriesWhatFailed() {
    ended("mail", "discarded", 1, 1_500);
    ended("mail", "completed", 1_501, 1_600);
    ended("bulk", "discarded", 1_601, 1_700);
    live("mail", 1_701, 1_720);
    db.sql("UPDATE shigoto.jobs SET state = 'retryable' WHERE id <= 1705");
    db.sql("UPDATE shigoto.jobs SET state = 'scheduled' WHERE id > 1715");

    assertThat(node.jobs().retryAll(MAIL).block(LIMIT)).isEqualTo(new Retry.Counts(1_500, 5, 0));

    assertThat(db.number("SELECT count(*) FROM shigoto.jobs")).isEqualTo(1_520);
    assertThat(db.number("SELECT count(*) FROM shigoto.jobs WHERE state = 'scheduled'"))
        .isEqualTo(5);
    assertThat(told.count(Kind.RETRIED)).isEqualTo(1_505);
    assertThat(node.jobs().retryAll(MAIL.state(JobState.SCHEDULED)).block(LIMIT))
        .isEqualTo(new Retry.Counts(0, 5, 0));
  }

  /** Of several jobs of one key the oldest lives again. */
  @Test
  void retryAllLeavesThoseWhoseKeysOthersHave() {
    ended("mail", "discarded", 1, 30);
    db.sql(
        "UPDATE shigoto.job_history SET unique_key = ('00000000-0000-0000-0000-00000000000' || id % 10)::uuid");

    assertThat(node.jobs().retryAll(MAIL).block(LIMIT)).isEqualTo(new Retry.Counts(10, 0, 20));

    assertThat(db.number("SELECT max(id) FROM shigoto.jobs")).isEqualTo(10);
    assertThat(db.number("SELECT count(*) FROM shigoto.unique_keys")).isEqualTo(10);
  }

  @Test
  void deleteAllDeletesWhatDoesNotRun() {
    ended("mail", "completed", 1, 1_200);
    ended("bulk", "completed", 1_201, 1_210);
    live("mail", 1_211, 1_220);
    db.sql(
        "UPDATE shigoto.jobs SET state = 'executing', owner = gen_random_uuid() WHERE id = 1215");

    assertThat(node.jobs().deleteAll(MAIL).block(LIMIT)).isEqualTo(new Deletion.Counts(1_209, 1));

    assertThat(db.number("SELECT count(*) FROM shigoto.all_jobs")).isEqualTo(11);
    assertThat(told.count(Kind.DELETED)).isEqualTo(1_209);
  }

  @Test
  void noJobIsSetFreeByTheEndOfAnotherThatIsMeantToo() {
    waiting();
    assertThat(node.jobs().cancelAll(MAIL).block(LIMIT))
        .isEqualTo(new Cancellation.Counts(2_500, 0));
    assertNobodyWasSetFree();

    assertThat(node.jobs().retryAll(MAIL).block(LIMIT)).isEqualTo(new Retry.Counts(2_500, 0, 0));
    assertThat(db.number("SELECT count(*) FROM shigoto.jobs WHERE state = 'waiting'"))
        .isEqualTo(2_499);
  }

  @Test
  void noneIsSetFreeByADeletionEither() {
    waiting();
    assertThat(node.jobs().deleteAll(MAIL).block(LIMIT)).isEqualTo(new Deletion.Counts(2_500, 0));
    assertNobodyWasSetFree();
  }

  @Test
  void whatSomebodyElseHasLockedIsDoneInTheEnd() {
    live("mail", 1, 3_000);
    CompletableFuture<Cancellation.Counts> cancel =
        RowLock.held(
            db.connectionFactory(),
            17,
            () -> {
              CompletableFuture<Cancellation.Counts> under = node.jobs().cancelAll(MAIL).toFuture();
              Await.until(LIMIT, () -> db.number("SELECT count(*) FROM shigoto.jobs") == 1);
              assertThat(under).isNotDone();
              return under;
            });

    assertThat(cancel.join()).isEqualTo(new Cancellation.Counts(3_000, 0));
  }

  @Test
  void whatStaysLockedIsAnErrorWhenAllElseIsDone() {
    live("mail", 1, 3_000);

    RowLock.held(
        db.connectionFactory(),
        17,
        () ->
            assertThatThrownBy(() -> node.jobs().cancelAll(MAIL).block(LIMIT))
                .hasCauseInstanceOf(TimeoutException.class)
                .hasMessageContaining("jobs such as 17 are locked"));

    assertThat(db.number("SELECT count(*) FROM shigoto.jobs")).isOne();
  }

  /**
   * Of which an unfinished transaction has the keys: they keep no others from being retried, and no
   * statement for long.
   */
  @Test
  void retryAllIsNotKeptByKeysThatOthersAreAboutToTake() {
    node = nodes.build(Shigoto.builder(db.connectionFactory()).listener(told));
    ended("mail", "discarded", 1, 400);
    db.sql(
        "UPDATE shigoto.job_history SET unique_key = md5('' || id)::uuid WHERE id > 30 OR id % 2 = 0");
    CompletableFuture<Retry.Counts> retry =
        Open.transaction(
            db.connectionFactory(),
            """
            INSERT INTO shigoto.unique_keys (key, job_id)
            SELECT md5('' || n)::uuid, 1000 + n FROM generate_series(31, 400) AS n
            """,
            () -> {
              CompletableFuture<Retry.Counts> under = node.jobs().retryAll(MAIL).toFuture();
              told.await(Kind.RETRIED, 30);
              assertThat(under).isNotDone();
              return under;
            });

    assertThat(retry.join()).isEqualTo(new Retry.Counts(400, 0, 0));
    assertThat(db.number("SELECT count(*) FROM shigoto.unique_keys")).isEqualTo(385);
  }

  @Test
  void whoeverGoesAwayStopsItBetweenTwoSlices() {
    live("mail", 1, 20_000);

    Disposable asking = node.jobs().cancelAll(MAIL).subscribe();
    told.await(Kind.CANCELLED);
    asking.dispose();
    node.stop(Duration.ZERO).block(LIMIT);

    long left = db.number("SELECT count(*) FROM shigoto.jobs");
    assertThat(left).isPositive().isLessThan(20_000);
    assertThat(left % 1_000).isZero();
    assertThat(db.number("SELECT count(*) FROM shigoto.job_history")).isEqualTo(20_000 - left);
  }

  @Test
  void whatCannotBeIsRefusedAtTheCall() {
    assertThatThrownBy(() -> node.jobs().cancelAll(JobFilter.where()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("JobFilter.all()");
    assertThatThrownBy(() -> node.jobs().retryAll(JobFilter.where()))
        .hasMessageContaining("JobFilter.all()");
    assertThatThrownBy(() -> node.jobs().deleteAll(JobFilter.where()))
        .hasMessageContaining("JobFilter.all()");
    assertThatThrownBy(() -> node.jobs().cancelAll(MAIL.state(JobState.COMPLETED)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("jobs in state [COMPLETED] cannot be cancelled");
    assertThatThrownBy(() -> node.jobs().retryAll(MAIL.state(JobState.EXECUTING)))
        .hasMessage("jobs in state [EXECUTING] cannot be retried");
  }

  @Test
  void whereNothingIsNothingIsDone() {
    assertThat(node.jobs().cancelAll(JobFilter.all()).block(LIMIT))
        .isEqualTo(new Cancellation.Counts(0, 0));
    assertThat(node.jobs().retryAll(JobFilter.all()).block(LIMIT))
        .isEqualTo(new Retry.Counts(0, 0, 0));
    assertThat(node.jobs().deleteAll(JobFilter.all()).block(LIMIT))
        .isEqualTo(new Deletion.Counts(0, 0));
  }

  /** All but the first depend on that one. Most have their turn in another slice. */
  private static void waiting() {
    live("mail", 1, 2_500);
    db.sql(
        "UPDATE shigoto.jobs SET state = 'waiting', pending = 1, depends_on = '{1}' WHERE id > 1");
    db.sql("UPDATE shigoto.jobs SET watched = true WHERE id = 1");
    db.sql("INSERT INTO shigoto.dependencies SELECT 1, n FROM generate_series(2, 2500) AS n");
    db.sql("CREATE TABLE freed (id bigint)");
    db.sql(
        """
        CREATE FUNCTION is_freed() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          INSERT INTO public.freed VALUES (NEW.id);
          RETURN NEW;
        END $$
        """);
    db.sql(
        """
        CREATE TRIGGER jobs_freed BEFORE UPDATE OF state ON shigoto.jobs FOR EACH ROW
          WHEN (OLD.state = 'waiting') EXECUTE FUNCTION is_freed()
        """);
  }

  private static void assertNobodyWasSetFree() {
    long freed = db.number("SELECT count(*) FROM freed");
    db.sql("DROP TRIGGER jobs_freed ON shigoto.jobs");
    db.sql("DROP FUNCTION is_freed");
    db.sql("DROP TABLE freed");
    assertThat(freed).isZero();
  }

  private static void live(String queue, int first, int last) {
    db.sql(
        """
        INSERT INTO shigoto.jobs (id, queue, worker)
        SELECT n, '%s', 'w' FROM set_config('shigoto.notify', 'off', true), generate_series(%d, %d) AS n
        """
            .formatted(queue, first, last));
  }

  private static void ended(String queue, String state, int first, int last) {
    db.sql(
        """
        INSERT INTO shigoto.job_history
               (id, lease, scheduled_at, inserted_at, finished_at, state, attempt, max_attempts, priority, queue,
                worker, args)
        SELECT n, 1, now(), now(), now(), '%s', 3, 3, 0, '%s', 'w', '{}' FROM generate_series(%d, %d) AS n
        """
            .formatted(state, queue, first, last));
  }
}
