package io.shigoto.internal.postgres;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Columns of arrays, whoever wrote them: what they are read with must not fail, because the row
 * comes with others that have nothing to do with it.
 */
public final class Columns {

  private Columns() {}

  /** Each value once, in their order; none for NULL. */
  public static <T> Set<T> set(@Nullable T @Nullable [] column) {
    if (column == null || column.length == 0) {
      return Set.of();
    }
    Set<T> values = new LinkedHashSet<>();
    for (@Nullable T value : column) {
      if (value != null) {
        values.add(value);
      }
    }
    return Collections.unmodifiableSet(values);
  }

  /** The values in their order; none for NULL. */
  public static <T> List<T> list(@Nullable T @Nullable [] column) {
    if (column == null || column.length == 0) {
      return List.of();
    }
    List<T> values = new ArrayList<>(column.length);
    for (@Nullable T value : column) {
      if (value != null) {
        values.add(value);
      }
    }
    return Collections.unmodifiableList(values);
  }
}
