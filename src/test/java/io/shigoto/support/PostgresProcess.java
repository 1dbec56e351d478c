package io.shigoto.support;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The processes and the data directory of one embedded PostgreSQL.
 *
 * <p>A watching shell holds the read end of a pipe to this JVM. When the JVM is gone, even by
 * signal 9, the shell reads the end of the pipe, stops the server and deletes the data.
 */
final class PostgresProcess implements AutoCloseable {

  private static final Duration LIMIT = Duration.ofSeconds(60);

  private static final Map<String, String> SETTINGS =
      Map.of(
          "max_connections", "300",
          "shared_buffers", "256MB",
          "max_wal_size", "2GB",
          "timezone", "UTC",
          "unix_socket_directories", "");

  /** The line of {@code postmaster.pid} that tells the state of the server. */
  private static final int STATUS_LINE = 7;

  private static final String WATCH =
      """
      trap '' INT TERM HUP
      cat > /dev/null
      test -f "$1/data/postmaster.pid" && kill -QUIT "$(head -n 1 "$1/data/postmaster.pid")"
      sleep 1
      rm -rf "$1"
      """;

  private final Path binaries;
  private final PostgresUser user;
  private final Path directory;
  private final int port;
  private final Process watcher;
  private @Nullable Process postmaster;

  private PostgresProcess(Path binaries, PostgresUser user, Path directory) throws IOException {
    this.binaries = binaries;
    this.user = user;
    this.directory = directory;
    this.port = FreePort.find();
    this.watcher =
        new ProcessBuilder("sh", "-c", WATCH, "watch", directory.toString())
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
  }

  /** Makes the data directory of a server that does not run yet. */
  static PostgresProcess create(
      String address,
      String superuser,
      Map<String, String> settings,
      Map<String, String> moreSettings) {
    try {
      Path directory = Files.createTempDirectory("shigoto-data");
      PostgresUser user = PostgresUser.find();
      user.own(directory);
      PostgresProcess process = new PostgresProcess(PostgresBinaries.directory(), user, directory);
      process.initialise(superuser);
      Map<String, String> all = new HashMap<>(SETTINGS);
      all.putAll(settings);
      all.putAll(moreSettings);
      all.put("listen_addresses", address);
      all.put("port", Integer.toString(process.port));
      process.configure(all);
      return process;
    } catch (IOException e) {
      throw new UncheckedIOException("PostgreSQL could not be set up", e);
    }
  }

  int port() {
    return port;
  }

  /** Returns when the server accepts connections. */
  synchronized void start() {
    if (postmaster != null) {
      throw new IllegalStateException("PostgreSQL on port " + port + " runs already");
    }
    try {
      Process started =
          new ProcessBuilder(command("postgres", "-D", data().toString()))
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.appendTo(logFile().toFile()))
              .start();
      postmaster = started;
      Await.until("PostgreSQL on port " + port + " is ready", LIMIT, () -> isUp(started));
    } catch (IOException e) {
      throw new UncheckedIOException("PostgreSQL could not be started", e);
    }
    if (!postmaster.isAlive()) {
      postmaster = null;
      throw new IllegalStateException("PostgreSQL did not start:\n" + log());
    }
  }

  /** Stops the server in a mode of {@code pg_ctl}: {@code fast} or {@code immediate}. */
  synchronized void stop(String mode) {
    Process running = running();
    try {
      Programs.run(command("pg_ctl", "stop", "-w", "-m", mode, "-D", data().toString()));
    } catch (IOException e) {
      throw new UncheckedIOException("PostgreSQL could not be stopped", e);
    }
    running.onExit().join();
    postmaster = null;
  }

  /** Kills the postmaster first, lest it notices the death of its children and recovers. */
  synchronized void kill() {
    Process running = running();
    List<ProcessHandle> backends = running.descendants().toList();
    running.destroyForcibly();
    backends.forEach(ProcessHandle::destroyForcibly);
    running.onExit().join();
    Await.until(
        "the backends of PostgreSQL are dead",
        LIMIT,
        () -> backends.stream().noneMatch(PostgresProcess::isRunning));
    postmaster = null;
  }

  String log() {
    try {
      return Files.readString(logFile(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException("the log of PostgreSQL cannot be read", e);
    }
  }

  @Override
  public synchronized void close() {
    if (postmaster != null) {
      stop("immediate");
    }
    watcher.destroyForcibly();
    try {
      Trees.delete(directory);
    } catch (IOException e) {
      throw new UncheckedIOException("the data of PostgreSQL could not be deleted", e);
    }
  }

  private void initialise(String superuser) throws IOException {
    Programs.run(
        command(
            "initdb",
            "--no-sync",
            "--no-instructions",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "--username=" + superuser,
            "--pgdata=" + data()));
  }

  private void configure(Map<String, String> settings) throws IOException {
    StringBuilder lines = new StringBuilder();
    settings.forEach(
        (name, value) ->
            lines.append(name).append(" = '").append(value.replace("'", "''")).append("'\n"));
    Files.writeString(data().resolve("postgresql.auto.conf"), lines);
  }

  /** Also true for a server that ended, so that nobody waits for one that could not start. */
  private boolean isUp(Process started) throws IOException {
    if (!started.isAlive()) {
      return true;
    }
    Path pidFile = data().resolve("postmaster.pid");
    if (!Files.exists(pidFile)) {
      return false;
    }
    List<String> lines;
    try (Stream<String> all = Files.lines(pidFile)) {
      lines = all.map(String::strip).toList();
    }
    // After a crash the file of the dead server is still there.
    return lines.size() > STATUS_LINE
        && lines.get(0).equals(Long.toString(started.pid()))
        && lines.get(STATUS_LINE).equals("ready");
  }

  /** A dead process that nobody has reaped yet is alive to Java, but it has no program. */
  private static boolean isRunning(ProcessHandle process) {
    return process.isAlive() && process.info().command().isPresent();
  }

  private Process running() {
    if (postmaster == null) {
      throw new IllegalStateException("PostgreSQL on port " + port + " does not run");
    }
    return postmaster;
  }

  private List<String> command(String program, String... arguments) {
    return user.command(binaries.resolve("bin").resolve(program), List.of(arguments));
  }

  private Path data() {
    return directory.resolve("data");
  }

  private Path logFile() {
    return directory.resolve("server.log");
  }
}
