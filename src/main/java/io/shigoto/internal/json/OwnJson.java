package io.shigoto.internal.json;

import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.ObjectReader;
import tools.jackson.databind.json.JsonMapper;

/**
 * JSON of the library's own: what stands in the columns {@code meta} and {@code errors}, and what
 * statements are told. The application's mapper has no part in it.
 */
public final class OwnJson {

  static final JsonMapper MAPPER = JsonMapper.builder().build();

  // Made here, because the first reading of a type takes a lock.
  private static final ObjectReader TEXTS =
      MAPPER.readerFor(new TypeReference<Map<String, String>>() {});
  private static final ObjectReader OBJECTS =
      MAPPER.readerFor(new TypeReference<List<Map<String, Object>>>() {});

  private OwnJson() {}

  /** Writes a record of the library's own, whose strings are known to be storable. No limit. */
  public static String write(Record value) {
    return MAPPER.writeValueAsString(value);
  }

  /**
   * Reads the meta of a job: an object whose values are strings.
   *
   * @throws UnreadableJob if it is something else
   */
  public static Map<String, String> readMeta(long job, String text) {
    Map<String, String> meta = readColumn(job, "meta", () -> TEXTS.readValue(text));
    if (meta.containsValue(null)) {
      throw new UnreadableJob(job, "meta", "$", "null");
    }
    return meta;
  }

  /**
   * Reads the errors of a job: a list of objects.
   *
   * @throws UnreadableJob if it is something else
   */
  public static List<Map<String, Object>> readErrors(long job, String text) {
    return readColumn(job, "errors", () -> readObjects(text));
  }

  /** Reads a list of objects of the library's own. */
  public static List<Map<String, Object>> readObjects(String text) {
    return OBJECTS.readValue(text);
  }

  private static <T> T readColumn(long job, String column, Supplier<@Nullable T> read) {
    @Nullable T value;
    try {
      value = read.get();
    } catch (JacksonException refused) {
      throw new UnreadableJob(job, column, Json.path(refused), refused.getClass().getSimpleName());
    }
    if (value == null) {
      throw new UnreadableJob(job, column, "$", "null");
    }
    return value;
  }
}
