package io.shigoto.bench;

import io.shigoto.bench.subject.Order;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/**
 * One drain: from the first claim to the first look at the table that finds no job left, by the
 * server's clock. (Of the peers, whose rows do not tell of the claim: from the start of the first
 * job.) The client's processor time is without the just-in-time compiler's, which is told beside
 * it.
 */
final class Drain {

  private static final Duration LIMIT = Duration.ofMinutes(10);

  private Drain() {}

  /** Drains a database in which so many jobs wait. */
  static Map<String, Double> run(SubjectProcess subject, Tables tables, Order order, Database db) {
    double wal = wal(db);
    Load load = new Load();
    subject.begin(order);
    JsonNode done = subject.await("done", LIMIT);
    double end = tables.untilNoneIsLeft(db);
    double sinceFirst = (System.nanoTime() - done.path("first_ns").asLong()) / 1e9;
    double foreign = load.foreign();
    double server = load.ofServer();
    JsonNode stopped = subject.stop();
    int jobs = order.jobs();
    double seconds = tables == Tables.SHIGOTO ? end - firstClaim(db, jobs) : sinceFirst;
    Map<String, Double> values = new LinkedHashMap<>();
    values.put("jobs_per_s", jobs / seconds);
    values.put("client_cpu_s_per_10k", stopped.path("cpu_s").asDouble() * 10_000 / jobs);
    values.put("compiler_cpu_s_per_10k", stopped.path("compiler_cpu_s").asDouble() * 10_000 / jobs);
    values.put("server_cpu_s_per_10k", server * 10_000 / jobs);
    values.put("wal_bytes_per_job", (wal(db) - wal) / jobs);
    values.put("foreign_cpu", foreign);
    return values;
  }

  /** When this run's first job was claimed; fails if not every job came to its end. */
  static double firstClaim(Database database, int jobs) {
    Map<String, Object> history =
        database.row(
            """
            SELECT count(*) AS n, extract(epoch FROM min(claimed_at))::float8 AS began
              FROM shigoto.job_history WHERE worker = 'noop' AND state = 'completed'
            """);
    if (((Number) history.get("n")).longValue() != jobs) {
      throw new IllegalStateException(history.get("n") + " of " + jobs + " jobs are completed");
    }
    return ((Number) history.get("began")).doubleValue();
  }

  private static double wal(Database database) {
    return database.number("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')");
  }
}
