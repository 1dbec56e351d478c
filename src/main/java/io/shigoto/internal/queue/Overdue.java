package io.shigoto.internal.queue;

import java.util.ArrayDeque;
import java.util.Queue;

/**
 * Sees that jobs wait too long for a slot. Those that were claimed ahead of short runs are held up
 * when long ones come, while another node may be free for them.
 *
 * <p>It is asked again and again, and needs no time for each job: all that had come so many
 * questions ago should be gone by now. If they are not, and more wait than would be gone after
 * twice that time, they are overdue. For one thread at a time.
 */
final class Overdue {

  private final Queue<Mark> marks = new ArrayDeque<>();

  /**
   * @param come how many have ever come to wait
   * @param waiting how many of them wait now
   * @param patience how many questions ago they came at least
   */
  boolean looks(long come, int waiting, int patience) {
    Mark now = new Mark(come, come - waiting);
    marks.add(now);
    boolean isPatienceOver = marks.size() > patience;
    Mark then = now;
    while (marks.size() > patience) {
      then = marks.remove();
    }
    return isPatienceOver && now.gone < then.come && waiting > 2 * (now.gone - then.gone);
  }

  private record Mark(long come, long gone) {}
}
