package io.shigoto.internal.job;

import io.shigoto.event.JobEvent;
import java.util.Locale;

/**
 * What happened to others by the end of jobs, for the node to tell that committed it. It comes out
 * of the database as a message, the letter {@code e} and words, of which the last two, the queue
 * and the worker, may contain anything: how long the first of them is stands before it.
 *
 * @param kind the event that tells of it
 * @param run the job; it was not running, so there is no claim
 * @param count how many jobs it is about, or 0
 * @param detail why, or the id of what is meant
 */
public record Aftermath(JobEvent.Kind kind, RunKey run, long count, String detail) {

  private static final int WORDS = 7;

  /**
   * What such a message says.
   *
   * @throws RuntimeException if it is none
   */
  static Aftermath of(String message) {
    String[] words = message.substring(1).split(" ", WORDS);
    String names = words[WORDS - 1];
    int space = names.indexOf(' ');
    String last = names.substring(space + 1);
    int end = last.offsetByCodePoints(0, Integer.parseInt(names.substring(0, space)));
    RunKey run =
        new RunKey(
            Long.parseLong(words[1]),
            0,
            last.substring(0, end),
            last.substring(end),
            Integer.parseInt(words[2]),
            Integer.parseInt(words[3]));
    return new Aftermath(
        JobEvent.Kind.valueOf(words[0].toUpperCase(Locale.ROOT)),
        run,
        Long.parseLong(words[4]),
        words[5]);
  }
}
