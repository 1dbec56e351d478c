package io.shigoto;

import io.shigoto.internal.find.Finder;
import java.util.List;
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
            new Finder(engine.connections.upkeep, engine.sql, engine.json)
                .unserved(MOST_UNSERVED)
                .map(
                    found ->
                        found.stream()
                            .map(pair -> new Health.Unserved(pair[0], pair[1]))
                            .toList()));
  }

  /**
   * Never fails.
   *
   * @param now asked for when the database has answered, or has not
   */
  Mono<Health> of(Supplier<Now> now) {
    return look.seen().map(seen -> health(now.get(), seen));
  }

  /** Without a look, it counts what the lease has heard, which has a connection of its own. */
  private boolean answers(DatabaseLook.Seen seen) {
    return switch (seen.answer()) {
      case GIVEN -> true;
      case NONE -> false;
      case NOT_ASKED -> !engine.heartbeat.inTrouble();
    };
  }

  private Health health(Now now, DatabaseLook.Seen seen) {
    boolean answers = answers(seen);
    boolean busy = seen.answer() == DatabaseLook.Answer.NOT_ASKED;
    List<Health.Unserved> unserved = seen.unserved();
    Incarnation current = now.current;
    boolean hearing = current != null && current.isHearing();
    List<Health.Overloaded> overloaded =
        engine.served.overloaded().entrySet().stream()
            .map(queue -> new Health.Overloaded(queue.getKey(), queue.getValue()))
            .toList();
    boolean fine = !busy && unserved.isEmpty() && overloaded.isEmpty() && (hearing || !listens);
    return new Health(
        !answers || !isWorking(now)
            ? Health.Status.DOWN
            : fine ? Health.Status.UP : Health.Status.DEGRADED,
        now.phase,
        answers,
        busy,
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
