package io.shigoto.internal.find;

import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;
import reactor.pool.PoolAcquireTimeoutException;

/**
 * One question to the database, which tells whether it answers too. All who ask while it is under
 * way have the same answer: however many they are, they hold one connection.
 */
public final class DatabaseLook {

  private static final Logger LOG = LoggerFactory.getLogger(DatabaseLook.class);

  private final Mono<List<Unserved>> question;
  private final AtomicReference<@Nullable Mono<Seen>> underWay = new AtomicReference<>();

  public DatabaseLook(Mono<List<Unserved>> question) {
    this.question = question;
  }

  /** Looks when subscribed, or hears what another look sees that is under way. Never fails. */
  public Mono<Seen> seen() {
    return Mono.defer(
        () -> {
          Mono<Seen> mine = look().cache();
          Mono<Seen> others = underWay.compareAndExchange(null, mine);
          return others == null ? mine : others;
        });
  }

  private Mono<Seen> look() {
    return question
        .map(unserved -> new Seen(Answer.GIVEN, unserved))
        .onErrorResume(error -> Mono.just(new Seen(why(error), List.of())))
        .doOnTerminate(() -> underWay.set(null));
  }

  /** To wait in vain for a connection says nothing about the database. */
  private static Answer why(Throwable error) {
    LOG.atDebug().addKeyValue("error", error::toString).log("health: no answer of the database");
    return error instanceof PoolAcquireTimeoutException ? Answer.NOT_ASKED : Answer.NONE;
  }

  /** Whether there was one. */
  public enum Answer {
    GIVEN,
    NONE,
    /** There was no connection to ask by. */
    NOT_ASKED
  }

  /**
   * What was seen.
   *
   * @param unserved empty without an answer
   */
  public record Seen(Answer answer, List<Unserved> unserved) {}
}
