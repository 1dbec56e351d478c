package io.shigoto.internal.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.r2dbc.spi.Connection;
import io.shigoto.Schemas;
import io.shigoto.support.PostgresServer;
import io.shigoto.support.TestDatabase;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

class PartitionsIT {

  private static final Duration LIMIT = Duration.ofSeconds(30);
  private static final int DAYS_AHEAD = 7;
  private static final int RETENTION = 14;

  private final Scheduler timer = Schedulers.newSingle("test-timer", true);
  private TestDatabase db;
  private Database database;
  private Partitions partitions;

  @BeforeEach
  void open() {
    db = TestDatabase.create(PostgresServer.shared(), "jobs", Schemas::migrate);
    database =
        new Database(
            new Connector(db.connectionFactory(), false, LIMIT, timer),
            4,
            LIMIT,
            timer,
            System::nanoTime);
    partitions = new Partitions(database, new Statements("shigoto"));
  }

  @AfterEach
  void close() {
    database.close().block(LIMIT);
    db.drop();
    timer.dispose();
  }

  @Test
  void theDaysAheadAreMadeOnce() {
    dropAll();

    assertThat(keep()).isEqualTo(DAYS_AHEAD + 1);
    assertThat(days()).containsExactlyElementsOf(daysFrom(0, DAYS_AHEAD));
    assertThat(keep()).isZero();
  }

  @Test
  void daysBeyondTheRetentionAreDroppedAndTheOthersStay() {
    makeDay(-RETENTION - 1);
    makeDay(-RETENTION);
    makeDay(-400);
    finished(1, -RETENTION - 1);
    finished(2, -RETENTION);

    assertThat(keep()).isEqualTo(2);

    assertThat(days()).containsExactlyElementsOf(daysFrom(-RETENTION, -RETENTION, 0, DAYS_AHEAD));
    assertThat(ids()).containsExactly(2L);
  }

  @Test
  void rowsWithoutADayGoToTheDefaultAndAreSweptWhenTheyAreOld() {
    finished(1, -100);
    finished(2, -3);
    assertThat(db.number("SELECT count(*) FROM shigoto.job_history_default")).isEqualTo(2);

    keep();

    assertThat(ids()).containsExactly(2L);
  }

  @Test
  void aDayWhoseRowsAreInTheDefaultAlreadyIsNotNeeded() {
    dropAll();
    finished(1, 2);

    assertThat(keep()).isEqualTo(DAYS_AHEAD);

    assertThat(ids()).containsExactly(1L);
    assertThat(days()).hasSize(DAYS_AHEAD).doesNotContainSequence(daysFrom(2, 2));
  }

  @Test
  void nodesMayKeepTheDaysAtTheSameTime() {
    dropAll();
    for (int day = RETENTION + 1; day < RETENTION + 10; day++) {
      makeDay(-day);
    }

    Flux.range(0, 4).flatMap(i -> partitions.keep(RETENTION)).blockLast(LIMIT);

    assertThat(days()).containsExactlyElementsOf(daysFrom(0, DAYS_AHEAD));
  }

  @Test
  void aLongReadOfTheHistoryDoesNotStopSettlements() {
    makeDay(-RETENTION - 1);
    Connection reader = Mono.from(db.connectionFactory().create()).block(LIMIT);
    Database.run(reader, "BEGIN; SELECT count(*) FROM shigoto.job_history").block(LIMIT);

    assertThat(keep()).as("left for later").isZero();
    finished(1, 0);

    assertThat(ids()).containsExactly(1L);
    Mono.from(reader.close()).block(LIMIT);
    assertThat(keep()).isEqualTo(1);
  }

  private long keep() {
    return partitions.keep(RETENTION).block(LIMIT);
  }

  private void makeDay(int offset) {
    String day = daysFrom(offset, offset).get(0);
    String next = daysFrom(offset + 1, offset + 1).get(0);
    db.sql(
        """
        CREATE TABLE shigoto.%s PARTITION OF shigoto.job_history
           FOR VALUES FROM ('%s 00:00+00') TO ('%s 00:00+00')
        """
            .formatted(day, day.substring(12), next.substring(12)));
  }

  private void finished(long id, int daysFromNow) {
    db.sql(
        """
        INSERT INTO shigoto.job_history
               (id, lease, scheduled_at, inserted_at, finished_at, state, attempt, max_attempts, priority,
                queue, worker, args)
        VALUES ($1, 1, now(), now(), now() + $2 * interval '1 day', 'completed', 1, 1, 0, 'q', 'w', '{}')
        """,
        id,
        daysFromNow);
  }

  private List<Long> ids() {
    return db.sql("SELECT id FROM shigoto.job_history ORDER BY id").stream()
        .map(row -> (Long) row.get("id"))
        .toList();
  }

  private void dropAll() {
    days().forEach(day -> db.sql("DROP TABLE shigoto." + day));
  }

  private List<String> days() {
    return names(
        """
        SELECT tablename AS name FROM pg_tables
         WHERE schemaname = 'shigoto' AND tablename ~ '^job_history_[0-9]+$' ORDER BY 1
        """);
  }

  /** The names of the days from one to another, in pairs, as days from now. */
  private List<String> daysFrom(Integer... pairs) {
    return Flux.fromArray(pairs)
        .buffer(2)
        .concatMapIterable(
            pair ->
                names(
                    """
                    SELECT 'job_history_' || to_char((now() AT TIME ZONE 'UTC')::date + n, 'YYYYMMDD') AS name
                      FROM generate_series(%d, %d) AS n
                    """
                        .formatted(pair.get(0), pair.get(1))))
        .collectList()
        .block(LIMIT);
  }

  private List<String> names(String query) {
    return db.sql(query).stream().map(row -> String.valueOf(row.get("name"))).toList();
  }
}
