package io.shigoto.internal.queue;

import io.shigoto.control.QueueOptions;
import io.shigoto.internal.known.NodeState;
import io.shigoto.internal.shed.Shedding;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/**
 * A queue that a node serves, across its incarnations: idle between them, working within one, and
 * one day leaving and gone.
 */
final class ServedQueue {

  private final String name;
  private final AtomicReference<Stage> stage = new AtomicReference<>(Stage.IDLE);
  private final Sinks.Empty<Void> leaving = Sinks.empty();
  private final Sinks.Empty<Void> gone = Sinks.empty();
  private final Consumer<ServedQueue> onGone;
  private final Shedding shedding;
  private volatile QueueOptions options;
  private volatile Runnable cut = () -> {};
  private volatile LongSupplier free = this::concurrency;
  private volatile BooleanSupplier full = () -> false;

  /**
   * @param onGone called when it is gone
   */
  ServedQueue(String name, QueueOptions options, Shedding shedding, Consumer<ServedQueue> onGone) {
    this.name = name;
    this.shedding = shedding;
    this.options = options;
    this.onGone = onGone;
  }

  String name() {
    return name;
  }

  /** How many of its jobs may run at the same time, as was said last. */
  int concurrency() {
    return options.concurrency();
  }

  /** Its share of what the node has. */
  int weight() {
    return options.weight();
  }

  /** Whether partition keys take turns. */
  boolean isFair() {
    return options.isFair();
  }

  /** What is not claimed because of overload. */
  Shedding shedding() {
    return shedding;
  }

  void resize(int width) {
    options = options.withConcurrency(width);
  }

  /**
   * It works, unless it does already or is leaving; then it is not begun.
   *
   * @param cutRuns ends its runs
   */
  boolean begin(Runnable cutRuns) {
    if (!stage.compareAndSet(Stage.IDLE, Stage.WORKING)) {
      return false;
    }
    cut = cutRuns;
    return true;
  }

  /** From now on these tell how many of its slots are free, and whether its jobs weigh enough. */
  void show(LongSupplier slots, BooleanSupplier weight) {
    free = slots;
    full = weight;
  }

  NodeState.Queue state() {
    return new NodeState.Queue(
        new NodeState.Slots(free.getAsLong(), concurrency()),
        shedding.floor(),
        full.getAsBoolean());
  }

  /** It has settled all that it held. */
  void end() {
    if (!stage.compareAndSet(Stage.WORKING, Stage.IDLE)) {
      goes();
    }
  }

  /** It is to claim no more. Whoever says so first is told. */
  boolean leave() {
    Stage before =
        stage.getAndUpdate(
            now ->
                switch (now) {
                  case IDLE -> Stage.LEFT;
                  case WORKING -> Stage.LEAVING;
                  case LEAVING, LEFT -> now;
                });
    leaving.tryEmitEmpty();
    if (before == Stage.IDLE) {
      goes();
    }
    return before == Stage.IDLE || before == Stage.WORKING;
  }

  /** Whether it is to claim no more. */
  boolean isLeaving() {
    Stage now = stage.get();
    return now == Stage.LEAVING || now == Stage.LEFT;
  }

  /** The node has ended, and whoever waits for this queue to be gone has waited enough. */
  void abandon() {
    goes();
  }

  /** Ends what still runs. */
  void cut() {
    cut.run();
  }

  /** Completes when it is to claim no more. */
  Mono<Void> whenLeaving() {
    return leaving.asMono();
  }

  /** Completes when it has left and nothing of it is held. */
  Mono<Void> whenGone() {
    return gone.asMono();
  }

  private void goes() {
    stage.set(Stage.LEFT);
    shedding.end();
    onGone.accept(this);
    gone.tryEmitEmpty();
  }

  private enum Stage {
    IDLE,
    WORKING,
    LEAVING,
    LEFT
  }
}
