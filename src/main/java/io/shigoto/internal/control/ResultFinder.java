package io.shigoto.internal.control;

import io.r2dbc.spi.Readable;
import io.shigoto.internal.flow.GroupCommit;
import io.shigoto.internal.flow.KeepGoing;
import io.shigoto.internal.json.Json;
import io.shigoto.internal.json.StoredResults;
import io.shigoto.internal.json.UnreadableJob;
import io.shigoto.internal.postgres.Database;
import io.shigoto.internal.postgres.Sql;
import io.shigoto.internal.postgres.Statements;
import io.shigoto.worker.Results;
import io.shigoto.workflow.Workflow;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * Reads what jobs gave back, for the runs of those that depend on them. Runs that begin at the same
 * time share a statement.
 */
public final class ResultFinder {

  private static final int GROUP_SIZE = 1000;
  private static final int READERS = 2;

  private final Database database;
  private final Sql findResults;
  private final Json json;
  private final KeepGoing keepGoing;
  private final GroupCommit<List<Long>, Results> group;

  /**
   * @param keepGoing what is done when the database does not answer: the run waits
   */
  public ResultFinder(Database database, Statements sql, Json json, KeepGoing keepGoing) {
    this.database = database;
    this.findResults = sql.get("find_results");
    this.json = json;
    this.keepGoing = keepGoing;
    this.group =
        new GroupCommit<>(
            this::find, error -> false, ids -> ids.size() * 1024, GROUP_SIZE, READERS);
  }

  /** The results of jobs; those that have none are left out. */
  public Mono<Results> find(Collection<Long> ids) {
    return group.submit(List.copyOf(ids));
  }

  private Mono<List<Results>> find(List<List<Long>> wanted) {
    Long[] ids = wanted.stream().flatMap(List::stream).distinct().sorted().toArray(Long[]::new);
    return keepGoing
        .until(database.list(findResults, statement -> statement.bind(0, ids), this::read))
        .map(found -> share(wanted, found));
  }

  private List<Results> share(List<List<Long>> wanted, List<Found> found) {
    Map<Long, Found> byId = new HashMap<>();
    found.forEach(result -> byId.put(result.id, result));
    return wanted.stream().map(ids -> results(ids, byId)).toList();
  }

  private Results results(List<Long> ids, Map<Long, Found> byId) {
    StoredResults results = new StoredResults(json);
    for (Long id : ids) {
      Found found = byId.get(id);
      if (found != null) {
        results.add(id, found.json, found.step);
      }
    }
    return results;
  }

  private Found read(Readable row) {
    long id = Objects.requireNonNull(row.get(0, Long.class));
    String meta = row.get(2, String.class);
    return new Found(
        id, Objects.requireNonNull(row.get(1, String.class)), meta == null ? null : step(id, meta));
  }

  /** Somebody may have inserted a job by SQL whose meta are no strings. */
  private @Nullable String step(long id, String meta) {
    try {
      return json.readMeta(id, meta).get(Workflow.STEP);
    } catch (UnreadableJob noStrings) {
      return null;
    }
  }

  private record Found(long id, String json, @Nullable String step) {}
}
