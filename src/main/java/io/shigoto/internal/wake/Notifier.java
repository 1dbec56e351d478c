package io.shigoto.internal.wake;

import io.shigoto.internal.flow.Detached;
import io.shigoto.internal.flow.GroupCommit;
import io.shigoto.internal.job.Bell;
import io.shigoto.internal.job.News;
import io.shigoto.internal.postgres.Database;
import io.shigoto.internal.postgres.Sql;
import io.shigoto.internal.postgres.Statements;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * Tells the other nodes, after the commit and on a connection of its own. The first notification
 * leaves at once; what comes within the next few milliseconds goes together.
 */
public final class Notifier implements Bell {

  private static final Logger LOG = LoggerFactory.getLogger(Notifier.class);
  private static final Duration PAUSE = Duration.ofMillis(5);
  private static final int GROUP_SIZE = 10_000;

  private final Database database;
  private final Sql notify;
  private final Scheduler timer;
  private final GroupCommit<String, Boolean> group;

  public Notifier(Database database, Statements sql, Scheduler timer) {
    this.database = database;
    this.notify = sql.get("notify");
    this.timer = timer;
    this.group = new GroupCommit<>(this::send, error -> false, payload -> 0, GROUP_SIZE, 1);
  }

  @Override
  public void ring(News news) {
    news.messages().forEach(this::tell);
  }

  /** Takes no more; completes when what it has taken is sent. */
  public Mono<Void> close() {
    return group.close();
  }

  private void tell(String payload) {
    Detached.start(group.submit(payload).onErrorComplete(IllegalStateException.class));
  }

  /** A notification that is lost costs a poll period, no more: so a failure is not tried again. */
  private Mono<List<Boolean>> send(List<String> payloads) {
    String[] distinct = payloads.stream().distinct().toArray(String[]::new);
    return database
        .list(notify, statement -> statement.bind(0, distinct), row -> true)
        .doOnError(
            error -> LOG.atDebug().addKeyValue("error", error::toString).log("could not notify"))
        .onErrorReturn(List.of())
        .delayElement(PAUSE, timer)
        // The timer goes with the node, and the pause with the timer.
        .onErrorReturn(RejectedExecutionException.class, List.of())
        .thenReturn(Collections.nCopies(payloads.size(), true));
  }
}
