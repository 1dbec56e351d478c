package io.shigoto.internal.postgres;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.regex.Pattern;

/**
 * A statement from {@code io/shigoto/sql}, for one schema.
 *
 * @param name the file's name without its ending, for logs
 * @param text what is sent: without its comments, and with the schema's real name
 */
public record Sql(String name, String text) {

  private static final Pattern SCHEMA_NAME = Pattern.compile("[a-z_][a-z0-9_]{0,49}");
  private static final Pattern COMMENT = Pattern.compile("(?m)^\\s*--.*\\R?");

  /** Loads {@code name.sql}. */
  public static Sql load(String name, String schema) {
    return new Sql(name, read(name + ".sql", schema));
  }

  /**
   * The same statement with a word put in for {@code {key}}: for DDL, which takes no parameters.
   */
  Sql with(String key, String word) {
    return new Sql(name, text.replace("{" + key + "}", word));
  }

  /** Refuses what cannot stand as a schema's name without quotes. */
  public static String requireSchema(String schema) {
    Objects.requireNonNull(schema, "schema");
    if (!SCHEMA_NAME.matcher(schema).matches()) {
      throw new IllegalArgumentException(
          "schema must match "
              + SCHEMA_NAME
              + ": lower case letters, digits and _, at most 50, but is '"
              + schema
              + "'");
    }
    return schema;
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
