package io.shigoto.internal.context;

import io.shigoto.internal.json.Json;
import io.shigoto.job.ContextEntry;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import reactor.util.context.Context;
import reactor.util.context.ContextView;

/**
 * Takes entries of a Context as texts, and puts them into another one: the trace context, and what
 * the application has chosen.
 */
public final class Propagation {

  private final List<? extends ContextEntry<?>> chosen;
  private final Json json;
  private final ThreadLocals threadLocals = ThreadLocals.find();

  /**
   * @param chosen by the application; no name twice, and none of the trace context's
   */
  public Propagation(List<? extends ContextEntry<?>> chosen, Json json) {
    this.chosen = List.copyOf(chosen);
    this.json = json;
  }

  /** Whether these entries travel by themselves. */
  public static boolean isOfTrace(String name) {
    return name.equals(TraceParent.KEY) || name.equals(TraceState.KEY);
  }

  /**
   * What travels from here, as fields of a JSON object: {@code "a":"b","c":"d"}; null if nothing.
   *
   * @throws IllegalArgumentException if an entry cannot be written; it names the entry and not what
   *     it says
   */
  public @Nullable String fields(ContextView caller) {
    StringBuilder fields = new StringBuilder();
    Object parent = find(TraceParent.KEY, caller);
    if (parent instanceof String text && TraceParent.isValid(text)) {
      add(fields, TraceParent.KEY, text);
      if (find(TraceState.KEY, caller) instanceof String state && TraceState.isValid(state)) {
        add(fields, TraceState.KEY, state);
      }
    }
    for (ContextEntry<?> entry : chosen) {
      Object value = find(entry.key(), caller);
      if (value != null) {
        add(fields, entry.name(), written(entry, value));
      }
    }
    return fields.isEmpty() ? null : fields.toString();
  }

  private @Nullable Object find(Object key, ContextView caller) {
    Object value = caller.getOrDefault(key, null);
    return value != null ? value : threadLocals.get(key);
  }

  private void add(StringBuilder fields, String name, String text) {
    String what = "Context entry '" + name + "'";
    fields
        .append(fields.isEmpty() ? "" : ",")
        .append(json.write(what, ContextEntry.PREFIX + name))
        .append(':')
        .append(json.write(what, text));
  }

  @SuppressWarnings("unchecked") // what is of another type fails in the cast and is told
  private static String written(ContextEntry<?> entry, Object value) {
    String text;
    try {
      text = ((ContextEntry<Object>) entry).write().apply(value);
    } catch (RuntimeException refused) {
      throw refused(entry, "cannot be written: " + refused.getClass().getSimpleName());
    }
    if (text == null) {
      throw refused(entry, "is written as null");
    }
    if (text.length() > ContextEntry.LONGEST) {
      throw refused(
          entry,
          "has %d characters; the limit is %d".formatted(text.length(), ContextEntry.LONGEST));
    }
    return text;
  }

  private static IllegalArgumentException refused(ContextEntry<?> entry, String why) {
    return new IllegalArgumentException("Context entry '%s' %s".formatted(entry.name(), why));
  }

  /**
   * What has travelled in the meta of a job; entries that are not known here are left out.
   *
   * @throws ContextDoesNotFit if one cannot be read
   */
  public Context read(Map<String, String> meta) {
    return read(meta, false);
  }

  /** As {@link #read}; what cannot be read is left out. */
  public Context readWhatFits(Map<String, String> meta) {
    return read(meta, true);
  }

  private Context read(Map<String, String> meta, boolean lenient) {
    if (meta.isEmpty()) {
      return Context.empty();
    }
    Context found = trace(meta);
    for (ContextEntry<?> entry : chosen) {
      String text = meta.get(ContextEntry.PREFIX + entry.name());
      Object value = text == null ? null : value(entry, text, lenient);
      found = value == null ? found : found.put(entry.key(), value);
    }
    return found;
  }

  private static Context trace(Map<String, String> meta) {
    String parent = meta.get(ContextEntry.PREFIX + TraceParent.KEY);
    if (parent == null || !TraceParent.isValid(parent)) {
      return Context.empty();
    }
    Context found = Context.of(TraceParent.KEY, parent);
    String state = meta.get(ContextEntry.PREFIX + TraceState.KEY);
    return state == null || !TraceState.isValid(state) ? found : found.put(TraceState.KEY, state);
  }

  private static @Nullable Object value(ContextEntry<?> entry, String text, boolean lenient) {
    Object value = null;
    String why = "it is read as null";
    try {
      value = entry.read().apply(text);
    } catch (RuntimeException refused) {
      why = refused.getClass().getSimpleName();
    }
    if (value == null && !lenient) {
      throw new ContextDoesNotFit(entry.name(), why);
    }
    return value;
  }
}
