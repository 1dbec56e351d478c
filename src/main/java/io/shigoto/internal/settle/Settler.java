package io.shigoto.internal.settle;

import io.r2dbc.spi.Statement;
import io.shigoto.internal.flow.GroupCommit;
import io.shigoto.internal.flow.KeepGoing;
import io.shigoto.internal.job.Bell;
import io.shigoto.internal.job.Settlement;
import io.shigoto.internal.json.Json;
import io.shigoto.internal.postgres.Database;
import io.shigoto.internal.postgres.Sql;
import io.shigoto.internal.postgres.Statements;
import io.shigoto.job.JobState;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * The way out. Outcomes that arrive while a group is being written are the next group. A group that
 * cannot be written is tried again until it can: writing it twice changes nothing, because the
 * first time moved the rows away from their lease.
 */
public final class Settler {

  private static final int GROUP_SIZE = 1000;
  private static final int WRITERS = 2;

  private final Database database;
  private final Sql settle;
  private final Json json;
  private final Bell bell;
  private final KeepGoing keepGoing;
  private final GroupCommit<Settlement, Boolean> group;

  public Settler(Database database, Statements sql, Json json, Bell bell, KeepGoing keepGoing) {
    this.database = database;
    this.settle = sql.get("settle");
    this.json = json;
    this.bell = bell;
    this.keepGoing = keepGoing;
    this.group = new GroupCommit<>(this::write, Database::isRefusal, GROUP_SIZE, WRITERS);
  }

  /** Emits, once committed, whether the run still held its lease; if not, nothing was written. */
  public Mono<Boolean> settle(Settlement settlement) {
    return group
        .submit(settlement)
        .onErrorResume(
            Database::isRefusal, refused -> group.submit(settlement.unwritable(refused)));
  }

  /** How many outcomes wait to be written. */
  public int waiting() {
    return group.waiting();
  }

  private Mono<List<Boolean>> write(List<Settlement> settlements) {
    List<Settlement> ordered = new ArrayList<>(settlements);
    ordered.sort(Comparator.comparingLong(settlement -> settlement.run().id()));
    Mono<Written> attempt =
        database
            .list(settle, bind(ordered), row -> Objects.requireNonNull(row.get(0, Long.class)))
            .map(ids -> new Written(ids, null))
            .onErrorResume(
                Database::isRefusal, refused -> Mono.just(new Written(List.of(), refused)));
    return keepGoing
        .until(attempt)
        .flatMap(written -> written.of(settlements))
        .doOnNext(done -> announce(settlements));
  }

  private void announce(List<Settlement> settlements) {
    Set<String> queues = new HashSet<>();
    long soonest = -1;
    for (Settlement settlement : settlements) {
      if (settlement.to() == JobState.AVAILABLE) {
        queues.add(settlement.run().queue());
      } else if (settlement.dueIn() != null) {
        long dueIn = settlement.dueIn().toMillis();
        soonest = soonest < 0 ? dueIn : Math.min(soonest, dueIn);
      }
    }
    if (!queues.isEmpty() || soonest >= 0) {
      bell.ring(queues, soonest);
    }
  }

  private Consumer<Statement> bind(List<Settlement> settlements) {
    int n = settlements.size();
    Long[] ids = new Long[n];
    Long[] leases = new Long[n];
    String[] states = new String[n];
    Long[] dueIn = new Long[n];
    Integer[] refunds = new Integer[n];
    String[] errors = new String[n];
    String[] results = new String[n];
    for (int i = 0; i < n; i++) {
      Settlement settlement = settlements.get(i);
      ids[i] = settlement.run().id();
      leases[i] = settlement.run().lease();
      states[i] = settlement.to().sqlName();
      dueIn[i] = settlement.dueIn() == null ? null : settlement.dueIn().toMillis();
      refunds[i] = settlement.refund();
      errors[i] = settlement.error() == null ? null : json.writeOwn(settlement.error());
      results[i] = settlement.result();
    }
    return statement ->
        statement
            .bind(0, ids)
            .bind(1, leases)
            .bind(2, states)
            .bind(3, dueIn)
            .bind(4, refunds)
            .bind(5, errors)
            .bind(6, results);
  }

  /**
   * What became of a group: an error of the group's own is an answer here, because it must not be
   * tried again.
   *
   * @param ids those that were written
   */
  private record Written(List<Long> ids, @Nullable Throwable refused) {

    Mono<List<Boolean>> of(List<Settlement> settlements) {
      if (refused != null) {
        return Mono.error(refused);
      }
      if (ids.size() == settlements.size()) {
        return Mono.just(Collections.nCopies(ids.size(), true));
      }
      Set<Long> found = new HashSet<>(ids);
      return Mono.just(
          settlements.stream().map(settlement -> found.contains(settlement.run().id())).toList());
    }
  }
}
