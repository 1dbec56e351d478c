package io.shigoto.bench.subject;

import com.github.kagkarlsson.scheduler.Scheduler;
import com.github.kagkarlsson.scheduler.SchedulerClient;
import com.github.kagkarlsson.scheduler.serializer.JacksonSerializer;
import com.github.kagkarlsson.scheduler.task.TaskDescriptor;
import com.github.kagkarlsson.scheduler.task.TaskInstance;
import com.github.kagkarlsson.scheduler.task.helper.OneTimeTask;
import com.github.kagkarlsson.scheduler.task.helper.Tasks;
import com.zaxxer.hikari.HikariDataSource;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.IntConsumer;

/**
 * db-scheduler as its documentation sets it up for throughput: lock-and-fetch from 1 to 4 times the
 * threads, polls every 100 ms, batched inserts in the driver.
 */
final class DbSchedulerSubject implements Subject {

  private static final TaskDescriptor<Numbered> NOOP = TaskDescriptor.of("noop", Numbered.class);
  private static final String BATCHED = "?reWriteBatchedInserts=true";

  /** The table and the indexes that the library asks for. */
  private static final String TABLE =
      """
      CREATE TABLE scheduled_tasks (
        task_name text NOT NULL, task_instance text NOT NULL, task_data bytea,
        execution_time timestamptz NOT NULL, picked boolean NOT NULL, picked_by text,
        last_success timestamptz, last_failure timestamptz, consecutive_failures int,
        last_heartbeat timestamptz, version bigint NOT NULL, priority smallint,
        PRIMARY KEY (task_name, task_instance));
      CREATE INDEX execution_time_idx ON scheduled_tasks (execution_time);
      CREATE INDEX last_heartbeat_idx ON scheduled_tasks (last_heartbeat);
      CREATE INDEX priority_execution_time_idx
        ON scheduled_tasks (priority DESC, execution_time ASC);
      """;

  @Override
  public Running begin(Order order, Consumer<Map<String, Object>> done) throws SQLException {
    HikariDataSource pool = PeerRuns.pool(order, order.concurrency() + 2, BATCHED);
    switch (order.what()) {
      case "fill" -> fill(pool, order, done);
      case "enqueue" -> enqueue(pool, order, done);
      case "drain" -> {
        Scheduler scheduler = scheduler(pool, order, PeerRuns.counting(order, done));
        scheduler.start();
        return () -> {
          scheduler.stop();
          pool.close();
          return Map.of();
        };
      }
      default -> throw new IllegalArgumentException(order.what());
    }
    return () -> {
      pool.close();
      return Map.of();
    };
  }

  private static OneTimeTask<Numbered> task(IntConsumer run) {
    return Tasks.oneTime(NOOP).execute((instance, context) -> run.accept(instance.getData().i()));
  }

  private static SchedulerClient client(HikariDataSource pool) {
    return SchedulerClient.Builder.create(pool, task(i -> {}))
        .serializer(new JacksonSerializer())
        .build();
  }

  private static Scheduler scheduler(HikariDataSource pool, Order order, IntConsumer run) {
    return Scheduler.create(pool, task(run))
        .threads(order.concurrency())
        .serializer(new JacksonSerializer())
        .pollUsingLockAndFetch(1.0, 4.0)
        .pollingInterval(Duration.ofMillis(100))
        .shutdownMaxWait(Duration.ofSeconds(3))
        .build();
  }

  private static void fill(HikariDataSource pool, Order order, Consumer<Map<String, Object>> done)
      throws SQLException {
    try (Connection connection = pool.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(TABLE);
    }
    List<TaskInstance<?>> all = new ArrayList<>(order.jobs());
    for (int i = 0; i < order.jobs(); i++) {
      all.add(NOOP.instance(Integer.toString(i)).data(new Numbered(i)).build());
    }
    if (!all.isEmpty()) {
      client(pool).scheduleBatch(all, Instant.now());
    }
    done.accept(Map.of());
  }

  private static void enqueue(
      HikariDataSource pool, Order order, Consumer<Map<String, Object>> done) {
    SchedulerClient client = client(pool);
    PeerRuns.enqueue(
        order,
        i ->
            client.scheduleIfNotExists(
                NOOP.instance(Integer.toString(i))
                    .data(new Numbered(i))
                    .scheduledTo(Instant.now())),
        done);
  }
}
