package io.shigoto;

import io.shigoto.internal.find.Finder;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

/** Looks how a node is. */
final class Checkup {

  private static final Logger LOG = LoggerFactory.getLogger(Checkup.class);
  private static final int MOST_UNSERVED = 20;

  private final Engine engine;
  private final Finder finder;
  private final boolean listens;

  /**
   * @param listens whether notifications are to arrive
   */
  Checkup(Engine engine, boolean listens) {
    this.engine = engine;
    this.finder = new Finder(engine.connections.upkeep, engine.sql, engine.json);
    this.listens = listens;
  }

  /**
   * Asks the database for one thing, which tells whether it answers too; not on a connection for
   * calls of the application, which may be busy with those. Never fails.
   *
   * @param now asked for when it has answered
   */
  Mono<Health> of(Supplier<Now> now) {
    return finder
        .unserved(MOST_UNSERVED)
        .map(found -> found.stream().map(pair -> new Health.Unserved(pair[0], pair[1])).toList())
        .map(unserved -> health(now.get(), true, unserved))
        .onErrorResume(
            error -> {
              LOG.atDebug()
                  .addKeyValue("error", error::toString)
                  .log("health: the database does not answer");
              return Mono.just(health(now.get(), false, List.of()));
            });
  }

  private Health health(Now now, boolean answers, List<Health.Unserved> unserved) {
    Incarnation current = now.current;
    boolean hearing = current != null && current.isHearing();
    List<Health.Overloaded> overloaded =
        engine.served.overloaded().entrySet().stream()
            .map(queue -> new Health.Overloaded(queue.getKey(), queue.getValue()))
            .toList();
    boolean fine = unserved.isEmpty() && overloaded.isEmpty() && (hearing || !listens);
    return new Health(
        !answers || !isWorking(now)
            ? Health.Status.DOWN
            : fine ? Health.Status.UP : Health.Status.DEGRADED,
        now.phase,
        answers,
        hearing,
        engine.settler.waiting(),
        current == null ? 0 : current.runsHeld(),
        engine.reception.waiting(),
        unserved,
        overloaded);
  }

  private boolean isWorking(Now now) {
    boolean broken = now.current != null && now.current.isBroken();
    return now.phase == Health.Phase.RUNNING && !broken && !engine.heartbeat.inTrouble();
  }

  /** Where in its life the node is. */
  record Now(Health.Phase phase, @Nullable Incarnation current) {}
}
