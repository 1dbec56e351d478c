package io.shigoto;

import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.support.DatabaseExtension;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Runs that come back, and jobs that are due, take their keys again for a tenth of a second; one is
 * tried however slow that is, as where nothing is in memory yet.
 */
class SlowBeginningIT {

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  /** From the second connection on, each look at the clock takes longer than all may take. */
  @BeforeEach
  void slowDown() {
    db.sql(
        """
        CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS
          'SELECT pg_catalog.clock_timestamp() FROM pg_sleep(0.15)';
        DO $$ BEGIN
          EXECUTE format('ALTER DATABASE %I SET search_path = public, pg_catalog', current_database());
        END $$
        """);
  }

  @Test
  void oneAtLeastIsTried() {
    db.sql(
        """
        INSERT INTO shigoto.jobs (id, queue, worker, state, owner, lease, unique_key, unique_states)
        SELECT n, 'q', 'w', 'executing', gen_random_uuid(), 1, md5('' || n)::uuid, '{retryable}'
          FROM generate_series(1, 2) AS n
        """);
    String settled =
        """
        SELECT instead FROM shigoto.settle_returning(ARRAY[
          ROW(1, 1, 'retryable', 1, 0, NULL)::shigoto.returning_run,
          ROW(2, 1, 'retryable', 1, 0, NULL)::shigoto.returning_run])
        """;

    assertThat(db.sql(settled))
        .extracting(row -> row.get("instead"))
        .containsExactlyInAnyOrder(null, "busy");

    db.sql(
        "UPDATE shigoto.jobs SET state = 'retryable', owner = NULL, unique_states = '{available}'");
    db.sql("DELETE FROM shigoto.unique_keys");
    db.sql("SELECT shigoto.promote_keyless('{1, 2}')");
    assertThat(db.number("SELECT count(*) FROM shigoto.jobs WHERE state = 'available'"))
        .isEqualTo(1);
  }
}
