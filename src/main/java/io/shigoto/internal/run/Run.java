package io.shigoto.internal.run;

import io.shigoto.internal.job.Claimed;
import io.shigoto.internal.job.RunKey;
import io.shigoto.internal.job.Settlement;
import io.shigoto.internal.limit.Permit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * One claimed job in the hands of this node, from the claim's answer until its settlement is
 * committed.
 */
public final class Run {

  private final Claimed job;
  private final RunKey key;
  private final Permit permit;
  private final Load load;
  private final AtomicReference<@Nullable Runnable> end = new AtomicReference<>();
  private final AtomicBoolean taken = new AtomicBoolean();
  private final AtomicBoolean decided = new AtomicBoolean();
  private final AtomicReference<Stage> stage = new AtomicReference<>(Stage.UNDER_WAY);
  private volatile boolean isCut;
  private volatile boolean calledOff;
  private final HowFar howFar = new HowFar();

  Run(Claimed job, Permit permit, Load load) {
    this.job = job;
    this.load = load;
    this.permit = permit;
    this.key = RunKey.of(job);
  }

  public Claimed job() {
    return job;
  }

  public RunKey key() {
    return key;
  }

  /**
   * Takes it from where it waits for its slot: to start it, or so that it never starts. Only the
   * first who tries has it.
   */
  public boolean take() {
    return taken.compareAndSet(false, true);
  }

  /** Ends the run because its job was called off: its subscription is cancelled, then the job. */
  void callOff() {
    calledOff = true;
    cut();
  }

  /** What it has of its worker's limits. */
  public Permit permit() {
    return permit;
  }

  /** What it is part of while it is held. */
  Load load() {
    return load;
  }

  /** How far it says it is. */
  HowFar howFar() {
    return howFar;
  }

  /** Whether what it said last of how far it is stands not with the job yet. */
  public boolean hasMoreToSay() {
    return howFar.isUnwritten();
  }

  /** Ends the run: its subscription is cancelled, and the job is given back. */
  void cut() {
    isCut = true;
    Runnable present = end.getAndSet(null);
    if (present != null) {
      present.run();
    }
  }

  /** The worker is about to be called. False if it must not be: it is settled as never begun. */
  boolean begin() {
    return decided.compareAndSet(false, true);
  }

  /** Whether its worker was called, or is not to be called any more. */
  boolean isDecided() {
    return decided.get();
  }

  /** What is to be written about it when it was ended from outside. It will not begin any more. */
  Settlement settlement() {
    boolean begun = !decided.compareAndSet(false, true);
    if (calledOff) {
      return Settlement.cancelled(key, null);
    }
    return begun ? Settlement.released(key) : Settlement.released(key).asUnbegun();
  }

  /** Does that when the run is to end, and now if it is to already. To be called once. */
  void onCut(Runnable ends) {
    end.set(ends);
    if (isCut) {
      cut();
    }
  }

  /**
   * From now on it may be that the worker completes the job by itself.
   *
   * @throws IllegalStateException if the run has ended
   */
  void entrust() {
    Stage before =
        stage.getAndUpdate(now -> now == Stage.UNDER_WAY ? Stage.UNDER_WAY_ENTRUSTED : now);
    if (before == Stage.ENDED || before == Stage.ENDED_ENTRUSTED) {
      throw new IllegalStateException(
          "the run of job " + key.id() + " has ended: it is too late for completeIn");
    }
  }

  /** The worker is not listened to any more. */
  public void end() {
    stage.updateAndGet(
        now ->
            now == Stage.UNDER_WAY_ENTRUSTED || now == Stage.ENDED_ENTRUSTED
                ? Stage.ENDED_ENTRUSTED
                : Stage.ENDED);
  }

  /**
   * Whether the worker may have completed the job by itself; it is final once the run has ended.
   */
  public boolean isEntrusted() {
    Stage now = stage.get();
    return now == Stage.UNDER_WAY_ENTRUSTED || now == Stage.ENDED_ENTRUSTED;
  }

  /** Whether the worker is not listened to any more. */
  boolean hasEnded() {
    Stage now = stage.get();
    return now == Stage.ENDED || now == Stage.ENDED_ENTRUSTED;
  }

  private enum Stage {
    UNDER_WAY,
    UNDER_WAY_ENTRUSTED,
    ENDED,
    ENDED_ENTRUSTED
  }
}
