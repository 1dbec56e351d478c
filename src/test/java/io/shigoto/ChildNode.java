package io.shigoto;

import io.r2dbc.spi.ConnectionFactoryOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A node in a JVM of its own, for what only signals can do to a process. */
final class ChildNode {

  static final String NAME = "child";
  static final Duration LEASE = Duration.ofSeconds(2);

  /** How long a test waits for what comes after its start: a JVM needs much of a busy machine. */
  static final Duration LIMIT = Nodes.LIMIT.multipliedBy(4);

  private final Process process;

  private ChildNode(Process process) {
    this.process = process;
  }

  static ChildNode start(
      ConnectionFactoryOptions server, String role, Map<String, String> environment) {
    String url =
        "r2dbc:postgresql://%s:%s@%s:%s/%s?sslMode=disable"
            .formatted(
                server.getRequiredValue(ConnectionFactoryOptions.USER),
                server.getRequiredValue(ConnectionFactoryOptions.PASSWORD),
                server.getRequiredValue(ConnectionFactoryOptions.HOST),
                server.getRequiredValue(ConnectionFactoryOptions.PORT),
                server.getRequiredValue(ConnectionFactoryOptions.DATABASE));
    ProcessBuilder java =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx128m",
            "-XX:TieredStopAtLevel=1",
            "-cp",
            System.getProperty("java.class.path"),
            NodeInAnotherJvm.class.getName(),
            url,
            role);
    java.environment().putAll(environment);
    java.redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD);
    try {
      return new ChildNode(java.start());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The process no longer gets any time, as in a long pause of the machine. */
  void freeze() {
    signal("-STOP");
  }

  /** Ends {@link #freeze()}. */
  void thaw() {
    signal("-CONT");
  }

  /** Ends the process with signal 9; returns when it is gone. */
  void kill() {
    process.destroyForcibly();
    awaitEnd();
  }

  /** Returns when the process has ended. */
  void awaitEnd() {
    try {
      if (!process.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS)) {
        throw new AssertionError("the node in another JVM still lives");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError("interrupted", e);
    }
  }

  private void signal(String signal) {
    try {
      Process kill = new ProcessBuilder("kill", signal, Long.toString(process.pid())).start();
      if (kill.waitFor() != 0) {
        throw new AssertionError("kill " + signal + " failed");
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError("interrupted", e);
    }
  }
}
