package io.shigoto.internal.wake;

import static org.assertj.core.api.Assertions.assertThat;

import io.r2dbc.postgresql.api.Notification;
import io.r2dbc.postgresql.api.PostgresqlConnection;
import io.shigoto.Schemas;
import io.shigoto.internal.job.News;
import io.shigoto.internal.postgres.Connector;
import io.shigoto.internal.postgres.Database;
import io.shigoto.internal.postgres.Statements;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.support.LogCapture;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

class NotifierIT {

  private static final Duration LIMIT = Duration.ofSeconds(20);

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  private final Scheduler timer = Schedulers.newSingle("notifier-test", true);

  @AfterEach
  void stop() {
    timer.dispose();
  }

  /**
   * A node that stops right after an enqueue: the second group leaves after the first has ended.
   */
  @Test
  void pauseWithoutATimerIsSkippedInSilence() {
    Scheduler gone = Schedulers.newSingle("gone", true);
    gone.dispose();
    Database database =
        new Database(
            new Connector(db.connectionFactory(), true, LIMIT, timer),
            1,
            LIMIT,
            timer,
            System::nanoTime);
    Notifier notifier = new Notifier(database, new Statements("shigoto"), gone);
    PostgresqlConnection listening =
        Mono.from(db.connectionFactory().create()).cast(PostgresqlConnection.class).block(LIMIT);
    Sinks.Many<String> heard = Sinks.many().replay().all();
    listening
        .getNotifications()
        .map(Notification::getParameter)
        .subscribe(payload -> heard.tryEmitNext(payload).orThrow());
    listening.createStatement("LISTEN shigoto").execute().then().block(LIMIT);

    try (LogCapture dropped = LogCapture.start("reactor.core.publisher.Operators")) {
      notifier.ring(News.available("first"));
      notifier.ring(News.available("second"));
      assertThat(heard.asFlux().take(2).collectList().block(LIMIT))
          .containsExactly("qfirst", "qsecond");
      assertThat(dropped.events()).isEmpty();
    }
    listening.close().block(LIMIT);
    database.close().block(LIMIT);
  }
}
