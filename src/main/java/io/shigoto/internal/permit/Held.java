package io.shigoto.internal.permit;

import io.shigoto.internal.limit.Permit;
import io.shigoto.internal.limit.Validity;
import io.shigoto.worker.Outcome;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;

/** A permit that is counted. */
final class Held implements Permit {

  private final WorkerPermits permits;
  private final Turns turns;
  private final long term;
  private final Validity validity;
  private final AtomicReference<Stage> stage = new AtomicReference<>(Stage.WAITING);

  /** Whether the breaker was told how it ended, or that nobody will tell. */
  private final AtomicBoolean judged = new AtomicBoolean();

  private volatile @Nullable MonoSink<Void> turn;

  /**
   * @param term in which its job was claimed
   */
  Held(WorkerPermits permits, Turns turns, long term, Validity validity) {
    this.permits = permits;
    this.turns = turns;
    this.term = term;
    this.validity = validity;
  }

  @Override
  public <T> Mono<T> inTurn(Mono<T> work) {
    return turns.areNeeded() ? Mono.<Void>create(this::await).then(work) : work;
  }

  @Override
  public boolean start() {
    if (!permits.isInTime(validity) || !permits.lets(term)) {
      return false;
    }
    if (!turns.areNeeded()) {
      return stage.get() != Stage.CLOSED;
    }
    boolean may = stage.compareAndSet(Stage.ADMITTED, Stage.STARTED);
    if (may) {
      turns.start();
    }
    return may;
  }

  @Override
  public void ended(Outcome outcome) {
    if (Watched.says(outcome) && judged.compareAndSet(false, true)) {
      permits.result(term, outcome instanceof Outcome.Failed);
    }
  }

  @Override
  public void close() {
    if (judged.compareAndSet(false, true)) {
      permits.withoutResult(term);
    }
    free();
  }

  @Override
  public void free() {
    Stage before = stage.getAndSet(Stage.CLOSED);
    if (before == Stage.CLOSED) {
      return;
    }
    permits.end(
        switch (before) {
          case ADMITTED -> present -> present.taken(-1).turnLost();
          case STARTED -> Quota::ended;
          default -> present -> present.taken(-1);
        });
  }

  boolean isWaiting() {
    return stage.get() == Stage.WAITING;
  }

  /** Its turn has come; false if it does not wait any more. */
  boolean admit() {
    if (!stage.compareAndSet(Stage.WAITING, Stage.ADMITTED)) {
      return false;
    }
    MonoSink<Void> present = turn;
    if (present != null) {
      present.success();
    }
    return true;
  }

  private void await(MonoSink<Void> sink) {
    turn = sink;
    turns.await(this);
  }

  private enum Stage {
    /** For its turn. */
    WAITING,
    /** Its turn has come. */
    ADMITTED,
    STARTED,
    CLOSED
  }
}
