package io.shigoto.internal.known;

import io.shigoto.job.Name;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What somebody says of itself when a node is built, null too. What makes no sense is refused by
 * who says it, what it is, and its value.
 *
 * @param who with what stands before the thing, such as {@code worker 'mail': }
 */
record Asked(String who) {

  /** A value that is there and for which the rule holds. */
  <T> T require(String what, String rule, @Nullable T value, Predicate<T> holds) {
    if (value == null || !holds.test(value)) {
      throw new IllegalArgumentException(
          "%s%s must be %s, but is %s".formatted(who, what, rule, value));
    }
    return value;
  }

  /** A number of things. */
  int atLeastOne(String what, int number) {
    return require(what, "at least 1", number, many -> many >= 1);
  }

  /** A name as a queue or a tag may have it. */
  String name(String what, @Nullable String name) {
    return Name.require(who + what, require(what, "a name", name, given -> true));
  }

  /** Any number of names, in their order. */
  Set<String> names(String what, @Nullable Collection<String> names) {
    Set<String> checked = new LinkedHashSet<>();
    require(what, "a set of names", names, given -> true)
        .forEach(name -> checked.add(name("one of " + what, name)));
    return checked;
  }
}
