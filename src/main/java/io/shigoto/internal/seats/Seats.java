package io.shigoto.internal.seats;

/** The slots of a node that one of its queues has. */
public interface Seats {

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

  /** A queue, as its seats see it. Any thread may ask it. */
  interface Owner {

    /** Whether it has work, or may have, that it could begin. */
    boolean isHungry();

    /** How many of its jobs may run at the same time, whatever the node has. */
    int width();

    /** How much of the node is for it, beside the weights of the others; from 1. */
    int weight();

    /** It got slots that stand empty. */
    void onSlots();
  }

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
