package io.shigoto.internal.permit;

import io.shigoto.internal.job.Brought;
import io.shigoto.internal.job.Claimed;
import io.shigoto.internal.job.Jobs;
import io.shigoto.internal.limit.Permit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A queue with a backlog of each worker, in virtual time: what QueuePipeline does, without SQL. */
final class SimulatedQueue {

  private final SimulatedNode node;
  private final Lane lane;
  private final long claimMicros;
  private final Map<String, Integer> backlog = new HashMap<>();
  private int free;
  private boolean claiming;
  int claims;
  int emptyClaims;

  SimulatedQueue(SimulatedNode node, Allowances allowances, int slots, long claimMicros) {
    this.node = node;
    this.free = slots;
    this.claimMicros = claimMicros;
    this.lane = allowances.lane(this::look);
  }

  void enqueue(String worker, int jobs) {
    backlog.merge(worker, jobs, Integer::sum);
    lane.news();
    look();
  }

  int left(String worker) {
    return backlog.getOrDefault(worker, 0);
  }

  int free() {
    return free;
  }

  private void look() {
    if (claiming || free == 0 || !lane.isReady()) {
      return;
    }
    Portion portion = lane.portion(free, free);
    if (portion.isEmpty()) {
      if (lane.isReady()) {
        look();
      }
      return;
    }
    claiming = true;
    claims++;
    int limit = free;
    long took = node.some(claimMicros);
    node.after(took, () -> answer(portion, limit, took));
  }

  private void answer(Portion portion, int limit, long took) {
    List<Claimed> jobs = new ArrayList<>();
    String[] workers = portion.workers();
    for (int i = 0; i < workers.length; i++) {
      int wanted = Math.min(portion.allowances()[i], limit - jobs.size());
      int got = Math.min(wanted, left(workers[i]));
      backlog.merge(workers[i], -got, Integer::sum);
      for (int job = 0; job < got; job++) {
        jobs.add(Jobs.claimed(jobs.size(), workers[i]));
      }
    }
    emptyClaims += jobs.isEmpty() ? 1 : 0;
    List<Permit> permits = portion.took(Brought.plain(jobs, false), took * 1000);
    free -= jobs.size();
    for (int i = 0; i < jobs.size(); i++) {
      node.run(
          jobs.get(i).worker(),
          permits.get(i),
          () -> {
            free++;
            look();
          });
    }
    claiming = false;
    look();
  }
}
