package io.shigoto.internal.json;

import io.shigoto.broadcast.Receiver;
import io.shigoto.job.ResultDoesNotFit;
import io.shigoto.job.ResultReader;
import io.shigoto.worker.ReactiveWorker;
import io.shigoto.worker.Worker;
import java.lang.reflect.Type;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.json.JsonWriteFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JavaType;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectReader;
import tools.jackson.databind.json.JsonMapper;

/** JSON of the application's, as it goes into and comes out of the database. */
public final class Json implements ResultReader {

  // Made here, because the first reading of a type takes a lock.
  private static final ObjectReader EXACT =
      JsonMapper.builder()
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .build()
          .readerFor(JsonNode.class);

  private final JsonMapper mapper;
  private final int limit;

  /**
   * @param mapper the application's; numbers that JSON does not have are refused, whatever it says
   * @param limit how many bytes a payload may have
   */
  public Json(JsonMapper mapper, int limit) {
    this.mapper = mapper.rebuild().disable(JsonWriteFeature.WRITE_NAN_AS_STRINGS).build();
    this.limit = limit;
  }

  /**
   * Writes a value as JSON.
   *
   * @param what names the value in errors
   * @throws IllegalArgumentException if JSON or PostgreSQL cannot hold it, or if it is over the
   *     limit
   */
  public String write(String what, Object value) {
    String text;
    try {
      text = mapper.writeValueAsString(value);
    } catch (JacksonException refused) {
      throw new IllegalArgumentException(
          "%s cannot be written as JSON: %s at %s"
              .formatted(what, refused.getClass().getSimpleName(), path(refused)));
    }
    JsonText.requireStorable(what, text);
    return requireWithinLimit(what, text);
  }

  /**
   * The same JSON.
   *
   * @param what names the value in errors
   * @throws IllegalArgumentException if it is over the limit
   */
  public String requireWithinLimit(String what, String text) {
    long bytes = JsonText.bytes(text);
    if (bytes > limit) {
      throw new IllegalArgumentException(
          "%s has %d bytes as JSON; the limit is %d (maxPayload)".formatted(what, bytes, limit));
    }
    return text;
  }

  /**
   * The same text for every way of writing the same value.
   *
   * @param what names the value in errors
   * @param keys which fields of an object are taken; empty: the value as a whole
   * @throws IllegalArgumentException if it is no object that has one of these fields
   */
  public String canonical(String what, String text, Set<String> keys) {
    JsonNode value;
    try {
      value = EXACT.readValue(text);
    } catch (JacksonException refused) {
      throw new IllegalArgumentException(
          "%s cannot be compared: %s".formatted(what, refused.getClass().getSimpleName()));
    }
    StringBuilder canonical = new StringBuilder(text.length());
    if (keys.isEmpty()) {
      CanonicalJson.write(value, OwnJson.MAPPER, canonical);
    } else if (value.isObject() && keys.stream().anyMatch(value::hasNonNull)) {
      CanonicalJson.writeFields(value, keys, OwnJson.MAPPER, canonical);
    } else {
      throw new IllegalArgumentException(
          "%s must be an object with one of the fields %s by which it is unique"
              .formatted(what, new TreeSet<>(keys)));
    }
    return canonical.toString();
  }

  /**
   * Reads arguments.
   *
   * @param reader from {@link #reader}
   * @throws ArgsDoNotFit with the path of the first place that does not fit
   */
  public Object read(String text, ObjectReader reader) {
    return read(text, reader, ArgsDoNotFit::new);
  }

  /**
   * Reads what stands in a message.
   *
   * @param reader from {@link #payloadReader}
   * @throws PayloadDoesNotFit with the path of the first place that does not fit
   */
  public Object readPayload(String text, ObjectReader reader) {
    return read(text, reader, PayloadDoesNotFit::new);
  }

  private static Object read(String text, ObjectReader reader, Misfit misfit) {
    String type = reader.getValueType().getRawClass().getSimpleName();
    Object value;
    try {
      value = reader.readValue(text);
    } catch (JacksonException refused) {
      throw misfit.at(path(refused), type, refused.getClass().getSimpleName());
    }
    if (value == null) {
      throw misfit.at("$", type, "null");
    }
    return value;
  }

  @Override
  public @Nullable Object read(long job, String json, Type type) {
    JavaType wanted = mapper.getTypeFactory().constructType(type);
    try {
      return mapper.readerFor(wanted).readValue(json);
    } catch (JacksonException refused) {
      throw new ResultDoesNotFit(
          job,
          wanted.getRawClass().getSimpleName(),
          path(refused),
          refused.getClass().getSimpleName());
    }
  }

  /**
   * Reads what a worker takes. Made when a node is built, because the first reading of a type takes
   * a lock.
   */
  public ObjectReader reader(ReactiveWorker<?> worker) {
    return mapper.readerFor(
        typeArgument(
            worker,
            ReactiveWorker.class,
            "worker %s does not say what its arguments are: give the type argument of ReactiveWorker in its class, or use Worker.of(name, type, function)"
                .formatted(worker.getClass().getName())));
  }

  /** Reads what a receiver of messages takes, as {@link #reader(ReactiveWorker)}. */
  public ObjectReader payloadReader(Receiver<?> receiver) {
    return mapper.readerFor(
        typeArgument(
            receiver,
            Receiver.class,
            "receiver %s does not say what its payloads are: give the type argument of Receiver in its class, or use Receiver.of(topic, type, function)"
                .formatted(receiver.getClass().getName())));
  }

  /** What an object reads: what it says, or the type argument of its class. */
  private JavaType typeArgument(Object reading, Class<?> of, String unknown) {
    if (reading instanceof Worker.Typed typed) {
      return mapper.getTypeFactory().constructType(typed.argsType());
    }
    JavaType declared = mapper.getTypeFactory().constructType(reading.getClass()).findSuperType(of);
    if (declared == null
        || declared.containedTypeCount() == 0
        || declared.containedType(0).isJavaLangObject()) {
      throw new IllegalArgumentException(unknown);
    }
    return declared.containedType(0);
  }

  /** The error of what does not fit. */
  private interface Misfit {
    RuntimeException at(String path, String type, String why);
  }

  /** Where in the JSON it was. */
  static String path(JacksonException error) {
    StringBuilder path = new StringBuilder("$");
    for (JacksonException.Reference step : error.getPath()) {
      if (step.getPropertyName() != null) {
        path.append('.').append(step.getPropertyName());
      } else if (step.getIndex() >= 0) {
        path.append('[').append(step.getIndex()).append(']');
      }
    }
    return path.toString();
  }
}
