package io.shigoto.sql;

import io.shigoto.support.TestDatabase;

/** What the planner believes of a table of jobs, and how it came to that. */
enum Statistics {
  /** All that is there was counted. */
  FRESH {
    @Override
    void fill(TestDatabase database, int jobs) {
      insert(database, jobs);
      claim(database, jobs);
      database.sql("ANALYZE shigoto.jobs");
    }
  },
  /** The table was empty when it was counted. */
  SAY_EMPTY {
    @Override
    void fill(TestDatabase database, int jobs) {
      database.sql("ANALYZE shigoto.jobs");
      insert(database, jobs);
      claim(database, jobs);
    }
  },
  /** There was one job when it was counted. */
  SAY_ONE {
    @Override
    void fill(TestDatabase database, int jobs) {
      insert(database, 1);
      database.sql("ANALYZE shigoto.jobs");
      insert(database, jobs);
      claim(database, jobs);
    }
  },
  /** Nothing was being executed, and nothing was due later, when it was counted. */
  SAY_ALL_IS_AVAILABLE {
    @Override
    void fill(TestDatabase database, int jobs) {
      database.sql("ALTER TABLE shigoto.jobs DISABLE TRIGGER job_is_scheduled");
      insert(database, jobs);
      database.sql("ANALYZE shigoto.jobs");
      database.sql("UPDATE shigoto.jobs SET state = 'scheduled' WHERE scheduled_at > now()");
      claim(database, jobs);
    }
  },
  /** It was counted as above; since then it has become many times as large. */
  COUNTED_BEFORE_IT_GREW {
    @Override
    void fill(TestDatabase database, int jobs) {
      database.sql("ALTER TABLE shigoto.jobs ENABLE TRIGGER job_is_scheduled");
      insert(database, jobs - (int) database.number("SELECT count(*) FROM shigoto.jobs"));
      claim(database, jobs);
    }

    @Override
    boolean needsJobs() {
      return true;
    }
  },
  /** All was counted, of jobs that were there before. */
  COUNTED_SINCE {
    @Override
    void fill(TestDatabase database, int jobs) {
      database.sql("ANALYZE shigoto.jobs");
    }

    @Override
    boolean needsJobs() {
      return true;
    }
  };

  static final String NODE = "00000000-0000-0000-0000-00000000000a";

  /** One in so many jobs is executing, one in so many is scheduled. */
  static final int SHARE = 10;

  private static final int NODES = 5;

  /** Fills an empty table; nobody counts again behind our back. */
  abstract void fill(TestDatabase database, int jobs);

  /** Whether the jobs are to be there already. */
  boolean needsJobs() {
    return false;
  }

  static void prepare(TestDatabase database) {
    database.sql("ALTER TABLE shigoto.jobs SET (autovacuum_enabled = false)");
    database.sql("ALTER TABLE shigoto.nodes SET (autovacuum_enabled = false)");
    database.sql(
        """
        INSERT INTO shigoto.nodes (id, name, lease_until, queues, workers)
        SELECT ($1 || to_hex(10 + n))::uuid, 'node ' || n, now() + interval '1 day', '{}', '{}'
          FROM generate_series(0, %d) AS n
        """
            .formatted(NODES - 2),
        NODE.substring(0, NODE.length() - 1));
  }

  private static void insert(TestDatabase database, int jobs) {
    database.sql(
        """
        INSERT INTO shigoto.jobs (queue, worker, priority, scheduled_at, partition_key, args)
        SELECT CASE WHEN n %% 20 < 15 THEN 'default' ELSE 'queue' || n %% 20 END,
               'worker' || n %% 7,
               n %% 3,
               CASE WHEN n %% %2$d = 1 THEN now() + interval '1 hour' + n * interval '1 second' ELSE now() END,
               CASE WHEN n %% 3 = 0 THEN 'key' || n %% 5000 WHEN n %% 3 = 1 THEN 'big' END,
               '{"some": "arguments of a usual length"}'
          FROM set_config('shigoto.notify', 'off', true), generate_series(1, %1$d) AS n
        """
            .formatted(jobs, SHARE));
  }

  /** The last of the nodes has no row: what it owns is lost. It owns a hundredth. */
  private static void claim(TestDatabase database, int jobs) {
    database.sql(
        """
        UPDATE shigoto.jobs
           SET state = 'executing', lease = 1, attempt = 1, claimed_at = now() - interval '1 hour',
               owner = ('%s' || CASE WHEN id %% 1000 = 0 THEN 'e' ELSE to_hex(10 + id %% %d) END)::uuid
         WHERE id %% %d = 0
        """
            .formatted(NODE.substring(0, NODE.length() - 1), NODES - 1, SHARE));
  }
}
