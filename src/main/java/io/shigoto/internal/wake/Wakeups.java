package io.shigoto.internal.wake;

import io.shigoto.internal.flow.Nudge;
import io.shigoto.internal.job.Bell;
import io.shigoto.internal.job.News;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Where all reasons to look meet: one nudge per queue of this node, one for runs that are to end,
 * and the alarm for what is due later.
 */
public final class Wakeups implements Bell {

  private final Map<String, Nudge> queues = new ConcurrentHashMap<>();
  private final Map<String, Nudge> cancels = new ConcurrentHashMap<>();
  private final Nudge looseEnds = new Nudge();
  private final Nudge untold = new Nudge();
  private final Alarm alarm;

  public Wakeups(Alarm alarm) {
    this.alarm = alarm;
  }

  /** Goes off when the soonest job that anybody told of is due. */
  public Alarm alarm() {
    return alarm;
  }

  /** Given when a commit has left loose ends for a node to see to. */
  public Nudge looseEnds() {
    return looseEnds;
  }

  /** Given when workers of this node are to be told of jobs that were discarded. */
  public Nudge untold() {
    return untold;
  }

  /** The nudge of a queue that this node serves. */
  public Nudge of(String queue) {
    return queues.computeIfAbsent(queue, name -> new Nudge());
  }

  /** This node serves a queue no more. */
  public void forget(String queue) {
    queues.remove(queue);
  }

  /** Looks at one queue, if this node serves it. */
  public void queue(String queue) {
    Nudge nudge = queues.get(queue);
    if (nudge != null) {
      nudge.give();
    }
  }

  /** The nudge of an incarnation of this node to end runs whose jobs were called off. */
  public Nudge cancelsOf(String incarnation) {
    return cancels.computeIfAbsent(incarnation, id -> new Nudge());
  }

  /** That incarnation is over. */
  public void over(String incarnation) {
    cancels.remove(incarnation);
  }

  @Override
  public void everything() {
    queues.values().forEach(Nudge::give);
    cancels.values().forEach(Nudge::give);
    alarm.in(0);
  }

  @Override
  public void ring(News news) {
    news.queues().forEach(this::queue);
    if (news.dueIn() >= 0) {
      alarm.in(news.dueIn());
    }
    news.cancelling().forEach(this::cancel);
  }

  private void cancel(String incarnation) {
    Nudge nudge = cancels.get(incarnation);
    if (nudge != null) {
      nudge.give();
    }
  }
}
