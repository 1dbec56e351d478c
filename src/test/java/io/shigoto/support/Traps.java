package io.shigoto.support;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** What a {@link TcpProxy} does at statements to come. In the thread of the proxy only. */
final class Traps {

  private final List<Trap> traps = new ArrayList<>();

  void set(String fragment, int nth, Consumer<Link> action) {
    traps.add(new Trap(fragment, nth, action));
  }

  /** A statement is about to be forwarded. */
  void passes(String sql, Link link) {
    for (Trap trap : List.copyOf(traps)) {
      if (trap.snapsAt(sql)) {
        traps.remove(trap);
        trap.action.accept(link);
      }
    }
  }

  private static final class Trap {
    private final String fragment;
    private final Consumer<Link> action;
    private int left;

    Trap(String fragment, int nth, Consumer<Link> action) {
      this.fragment = fragment;
      this.left = nth;
      this.action = action;
    }

    boolean snapsAt(String sql) {
      return sql.contains(fragment) && --left == 0;
    }
  }
}
