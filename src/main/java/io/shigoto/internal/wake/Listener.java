package io.shigoto.internal.wake;

import io.r2dbc.postgresql.api.Notification;
import io.r2dbc.postgresql.api.PostgresqlConnection;
import io.shigoto.internal.flow.KeepGoing;
import io.shigoto.internal.job.Bell;
import io.shigoto.internal.job.News;
import io.shigoto.internal.postgres.Connector;
import io.shigoto.internal.postgres.Database;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * One LISTEN connection for the node. It notifies itself every few seconds: a link that is half
 * open, or a pooler that takes LISTEN and delivers nothing, shows by the canary that does not come
 * back. Then the connection is closed and made anew, and everything is looked at once, because
 * signals were lost meanwhile.
 */
public final class Listener {

  private final Connector connector;
  private final String channel;
  private final Canary canary;
  private final Bell ears;
  private final Duration period;
  private final Scheduler timer;
  private final KeepGoing keepGoing;
  private volatile boolean heard;

  /**
   * @param channel of the schema
   * @param ears where what is heard goes
   * @param period between canaries; without any notification for two of them the connection is
   *     given up
   */
  public Listener(
      Connector connector,
      String channel,
      Canary canary,
      Bell ears,
      Duration period,
      Scheduler timer) {
    this.connector = connector;
    this.channel = channel;
    this.canary = canary;
    this.ears = ears;
    this.period = period;
    this.timer = timer;
    this.keepGoing = new KeepGoing("listen", timer);
  }

  /** Listens while subscribed, across lost connections. */
  public Flux<?> flow() {
    return keepGoing.always(
        Flux.usingWhen(
            connector.connectToListen(),
            this::listen,
            this::close,
            (c, e) -> close(c),
            this::close));
  }

  /** Whether notifications arrive. */
  public boolean isHearing() {
    return heard;
  }

  private Flux<Boolean> listen(PostgresqlConnection connection) {
    Flux<Boolean> notifications =
        connection
            .getNotifications()
            .doOnNext(this::take)
            .map(notification -> true)
            .timeout(period.multipliedBy(2), timer);
    Mono<Boolean> listening =
        Database.run(connection, "LISTEN " + channel + "; LISTEN " + canary.channel())
            .doOnSuccess(done -> ears.everything())
            .then(Mono.empty());
    Flux<Boolean> canaries =
        Flux.interval(Duration.ZERO, period, timer)
            .onBackpressureDrop()
            .concatMap(tick -> canary.send(), 0)
            .then(Mono.<Boolean>empty())
            .flux();
    return Flux.merge(notifications, listening.thenMany(canaries));
  }

  private void take(Notification notification) {
    heard = true;
    if (!notification.getName().equals(channel)) {
      return;
    }
    String payload = notification.getParameter();
    if (payload == null || payload.isEmpty()) {
      ears.everything();
    } else {
      ears.ring(News.of(List.of(payload)));
    }
  }

  private Mono<Void> close(@Nullable PostgresqlConnection connection) {
    heard = false;
    return connection == null ? Mono.empty() : connector.close(connection);
  }
}
