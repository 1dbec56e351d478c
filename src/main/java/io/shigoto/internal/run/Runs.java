package io.shigoto.internal.run;

import io.shigoto.internal.job.Claimed;
import io.shigoto.internal.limit.Permit;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Scheduler;

/**
 * Everything that one incarnation of a node holds: waiting for a slot, running, or waiting to be
 * settled.
 */
public final class Runs {

  private final Map<Long, Run> byId = new ConcurrentHashMap<>();
  private final Sinks.Empty<Void> cut = Sinks.empty();
  private final Scheduler aside;
  private volatile boolean ended;

  /**
   * @param aside where runs are ended: what workers do on cancel is their code, and whoever ends
   *     runs waits for none of it
   */
  public Runs(Scheduler aside) {
    this.aside = aside;
  }

  /** Takes in a job that was just claimed; the answer to a claim may come after all were ended. */
  public Run hold(Claimed job, Permit permit, Load load) {
    Run run = new Run(job, permit, load);
    load.add(job.weight());
    byId.put(job.id(), run);
    if (ended) {
      run.cut();
    }
    return run;
  }

  /**
   * Lets go of a run that is settled, once. A later claim of the same job is another run, and
   * stays.
   */
  public void letGo(Run run) {
    run.permit().close();
    byId.remove(run.key().id(), run);
    run.load().remove(run.job().weight());
  }

  /** Lets go of all that are left: nobody is there any more to settle them. */
  public void letGoOfAll() {
    byId.values().forEach(this::letGo);
  }

  /** This very run, or null if it is not held. */
  public @Nullable Run find(long id, long lease) {
    Run run = byId.get(id);
    return run != null && run.key().lease() == lease ? run : null;
  }

  /** Whether this very run is held. */
  public boolean holds(long id, long lease) {
    return find(id, lease) != null;
  }

  /** How many are held. */
  public int size() {
    return byId.size();
  }

  /** Ends all runs that are still under way, and those that come later. */
  public void cutAll() {
    ended = true;
    cut.tryEmitEmpty();
    byId.values().forEach(this::cut);
  }

  /** Ends the runs of one queue. */
  public void cut(String queue) {
    byId.values().stream().filter(run -> run.key().queue().equals(queue)).forEach(this::cut);
  }

  /** Ends a run whose job was called off: its subscription is cancelled, then the job. */
  public void callOff(Run run) {
    aside.schedule(run::callOff);
  }

  private void cut(Run run) {
    aside.schedule(run::cut);
  }

  /** Completes when all runs are ended. */
  public Mono<Void> whenCut() {
    return cut.asMono();
  }
}
