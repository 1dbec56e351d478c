package io.shigoto.job;

import java.util.Objects;

/** What may be the name of a queue or a worker, a tag, or a partition key. */
public final class Name {

  private static final int LONGEST = 255;
  private static final int SHOWN = 30;

  private Name() {}

  /** Refuses what is no name, or what PostgreSQL cannot hold as it is. */
  public static String require(String what, String name) {
    Objects.requireNonNull(name, what);
    if (name.isBlank() || name.length() > LONGEST || !isStorable(name)) {
      throw new IllegalArgumentException(
          "%s must have 1 to %d characters, not only blanks, none of them NUL or a lone surrogate, but is %s"
              .formatted(what, LONGEST, shown(name)));
    }
    return name;
  }

  private static boolean isStorable(String name) {
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      if (c == '\0' || Character.isLowSurrogate(c)) {
        return false;
      }
      if (Character.isHighSurrogate(c)) {
        i++;
        if (i == name.length() || !Character.isLowSurrogate(name.charAt(i))) {
          return false;
        }
      }
    }
    return true;
  }

  private static String shown(String name) {
    return name.length() <= LONGEST
        ? "'" + name + "'"
        : "'" + name.substring(0, SHOWN) + "…' of length " + name.length();
  }
}
