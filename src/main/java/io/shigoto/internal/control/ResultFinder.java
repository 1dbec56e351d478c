package io.shigoto.internal.control;

import io.r2dbc.spi.Readable;
import io.shigoto.internal.flow.GroupCommit;
import io.shigoto.internal.flow.KeepGoing;
import io.shigoto.internal.job.Claimed;
import io.shigoto.internal.json.Json;
import io.shigoto.internal.json.OwnJson;
import io.shigoto.internal.json.RefusedResults;
import io.shigoto.internal.json.StoredResults;
import io.shigoto.internal.json.UnreadableJob;
import io.shigoto.internal.postgres.Database;
import io.shigoto.internal.postgres.Sql;
import io.shigoto.internal.postgres.Statements;
import io.shigoto.worker.Results;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * Reads what jobs gave back, for the runs of those that depend on them. Runs that begin at the same
 * time share a statement, and what is too much for one is read by several. A run gets so much at
 * most, or nothing and the reason why.
 */
public final class ResultFinder {

  private static final int GROUP_SIZE = 1000;
  private static final int READERS = 2;

  /** What a run may see, as JSON. */
  private static final long HEAVIEST = 64L << 20;

  /** What one statement reads. */
  private static final long HEAVIEST_READ = 16L << 20;

  private final Database database;
  private final Sql findResults;
  private final Json json;
  private final KeepGoing keepGoing;
  private final GroupCommit<Claimed, Results> group;

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
            this::find, error -> false, job -> job.dependsOn().size() * 1024, GROUP_SIZE, READERS);
  }

  /**
   * The results of the jobs that a job depends on; those that have none are left out. If they are
   * too many, they refuse.
   */
  public Mono<Results> find(Claimed job) {
    return group.submit(job);
  }

  private Mono<List<Results>> find(List<Claimed> jobs) {
    List<List<Long>> wanted = jobs.stream().map(Claimed::dependsOn).toList();
    Set<Long> ids = wanted.stream().flatMap(List::stream).collect(Collectors.toSet());
    return Mono.just(new Gathered(wanted, Map.of(), ids))
        .expand(gathered -> gathered.missing.isEmpty() ? Mono.empty() : more(gathered))
        .last()
        .map(gathered -> jobs.stream().map(job -> results(job, gathered.byId)).toList());
  }

  private Mono<Gathered> more(Gathered gathered) {
    Long[] missing = gathered.missing.stream().sorted().toArray(Long[]::new);
    return keepGoing
        .until(
            database.list(
                findResults,
                statement -> statement.bind(0, missing).bind(1, HEAVIEST_READ),
                this::read))
        .map(gathered::and);
  }

  private Results results(Claimed job, Map<Long, Found> byId) {
    List<Long> ids = job.dependsOn();
    if (weight(ids, byId) > HEAVIEST) {
      return new RefusedResults(
          "the results of the %d jobs that it depends on weigh more than %d MiB"
              .formatted(ids.size(), HEAVIEST >> 20));
    }
    StoredResults results = new StoredResults(json);
    Steps steps = Steps.around(job.insertedAt(), meta(job.id(), job.meta()));
    steps.met().forEach(results::name);
    for (Long id : ids) {
      Found found = byId.get(id);
      if (found != null) {
        results.add(id, found.text());
        String step = steps.nameOf(found.insertedAt, found.meta);
        if (step != null) {
          results.name(step, id);
        }
      }
    }
    return results;
  }

  private static long weight(List<Long> ids, Map<Long, Found> byId) {
    return ids.stream()
        .map(byId::get)
        .filter(Objects::nonNull)
        .mapToLong(found -> found.text().length())
        .sum();
  }

  private Found read(Readable row) {
    long id = Objects.requireNonNull(row.get(0, Long.class));
    return new Found(
        id,
        row.get(1, String.class),
        Objects.requireNonNull(row.get(3, Instant.class)),
        meta(id, row.get(2, String.class)));
  }

  /** Somebody may have inserted a job by SQL whose meta are no strings. */
  private Map<String, String> meta(long id, @Nullable String text) {
    try {
      return text == null ? Map.of() : OwnJson.readMeta(id, text);
    } catch (UnreadableJob noStrings) {
      return Map.of();
    }
  }

  /**
   * A result.
   *
   * @param json null if there was no room for it
   */
  private record Found(
      long id, @Nullable String json, Instant insertedAt, Map<String, String> meta) {

    String text() {
      return Objects.requireNonNull(json);
    }
  }

  /**
   * What was read of what runs want.
   *
   * @param missing what is still to be read; of runs that have got too much already, nothing
   */
  private record Gathered(List<List<Long>> wanted, Map<Long, Found> byId, Set<Long> missing) {

    Gathered and(List<Found> found) {
      Map<Long, Found> all = new HashMap<>(byId);
      Set<Long> left = new HashSet<>();
      for (Found result : found) {
        if (result.json == null) {
          left.add(result.id);
        } else {
          all.put(result.id, result);
        }
      }
      Set<Long> needed =
          left.isEmpty()
              ? left
              : wanted.stream()
                  .filter(ids -> weight(ids, all) <= HEAVIEST)
                  .flatMap(List::stream)
                  .filter(left::contains)
                  .collect(Collectors.toSet());
      return new Gathered(wanted, all, needed);
    }
  }
}
