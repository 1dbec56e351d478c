package io.shigoto;

import static org.assertj.core.api.Assertions.assertThat;

import io.r2dbc.spi.ConnectionFactories;
import io.r2dbc.spi.ConnectionFactoryOptions;
import io.shigoto.job.NewJob;
import io.shigoto.support.PostgresServer;
import io.shigoto.worker.Outcome;
import io.shigoto.worker.Worker;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * What {@code testcontainers-config} says, without a container: its files agree with each other,
 * and a server that is set up as they say serves the library.
 */
class ContainerConfigIT {

  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final Path FOLDER = Path.of("testcontainers-config");

  @RegisterExtension final Nodes nodes = new Nodes();

  private final String compose = read("compose.yaml");
  private final String readme = read("README.md");
  private final ConnectionFactoryOptions url =
      ConnectionFactoryOptions.parse(
          found(readme, PostgresServer.URL_VARIABLE + "=(r2dbc:\\S+) \\./mvnw verify"));

  @Test
  void theUrlOfTheReadmeIsThatOfTheComposeFile() {
    assertThat(url.getValue(ConnectionFactoryOptions.DRIVER)).isEqualTo("postgresql");
    assertThat(url.getValue(ConnectionFactoryOptions.HOST)).isEqualTo("localhost");
    assertThat(url.getValue(ConnectionFactoryOptions.PORT).toString())
        .isEqualTo(found(compose, "\"(\\d+):5432\""));
    assertThat(user()).isEqualTo(found(compose, "POSTGRES_USER: (\\S+)"));
    assertThat(password()).isEqualTo(found(compose, "POSTGRES_PASSWORD: (\\S+)"));
    assertThat(database()).isEqualTo(found(compose, "POSTGRES_DB: (\\S+)"));
  }

  @Test
  void whatTheFilesNameIsThere() {
    String image = found(compose, "image: (postgres:\\d+)");
    String mounted = found(compose, "\\./postgresql\\.conf:(\\S+):ro");

    assertThat(Integer.parseInt(image.split(":")[1])).isGreaterThanOrEqualTo(14);
    assertThat(compose).contains("\"config_file=" + mounted + "\"");
    assertThat(compose).contains("--username=" + user(), "--dbname=" + database());
    assertThat(readme).contains("new PostgreSQLContainer(\"" + image + "\")", mounted);
    assertThat(readme).contains(".withUsername(\"" + user() + "\")");
    assertThat(readme).contains(".withPassword(\"" + password() + "\")");
    assertThat(readme).contains(".withDatabaseName(\"" + database() + "\")");
    assertThat(Pattern.compile("testcontainers-config/[\\w.]+").matcher(readme).results())
        .isNotEmpty()
        .allSatisfy(file -> assertThat(Path.of(file.group())).isRegularFile());
    assertThat(Path.of("mvnw")).isExecutable();
  }

  @Test
  void aServerThatIsSetUpSoServesTheLibrary() {
    Map<String, String> settings = settings();
    // The server of the tests is not to be seen from elsewhere.
    settings.remove("listen_addresses");
    try (PostgresServer server = PostgresServer.start(settings)) {
      run(server.options(), "CREATE ROLE %s SUPERUSER LOGIN PASSWORD '%s'", user(), password());
      run(server.options(), "CREATE DATABASE %s OWNER %s", database(), user());
      ConnectionFactoryOptions there =
          url.mutate()
              .option(
                  ConnectionFactoryOptions.PORT,
                  (Integer) server.options().getRequiredValue(ConnectionFactoryOptions.PORT))
              .build();

      assertThat(Integer.parseInt(setting(there, "server_version_num"))).isGreaterThan(140_000);
      assertThat(settings)
          .allSatisfy((name, value) -> assertThat(applied(there, name)).as(name).isEqualTo(value));
      assertThat(resultOfAJob(there)).isEqualTo("hello Ada");
    }
  }

  private String resultOfAJob(ConnectionFactoryOptions there) {
    Shigoto node =
        nodes.start(
            Shigoto.builder(ConnectionFactories.get(there))
                .worker(
                    Worker.of(
                        "greet",
                        String.class,
                        job -> Mono.just(Outcome.done("hello " + job.args()))))
                .queue("default", 2));
    String result = node.enqueueAndAwait(NewJob.of("greet", "Ada"), String.class).block(LIMIT);
    node.stop(Duration.ZERO).block(LIMIT);
    return result;
  }

  private static Map<String, String> settings() {
    Map<String, String> settings = new LinkedHashMap<>();
    Pattern.compile("(?m)^(\\w+) = '?([^'\n]*)'?$")
        .matcher(read("postgresql.conf"))
        .results()
        .forEach(line -> settings.put(line.group(1), line.group(2)));
    assertThat(settings).hasSizeGreaterThan(5).containsEntry("fsync", "on");
    return settings;
  }

  private static String setting(ConnectionFactoryOptions there, String name) {
    return run(there, "SELECT current_setting('%s')", name).get(0);
  }

  /** What the server took from its file, whatever the driver sets for itself. */
  private static String applied(ConnectionFactoryOptions there, String name) {
    return run(
            there,
            "SELECT max(setting) FROM pg_file_settings WHERE lower(name) = '%s' AND applied",
            name)
        .get(0);
  }

  private static List<String> run(ConnectionFactoryOptions there, String sql, Object... words) {
    return Flux.usingWhen(
            ConnectionFactories.get(there).create(),
            connection ->
                Flux.from(connection.createStatement(sql.formatted(words)).execute())
                    .concatMap(result -> result.map(row -> String.valueOf(row.get(0)))),
            connection -> connection.close())
        .collectList()
        .block(LIMIT);
  }

  private String user() {
    return url.getRequiredValue(ConnectionFactoryOptions.USER).toString();
  }

  private String password() {
    return url.getRequiredValue(ConnectionFactoryOptions.PASSWORD).toString();
  }

  private String database() {
    return url.getRequiredValue(ConnectionFactoryOptions.DATABASE).toString();
  }

  private static String found(String text, String pattern) {
    Matcher matcher = Pattern.compile(pattern).matcher(text);
    assertThat(matcher.find()).as(pattern).isTrue();
    return matcher.group(1);
  }

  private static String read(String file) {
    try {
      return Files.readString(FOLDER.resolve(file));
    } catch (IOException missing) {
      throw new AssertionError(missing);
    }
  }
}
