package io.shigoto;

import static java.util.stream.Collectors.toList;

import io.shigoto.support.TestDatabase;
import java.util.List;

/**
 * Watches who holds a unique key, by looking at jobs alone: a trigger writes down when a job comes
 * into the states in which it holds its key and when it leaves them, and the table is looked at
 * meanwhile. It knows nothing of {@code unique_keys}.
 *
 * <p>The order is that of a sequence. A tenure that may begin because another one is over begins
 * after the commit that ended that, so two tenures of a key that meet were held at once.
 */
final class Tenures {

  private final TestDatabase db;

  private Tenures(TestDatabase db) {
    this.db = db;
  }

  static Tenures watch(TestDatabase db) {
    db.sql(
        """
        CREATE TABLE IF NOT EXISTS public.tenures (
          n bigint GENERATED ALWAYS AS IDENTITY, key uuid, id bigint, held boolean);
        TRUNCATE public.tenures;

        CREATE OR REPLACE FUNCTION public.holds(job shigoto.jobs) RETURNS boolean LANGUAGE sql AS $$
          SELECT job.unique_states IS NULL OR job.state = ANY (job.unique_states)
        $$;

        CREATE OR REPLACE FUNCTION public.note_tenure() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE
          before boolean := TG_OP <> 'INSERT' AND public.holds(OLD);
          after  boolean := TG_OP <> 'DELETE' AND public.holds(NEW);
        BEGIN
          IF before <> after THEN
            INSERT INTO public.tenures (key, id, held)
            VALUES (coalesce(NEW.unique_key, OLD.unique_key), coalesce(NEW.id, OLD.id), after);
          END IF;
          RETURN NULL;
        END $$;

        CREATE OR REPLACE TRIGGER inserted AFTER INSERT ON shigoto.jobs
          FOR EACH ROW WHEN (NEW.unique_key IS NOT NULL) EXECUTE FUNCTION public.note_tenure();
        CREATE OR REPLACE TRIGGER changed AFTER UPDATE OF state OR DELETE ON shigoto.jobs
          FOR EACH ROW WHEN (OLD.unique_key IS NOT NULL) EXECUTE FUNCTION public.note_tenure();
        """);
    return new Tenures(db);
  }

  /** Keys that more than one job holds at this moment. */
  List<String> shared() {
    return keys(
        """
        SELECT unique_key AS key
          FROM shigoto.jobs AS job
         WHERE unique_key IS NOT NULL AND public.holds(job)
         GROUP BY unique_key
        HAVING count(*) > 1
        """);
  }

  /** Keys that more than one job held at any moment so far. */
  List<String> everShared() {
    return keys(
        """
        SELECT DISTINCT key
          FROM (SELECT key, held, lag(held, 1, false) OVER (PARTITION BY key ORDER BY n) AS before
                  FROM public.tenures) AS step
         WHERE held = before
        """);
  }

  /** How many began. */
  long count() {
    return db.number("SELECT count(*) FROM public.tenures WHERE held");
  }

  private List<String> keys(String sql) {
    return db.sql(sql).stream().map(row -> String.valueOf(row.get("key"))).collect(toList());
  }
}
