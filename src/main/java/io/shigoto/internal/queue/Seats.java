package io.shigoto.internal.queue;

/** The slots of a node that one of its queues has. */
interface Seats {

  /** Of a node that limits only its queues, each by itself: there are always enough. */
  Seats ANY = new Any();

  /** How many it has that stand empty. */
  int idle();

  /** Takes one for a run, if it has one that stands empty. */
  boolean take();

  /** The run for which one was taken does not begin. */
  void untake();

  /** So many runs have ended, or there were none. */
  void freed(long runs);

  /** How many of them a claim that is under way is to fill; 0 when it has ended. */
  void reserve(long slots);

  /** The queue may need more or fewer than before. */
  void changed();

  /** The queue works from now on. */
  void join();

  /** The queue has ended; so have its runs. */
  void leave();

  /** No queue is in the way of another. */
  final class Any implements Seats {

    private Any() {}

    @Override
    public int idle() {
      return Integer.MAX_VALUE;
    }

    @Override
    public boolean take() {
      return true;
    }

    @Override
    public void untake() {}

    @Override
    public void freed(long runs) {}

    @Override
    public void reserve(long slots) {}

    @Override
    public void changed() {}

    @Override
    public void join() {}

    @Override
    public void leave() {}
  }
}
