package io.shigoto;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.shigoto.internal.postgres.Statements;
import io.shigoto.support.DatabaseExtension;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Settlements take what others wait for in one order, whatever their runs came to. */
class SettleOrderIT {

  private static final int RETURNS = 10;
  private static final int ENDS = 11;
  private static final int HOLDER = 12;

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  private final String settle = new Statements("shigoto").get("settle").text();

  /** One that ends because another job has its key is counted together with those that just end. */
  @Test
  void whoDoesNotGetABatchHoldsNoneThatComesLater() {
    UUID key = UUID.randomUUID();
    for (int batch = 1; batch <= 2; batch++) {
      db.sql(
          """
          INSERT INTO shigoto.batches (total, callback) VALUES (1, jsonb_populate_record(NULL::shigoto.new_job,
            '{"queue": "q", "worker": "w", "args": {}, "priority": 0, "max_attempts": 1}'))
          """);
    }
    db.sql(
        """
        INSERT INTO shigoto.jobs (id, queue, worker, state, owner, lease, batch_id, unique_key, unique_states)
        VALUES ($1, 'q', 'w', 'executing', gen_random_uuid(), 1, 2, $4, '{waiting, scheduled, available, retryable}'),
               ($2, 'q', 'w', 'executing', gen_random_uuid(), 1, 1, NULL, NULL),
               ($3, 'q', 'w', 'available', NULL, 0, NULL, $4, '{waiting, scheduled, available, retryable}')
        """,
        RETURNS,
        ENDS,
        HOLDER,
        key);
    db.sql("INSERT INTO shigoto.unique_keys (key, job_id) VALUES ($1, $2)", key, HOLDER);

    List<Map<String, Object>> settled =
        Open.transaction(
            db.connectionFactory(),
            "SELECT FROM shigoto.batches WHERE id = 1 FOR UPDATE",
            this::settle);

    assertThat(settled)
        .extracting(row -> row.get("id"), row -> row.get("instead"))
        .contains(tuple((long) RETURNS, "cancelled"), tuple((long) ENDS, null));
    assertThat(db.number("SELECT count(*) FROM shigoto.batches WHERE cancelled + discarded = 0"))
        .isEqualTo(2);
    db.sql("SELECT shigoto.fold_counts(10, 0)");
    assertThat(db.number("SELECT count(*) FROM shigoto.batches WHERE cancelled + discarded = 1"))
        .isEqualTo(2);
  }

  private List<Map<String, Object>> settle() {
    return db.sql(
        settle,
        new Long[] {(long) RETURNS, (long) ENDS},
        new Long[] {1L, 1L},
        new String[] {"retryable", "discarded"},
        new Long[] {1000L, null},
        new Integer[] {0, 0},
        new String[] {null, null},
        new String[] {null, null},
        false);
  }
}
