package io.shigoto.internal.history;

import io.shigoto.Schemas;
import io.shigoto.internal.postgres.Connector;
import io.shigoto.internal.postgres.Database;
import io.shigoto.internal.postgres.Statements;
import io.shigoto.support.PastDays;
import io.shigoto.support.PostgresServer;
import io.shigoto.support.TestDatabase;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/** A database of its own for each test, whose history is empty and has the days of today. */
abstract class WithHistory {

  static final Duration LIMIT = Duration.ofSeconds(30);
  static final int DAYS_AHEAD = 7;

  final Statements statements = new Statements("shigoto");
  private final Scheduler timer = Schedulers.newSingle("test-timer", true);
  TestDatabase db;
  Database database;
  PastDays days;

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
    days = new PastDays(db);
    days.renew(DAYS_AHEAD);
  }

  @AfterEach
  void close() {
    database.close().block(LIMIT);
    db.drop();
    timer.dispose();
  }
}
