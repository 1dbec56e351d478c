package io.shigoto.internal.node;

import io.shigoto.internal.cancel.CallOff;
import io.shigoto.internal.cancel.Cancels;
import io.shigoto.internal.postgres.Database;
import io.shigoto.internal.run.NodeLost;
import io.shigoto.internal.run.Runs;
import io.shigoto.internal.run.Transition;
import io.shigoto.internal.settings.Settings;
import io.shigoto.internal.upkeep.Audit;
import io.shigoto.internal.upkeep.Chores;
import io.shigoto.internal.upkeep.History;
import io.shigoto.internal.upkeep.LooseEnds;
import io.shigoto.internal.upkeep.Poll;
import io.shigoto.internal.upkeep.Promoter;
import io.shigoto.internal.upkeep.Rescue;
import io.shigoto.internal.upkeep.Roll;
import io.shigoto.internal.upkeep.Untold;
import java.util.List;
import java.util.UUID;
import reactor.core.publisher.Flux;

/** What an incarnation does beside its queues: for its own runs, and for everybody. */
final class Upkeep {

  private final UUID id;
  private final Settings settings;
  private final Engine engine;
  private final Runs runs;
  private final Draining draining;
  private final Database database;

  /**
   * @param id of the incarnation
   * @param runs what it holds
   * @param draining whether it claims no more
   */
  Upkeep(UUID id, Settings settings, Engine engine, Runs runs, Draining draining) {
    this.id = id;
    this.settings = settings;
    this.engine = engine;
    this.runs = runs;
    this.draining = draining;
    this.database = engine.connections.upkeep;
  }

  /** Goes on while subscribed. */
  Flux<?> flow() {
    return Flux.merge(
        new Chores(List.of(poll(), rescue(), audit(), roll(), history()), engine.timer).flow(),
        promoter().flow(),
        cancels().flow(engine.wakeups, engine.timer),
        new LooseEnds(database, engine.sql, engine.wakeups, engine.bell, engine.timer).flow(),
        untold().flow(),
        engine.hearing());
  }

  private Poll poll() {
    return new Poll(
        database,
        engine.sql,
        engine.served::names,
        engine.workers.names(),
        settings.rhythm().poll(),
        engine.wakeups,
        engine.pauses);
  }

  private Rescue rescue() {
    return new Rescue(
        database,
        engine.sql,
        settings.rhythm().lease().dividedBy(4),
        (run, node) -> engine.failed(new Transition(node, engine.json), run, new NodeLost()),
        engine.settler,
        engine.events,
        engine.discards);
  }

  private Audit audit() {
    return new Audit(
        database,
        engine.sql,
        id,
        settings.store().timeout().multipliedBy(2),
        runs,
        engine.settler,
        engine.events);
  }

  private Roll roll() {
    return new Roll(
        database,
        engine.sql,
        id,
        engine.served::names,
        draining::hasBegun,
        engine.served.changes().mergeWith(draining.begun().thenReturn(true)));
  }

  private History history() {
    return new History(
        database, engine.sql, settings.retention(), settings.broadcasts().retention());
  }

  private Promoter promoter() {
    return new Promoter(
        database,
        engine.sql,
        engine.workers.names(),
        engine.wakeups,
        engine.bell,
        settings.rhythm().poll(),
        engine.timer);
  }

  private Cancels cancels() {
    return new Cancels(
        database, engine.sql, id, runs, new CallOff(engine.settler, engine.events, runs));
  }

  private Untold untold() {
    return new Untold(
        database,
        engine.sql,
        engine.wakeups,
        engine.workers.names(),
        engine.discards,
        engine.timer);
  }
}
