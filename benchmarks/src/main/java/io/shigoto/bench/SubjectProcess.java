package io.shigoto.bench;

import io.shigoto.bench.subject.Order;
import io.shigoto.bench.subject.SubjectMain;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The JVM of a subject, seen from the orchestrator. */
final class SubjectProcess implements AutoCloseable {

  private static final JsonMapper JSON = JsonMapper.builder().build();
  private static final Pattern WARNING = Pattern.compile(" (WARN|ERROR) ");

  private final String name;
  private final Process process;
  private final Writer orders;
  private final BlockingQueue<JsonNode> answers = new LinkedBlockingQueue<>();
  private final Map<String, JsonNode> early = new HashMap<>();

  private SubjectProcess(String name, Process process) {
    this.name = name;
    this.process = process;
    this.orders = process.outputWriter(StandardCharsets.UTF_8);
    Thread reader = new Thread(this::read, "answers-of-" + name);
    reader.setDaemon(true);
    reader.start();
  }

  /**
   * Starts the JVM of a subject.
   *
   * @param name the subject's, and after a # what tells it from others of the same subject
   */
  static SubjectProcess start(String name, List<String> jvmOptions) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(jvmOptions);
    command.add("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn");
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    command.add(SubjectMain.class.getName());
    command.add(name.replaceAll("#.*", "").replace("-256m", ""));
    try {
      return new SubjectProcess(
          name,
          new ProcessBuilder(command)
              .redirectError(ProcessBuilder.Redirect.to(log(name).toFile()))
              .start());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Where the subject's own log goes. */
  private static Path log(String name) throws IOException {
    Path directory = Path.of(System.getProperty("shigoto.bench.logs", "target/logs"));
    Files.createDirectories(directory);
    return directory.resolve(name + ".log");
  }

  /** Sends an order and waits until it is begun. */
  void begin(Order order) {
    early.clear();
    send(order);
    await("begun", Duration.ofMinutes(2));
  }

  /** Ends what was begun, and returns what the subject tells of it. */
  JsonNode stop() {
    send(Order.stop());
    return await("stopped", Duration.ofMinutes(2));
  }

  void send(Order order) {
    try {
      orders.write(JSON.writeValueAsString(order) + "\n");
      orders.flush();
    } catch (IOException e) {
      throw new UncheckedIOException(name + " does not listen", e);
    }
  }

  /** Waits for an answer of this kind; others keep. */
  JsonNode await(String event, Duration limit) {
    long deadline = System.nanoTime() + limit.toNanos();
    JsonNode kept = early.remove(event);
    try {
      while (kept == null) {
        JsonNode answer =
            answers.poll(Math.max(1, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
        if (answer == null) {
          throw new IllegalStateException(name + " did not answer '" + event + "' in " + limit);
        }
        String told = answer.path("event").asString();
        if (told.equals("gone")) {
          throw new IllegalStateException(name + " has ended, see its log");
        }
        if (told.equals(event)) {
          return answer;
        }
        early.put(told, answer);
      }
      return kept;
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private void read() {
    try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (line.startsWith(SubjectMain.MARK)) {
          answers.add(JSON.readTree(line.substring(SubjectMain.MARK.length())));
        } else {
          System.err.println(name + ": " + line);
        }
      }
    } catch (IOException e) {
      System.err.println(name + " cannot be read: " + e);
    }
    answers.add(JSON.createObjectNode().put("event", "gone"));
  }

  private void tellOfWarnings() {
    try (Stream<String> lines = Files.lines(log(name))) {
      long warnings = lines.filter(line -> WARNING.matcher(line).find()).count();
      if (warnings > 0) {
        System.err.println(name + " logged " + warnings + " warnings, see " + log(name));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    try {
      orders.close();
      if (!process.waitFor(5, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (IOException | InterruptedException e) {
      process.destroyForcibly();
    }
    tellOfWarnings();
  }
}
