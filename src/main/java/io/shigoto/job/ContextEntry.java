package io.shigoto.job;

import java.util.Objects;
import java.util.function.Function;

/**
 * An entry of the Reactor Context that travels with jobs: it is written as text when a job is
 * enqueued, and read when it runs. Its text form leaves out what it says.
 *
 * @param key under which it stands in the Context, here and there
 * @param name under which it stands in the job's meta, behind {@link #PREFIX}; 1 to 255 characters
 * @param write makes a text of it; what it throws fails the enqueue
 * @param read makes it of the text; what it throws fails the run
 */
public record ContextEntry<T>(
    Object key,
    String name,
    Function<? super T, String> write,
    Function<String, ? extends T> read) {

  /** With what the names of such entries begin in the meta of a job. */
  public static final String PREFIX = "shigoto.context.";

  /** How many characters its text may have. */
  public static final int LONGEST = 4096;

  public ContextEntry {
    Objects.requireNonNull(key, "key");
    Name.require("the name of a Context entry", name);
    Objects.requireNonNull(write, "write");
    Objects.requireNonNull(read, "read");
  }

  /** A text under a key that is its name. */
  public static ContextEntry<String> of(String key) {
    return new ContextEntry<>(key, key, text -> text, text -> text);
  }

  /** Anything that can be written as text. */
  public static <T> ContextEntry<T> of(
      Object key,
      String name,
      Function<? super T, String> write,
      Function<String, ? extends T> read) {
    return new ContextEntry<>(key, name, write, read);
  }

  @Override
  public String toString() {
    return "ContextEntry[" + name + "]";
  }
}
