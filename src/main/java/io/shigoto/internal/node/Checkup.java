package io.shigoto.internal.node;

import io.shigoto.internal.find.DatabaseLook;
import io.shigoto.internal.find.Finder;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/** Looks how a node is. */
final class Checkup {

  private static final int MOST_UNSERVED = 20;

  private final Engine engine;
  private final boolean listens;
  private final DatabaseLook look;

  /**
   * Looks not on a connection for calls of the application, which may be busy with those.
   *
   * @param listens whether notifications are to arrive
   */
  Checkup(Engine engine, boolean listens) {
    this.engine = engine;
    this.listens = listens;
    this.look =
        new DatabaseLook(
            new Finder(engine.connections.upkeep, engine.sql, engine.json).unserved(MOST_UNSERVED));
  }

  /**
   * Never fails.
   *
   * @param now asked for when the database has answered, or has not
   */
  Mono<Vitals> of(Supplier<Now> now) {
    return look.seen().map(seen -> vitals(now.get(), seen));
  }

  private Vitals vitals(Now now, DatabaseLook.Seen seen) {
    Incarnation current = now.current;
    return new Vitals(
        now.phase,
        current != null && current.isBroken(),
        engine.heartbeat.inTrouble(),
        seen,
        hearing(current),
        engine.settler.waiting(),
        current == null ? 0 : current.runsHeld(),
        engine.reception.waiting(),
        engine.served.overloaded());
  }

  private Vitals.Hearing hearing(@Nullable Incarnation current) {
    if (current != null && current.isHearing()) {
      return Vitals.Hearing.HEARS;
    }
    return listens ? Vitals.Hearing.DEAF : Vitals.Hearing.POLLS;
  }

  /** Where in its life the node is. */
  record Now(Node.Phase phase, @Nullable Incarnation current) {}
}
