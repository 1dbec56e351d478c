package io.shigoto.internal.enqueue;

import io.r2dbc.spi.Connection;
import io.r2dbc.spi.R2dbcTimeoutException;
import io.shigoto.internal.enqueue.SpecialInserts.Answered;
import io.shigoto.internal.flow.Gate;
import io.shigoto.internal.flow.GroupCommit;
import io.shigoto.internal.postgres.Database;
import io.shigoto.job.Receipt;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * The way in for jobs of which there may be one like it already. It is the same way as for all
 * others, in groups; only those that an unfinished transaction keeps waiting leave their group, and
 * are tried beside it until that ends.
 */
public final class SpecialEnqueuer {

  private static final int GROUP_SIZE = 1000;

  /** What comes later is written later: the last one is to win. */
  private static final int WRITERS = 1;

  private static final String LOCK_NOT_AVAILABLE = "55P03";

  private final SpecialInserts inserts;
  private final Patience patience;
  private final Herald herald;
  private final Scheduler scheduler;
  private final GroupCommit<JobRow, Answer> group;
  private final Waiters waiters;

  /**
   * @param patience with transactions of others that have a key
   * @param scheduler where callers hear of their commit
   */
  public SpecialEnqueuer(
      SpecialInserts inserts, Patience patience, Herald herald, Scheduler scheduler) {
    this.inserts = inserts;
    this.patience = patience;
    this.herald = herald;
    this.scheduler = scheduler;
    this.group =
        new GroupCommit<JobRow, Answer>(
                this::commit, Database::isRefusal, JobRow::weight, GROUP_SIZE, WRITERS)
            .telling(this::told);
    this.waiters = new Waiters(new Waiters.Way(this::commit, this::told), patience);
  }

  /**
   * How long a job waits for unfinished transactions that have its key, or seal its batch.
   *
   * @param nanos a clock for elapsed time
   */
  public record Patience(Duration limit, LongSupplier nanos, Scheduler timer) {}

  /**
   * Inserts it in a transaction of its own or a group's; emits after the commit. It is tried with
   * all others, and between with those who wait, until it is through.
   */
  Mono<Receipt> submit(JobRow row) {
    return Mono.defer(
        () -> {
          Waiters.Turn turn = waiters.new Turn(row);
          AtomicBoolean waits = new AtomicBoolean(turn.isBehindOthers());
          return Mono.defer(() -> waits.get() ? turn.waits() : group.submit(row))
              .flatMap(answer -> receipt(row, answer))
              .repeatWhenEmpty(tries -> tries.doOnNext(again -> waits.set(!waits.get())));
        });
  }

  private Mono<List<Answer>> commit(List<JobRow> rows) {
    return inserts
        .commit(rows)
        .doOnNext(answered -> herald.ring(rows, answered.answers(), answered.news()))
        .map(Answered::answers);
  }

  private Mono<List<Answer>> told(List<JobRow> rows, Mono<List<Answer>> committed) {
    return committed.publishOn(scheduler).doOnNext(answers -> tell(rows, answers));
  }

  private void tell(List<JobRow> rows, List<Answer> answers) {
    for (int i = 0; i < answers.size(); i++) {
      if (answers.get(i) instanceof Answer.Given given) {
        herald.tell(rows.get(i), given.receipt());
      }
    }
  }

  private RuntimeException waitedTooLong(JobRow row) {
    return waiters.isClosed()
        ? Gate.refusal()
        : new R2dbcTimeoutException(
            "a job for '%s' waited %s for an unfinished transaction that has its unique key or seals its batch"
                .formatted(row.worker(), patience.limit()),
            LOCK_NOT_AVAILABLE);
  }

  /**
   * Takes no more jobs but those in a caller's transaction; completes when those that it has taken
   * have their receipts. One that waits for a transaction of others fails.
   */
  Mono<Void> close() {
    return group.close().then(waiters.close());
  }

  /** Empty if it has to be tried again. */
  private Mono<Receipt> receipt(JobRow row, Answer answer) {
    if (answer instanceof Answer.Given given) {
      return Mono.just(given.receipt());
    }
    if (answer instanceof Answer.Refused refused) {
      return Mono.error(refused.why());
    }
    if (answer instanceof Answer.Late) {
      return Mono.error(waitedTooLong(row));
    }
    return answer instanceof Answer.Busy
        ? Mono.empty()
        : inserts.holders(List.of(row.key())).mapNotNull(holders -> conflict(row, holders));
  }

  private static @Nullable Receipt conflict(JobRow row, Map<String, Long> holders) {
    Long holder = holders.get(row.key());
    return holder == null ? null : Receipt.conflict(holder, Set.of());
  }

  /**
   * Writes them in the caller's transaction; emits their receipts, in order. What the transaction
   * cannot see is looked up outside of it.
   */
  Mono<List<Receipt>> write(List<JobRow> rows, Connection connection) {
    return InTransaction.write(rows, inserts, connection);
  }
}
