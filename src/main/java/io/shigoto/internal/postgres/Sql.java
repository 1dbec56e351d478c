package io.shigoto.internal.postgres;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;

/**
 * A statement from {@code io/shigoto/sql}, for one schema.
 *
 * @param name the file's name without its ending, for logs
 * @param text what is sent: without its comments, and with the schema's real name
 */
public record Sql(String name, String text) {

  private static final Pattern COMMENT = Pattern.compile("(?m)^\\s*--.*\\R?");

  /** Loads {@code name.sql}. */
  public static Sql load(String name, String schema) {
    return new Sql(name, read(name + ".sql", schema));
  }

  /**
   * The same statement with a word put in for {@code {key}}: for DDL, which takes no parameters.
   */
  public Sql with(String key, String word) {
    return new Sql(name, text.replace("{" + key + "}", word));
  }

  static String read(String file, String schema) {
    try (InputStream in = Sql.class.getResourceAsStream("/io/shigoto/sql/" + file)) {
      if (in == null) {
        throw new IllegalStateException("missing from the jar: io/shigoto/sql/" + file);
      }
      String stored = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      return COMMENT
          .matcher(stored)
          .replaceAll("")
          .replace("shigoto.", schema + ".")
          .replace("'shigoto'", "'" + schema + "'")
          .strip();
    } catch (IOException unreadable) {
      throw new UncheckedIOException(unreadable);
    }
  }
}
