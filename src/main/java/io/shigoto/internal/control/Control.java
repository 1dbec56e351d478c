package io.shigoto.internal.control;

import io.shigoto.internal.find.States;
import io.shigoto.internal.job.Bell;
import io.shigoto.internal.job.Events;
import io.shigoto.internal.json.Json;
import io.shigoto.internal.postgres.Database;
import io.shigoto.internal.postgres.Statements;

/** What can be done to jobs, one or many, from any node. */
public record Control(Canceller canceller, Retrier retrier, Deleter deleter) {

  /** All of it, by way of one pool of connections. */
  public static Control of(
      Database database, Statements sql, Json json, Patience patience, Bell bell, Events events) {
    Act.Tools tools = new Act.Tools(database, sql, bell, events);
    Sweep sweep = new Sweep(database, sql, json, patience);
    States states = new States(database, sql);
    return new Control(
        new Canceller(tools, sweep, states, patience),
        new Retrier(tools, sweep, states, patience),
        new Deleter(tools, sweep, patience));
  }
}
