package io.shigoto.bench;

import io.shigoto.bench.subject.Target;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** PostgreSQL's own load generator, if this machine has it. */
final class Pgbench {

  private static final Pattern RATE = Pattern.compile("tps = ([0-9.]+) \\(without");

  private static final Map<String, String> SCRIPTS =
      Map.of(
          "shigoto.jobs",
          "INSERT INTO shigoto.jobs (queue, worker, args) VALUES ('default', 'noop', '{\"i\": 1}');",
          "plain",
          "INSERT INTO plain (payload) VALUES ('{\"i\": 1}');");

  private Pgbench() {}

  static boolean isThere() {
    try {
      return new ProcessBuilder("pgbench", "--version")
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start()
              .waitFor()
          == 0;
    } catch (IOException missing) {
      return false;
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /**
   * One-row transactions per second.
   *
   * @param table the library's, with its notifications switched off as the library does; or {@code
   *     plain}, an id, a document and a partial index
   */
  static double inserts(Database database, String table, int clients, int seconds) {
    if (table.equals("plain")) {
      database.run(
          """
          CREATE TABLE plain (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            payload jsonb NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            claimed_by integer);
          CREATE INDEX plain_available ON plain (id) WHERE claimed_by IS NULL
          """);
    }
    try {
      Path script = Files.createTempFile("insert", ".sql");
      Files.writeString(script, SCRIPTS.get(table));
      String printed = run(database.target(), script, clients, seconds);
      Files.delete(script);
      Matcher rate = RATE.matcher(printed);
      if (!rate.find()) {
        throw new IllegalStateException("pgbench said " + printed);
      }
      return Double.parseDouble(rate.group(1));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String run(Target target, Path script, int clients, int seconds)
      throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(
                List.of(
                    "pgbench",
                    "-n",
                    "-M",
                    "prepared",
                    "-c",
                    Integer.toString(clients),
                    "-j",
                    "2",
                    "-T",
                    Integer.toString(seconds),
                    "-f",
                    script.toString(),
                    "-h",
                    target.host(),
                    "-p",
                    Integer.toString(target.port()),
                    "-U",
                    target.user(),
                    target.database()))
            .redirectErrorStream(true);
    builder.environment().put("PGPASSWORD", target.password());
    builder.environment().put("PGOPTIONS", "-c shigoto.notify=off");
    Process process = builder.start();
    return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
  }
}
