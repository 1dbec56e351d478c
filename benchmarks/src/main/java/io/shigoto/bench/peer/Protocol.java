package io.shigoto.bench.peer;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/**
 * How a harness for queues in any language talks to one of them: an action and options on the
 * command line, JSON objects out, the words {@code go} and {@code stop} in.
 */
final class Protocol {

  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final PrintStream out = System.out;
  private final BufferedReader in =
      new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
  private final String action;
  private final Map<String, String> options = new HashMap<>();

  Protocol(String[] arguments) {
    action = arguments[0];
    for (int i = 1; i + 1 < arguments.length; i += 2) {
      options.put(arguments[i].substring(2), arguments[i + 1]);
    }
  }

  String action() {
    return action;
  }

  /** The database, as the driver wants it. */
  String url() {
    return "r2dbc:" + text("url").replaceFirst("^postgres://", "postgresql://");
  }

  int number(String option) {
    return Integer.parseInt(text(option));
  }

  int number(String option, int otherwise) {
    return has(option) ? number(option) : otherwise;
  }

  boolean has(String option) {
    return options.containsKey(option);
  }

  private String text(String option) {
    String value = options.get(option);
    if (value == null) {
      throw new IllegalArgumentException("--" + option + " is missing");
    }
    return value;
  }

  /** Says that something happened; pairs of name and value. */
  synchronized void say(String event, Object... pairs) {
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("ev", event);
    for (int i = 0; i < pairs.length; i += 2) {
      line.put((String) pairs[i], pairs[i + 1]);
    }
    out.println(JSON.writeValueAsString(line));
    out.flush();
  }

  /** Waits for the next word, which must be this one. */
  void hear(String word) throws IOException {
    String line = in.readLine();
    if (line == null || !line.strip().equals(word)) {
      throw new IllegalStateException("expected '" + word + "', heard '" + line + "'");
    }
  }
}
