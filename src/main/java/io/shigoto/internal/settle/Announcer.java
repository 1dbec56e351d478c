package io.shigoto.internal.settle;

import io.shigoto.event.JobEvent;
import io.shigoto.internal.job.Bell;
import io.shigoto.internal.job.News;
import io.shigoto.internal.job.RunKey;
import io.shigoto.internal.job.Settlement;
import io.shigoto.internal.known.Workers;
import io.shigoto.job.JobState;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Tells after their commit what settlements changed for those who wait. */
public final class Announcer {

  private final Bell bell;
  private final Workers workers;

  /**
   * @param workers the end of a run is told if its worker has limits of the cluster; of a run that
   *     was rescued always, because its worker may be one that only other nodes know
   */
  public Announcer(Bell bell, Workers workers) {
    this.bell = bell;
    this.workers = workers;
  }

  /**
   * They are written, or their runs had lost their leases.
   *
   * @param follows what follows for others
   */
  void written(News follows, List<Settlement> settlements) {
    Set<String> freed = new HashSet<>();
    for (Settlement settlement : settlements) {
      String worker = settlement.run().worker();
      if (settlement.kind() == JobEvent.Kind.RESCUED || workers.isClusterWide(worker)) {
        freed.add(worker);
      }
    }
    News news = freed.isEmpty() ? follows : follows.and(News.freed(freed));
    if (!news.isNone()) {
      bell.ring(news);
    }
  }

  /** A run is over by a commit of its worker's. */
  void over(RunKey run) {
    if (workers.isClusterWide(run.worker())) {
      bell.ring(News.freed(Set.of(run.worker())));
    }
  }

  /** Their jobs are to be run again. */
  void becameDue(List<Settlement> settlements) {
    Set<String> queues = new HashSet<>();
    long soonest = -1;
    for (Settlement settlement : settlements) {
      if (settlement.to() == JobState.AVAILABLE) {
        queues.add(settlement.run().queue());
      } else if (settlement.dueIn() != null) {
        long dueIn = settlement.dueIn().toMillis();
        soonest = soonest < 0 ? dueIn : Math.min(soonest, dueIn);
      }
    }
    if (!queues.isEmpty() || soonest >= 0) {
      bell.ring(new News(queues, soonest, Set.of()));
    }
  }
}
