package io.shigoto.internal.wake;

import io.shigoto.internal.job.Bell;
import io.shigoto.internal.job.Events;
import io.shigoto.internal.job.News;

/** Tells whoever listens of what followed from a commit of this node. */
public final class Aftermaths implements Bell {

  private final Events events;

  public Aftermaths(Events events) {
    this.events = events;
  }

  @Override
  public void ring(News news) {
    news.aftermath().forEach(events::of);
  }
}
