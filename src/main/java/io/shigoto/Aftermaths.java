package io.shigoto;

import io.shigoto.event.JobEvent;
import io.shigoto.internal.job.Aftermath;
import io.shigoto.internal.job.Bell;
import io.shigoto.internal.job.Events;
import io.shigoto.internal.job.News;
import io.shigoto.internal.run.Discards;

/** Tells whoever listens, and the workers, of what followed from a commit of this node. */
final class Aftermaths implements Bell {

  private final Events events;
  private final Discards discards;

  Aftermaths(Events events, Discards discards) {
    this.events = events;
    this.discards = discards;
  }

  @Override
  public void ring(News news) {
    news.aftermath().forEach(this::tell);
  }

  private void tell(Aftermath what) {
    events.of(what);
    if (what.kind() == JobEvent.Kind.DISCARDED) {
      discards.add(what.run());
    }
  }
}
