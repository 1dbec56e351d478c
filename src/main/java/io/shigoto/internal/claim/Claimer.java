package io.shigoto.internal.claim;

import io.r2dbc.spi.Readable;
import io.r2dbc.spi.Statement;
import io.shigoto.internal.job.Brought;
import io.shigoto.internal.job.Claimed;
import io.shigoto.internal.job.Wanted;
import io.shigoto.internal.json.OwnJson;
import io.shigoto.internal.known.ClusterLimit;
import io.shigoto.internal.postgres.Columns;
import io.shigoto.internal.postgres.Database;
import io.shigoto.internal.postgres.Sql;
import io.shigoto.internal.postgres.Statements;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import reactor.core.publisher.Mono;

/**
 * {@code claim.sql}: the best jobs of a queue, of the workers that may have some claimed, for one
 * incarnation of a node. And {@code claim_limited.sql}, where that is a question of what other
 * nodes run.
 */
public final class Claimer {

  /** The order of the index that the claim follows; the statement returns them in any. */
  static final Comparator<Claimed> BEST_FIRST =
      Comparator.comparingInt(Claimed::priority)
          .reversed()
          .thenComparing(Claimed::scheduledAt)
          .thenComparingLong(Claimed::id);

  private static final int TOO_MUCH = 9;

  private final Database database;
  private final Sql claim;
  private final Sql claimLimited;
  private final UUID node;

  public Claimer(Database database, Statements sql, UUID node) {
    this.database = database;
    this.claim = sql.get("claim");
    this.claimLimited = sql.get("claim_limited");
    this.node = node;
  }

  /**
   * Claims what is wanted. Cancel: the statement still runs to its end; what it claimed then is
   * found by the audit.
   */
  public Mono<Brought> claim(Wanted wanted) {
    return wanted.isPlain() ? plainly(wanted) : underLimits(wanted);
  }

  private Mono<Brought> plainly(Wanted wanted) {
    AtomicBoolean tooMuch = new AtomicBoolean();
    Repeated worker = new Repeated();
    return database
        .list(
            claim,
            statement ->
                bind(statement, wanted).bind(5, wanted.load()).bind(6, (short) wanted.lowest()),
            row -> {
              if (row.get(TOO_MUCH) != null) {
                tooMuch.set(true);
              }
              return read(wanted.queue(), worker, row);
            })
        .doOnNext(jobs -> jobs.sort(BEST_FIRST))
        .map(jobs -> Brought.plain(jobs, tooMuch.get()));
  }

  private Mono<Brought> underLimits(Wanted wanted) {
    String limits = OwnJson.write(new Limits(wanted.limits(), wanted.lowest()));
    Repeated worker = new Repeated();
    return database
        .list(
            claimLimited,
            statement -> {
              bind(statement, wanted).bind(5, limits).bind(6, wanted.fair()).bind(8, wanted.load());
              if (wanted.leftOff() == null) {
                statement.bindNull(7, String.class);
              } else {
                statement.bind(7, wanted.leftOff());
              }
            },
            row -> Answer.of(row, read -> read(wanted.queue(), worker, read)))
        .map(Answer::brought);
  }

  private Statement bind(Statement statement, Wanted wanted) {
    return statement
        .bind(0, wanted.queue())
        .bind(1, wanted.workers().toArray(String[]::new))
        .bind(2, wanted.allowances().toArray(Integer[]::new))
        .bind(3, node.toString())
        .bind(4, wanted.limit());
  }

  private static Claimed read(String queue, Repeated worker, Readable row) {
    Numbers numbers = new Numbers(get(row, 0, String.class));
    return new Claimed(
        numbers.next(),
        numbers.next(),
        queue,
        worker.text(get(row, 1, String.class)),
        (int) numbers.next(),
        (int) numbers.next(),
        (int) numbers.next(),
        get(row, 2, String.class),
        row.get(3, String.class),
        Columns.set(row.get(4, String[].class)),
        row.get(5, String.class),
        row.get(6, Long.class),
        Columns.list(row.get(7, Long[].class)),
        numbers.nextInstant(),
        numbers.nextInstant(),
        numbers.nextInstant());
  }

  private record Limits(List<ClusterLimit> limits, int lowest) {}

  private static <T> T get(Readable row, int column, Class<T> type) {
    return Objects.requireNonNull(row.get(column, type));
  }
}
