package io.shigoto.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.r2dbc.spi.ConnectionFactoryOptions;
import io.shigoto.Schemas;
import io.shigoto.support.DatabaseExtension;
import java.io.File;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The library needs nothing of what is optional, and half of Spring does not confuse it. */
class WithoutSpringIT {

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @ParameterizedTest
  @CsvSource({
    "spring-, org.springframework.transaction.reactive.TransactionContext",
    "context-propagation-, io.micrometer.context.ContextRegistry",
    "spring-r2dbc-, org.springframework.r2dbc.connection.ConnectionHolder"
  })
  void jobsAreEnqueuedAndRun(String missing, String absent) throws Exception {
    try (URLClassLoader loader =
        new URLClassLoader(classPathWithout(missing), ClassLoader.getPlatformClassLoader())) {
      Thread.currentThread().setContextClassLoader(loader);
      assertThatThrownBy(() -> loader.loadClass(absent)).isInstanceOf(ClassNotFoundException.class);
      Object program =
          loader
              .loadClass(SpringFreeProgram.class.getName())
              .getDeclaredConstructor()
              .newInstance();
      assertThat(told(program)).isEqualTo(List.of("a", "b", "c"));
    }
  }

  /** Libraries look for services of others by this loader. */
  @AfterEach
  void back() {
    Thread.currentThread().setContextClassLoader(WithoutSpringIT.class.getClassLoader());
  }

  @SuppressWarnings("unchecked")
  private static Object told(Object program) {
    return ((Function<String, Object>) program).apply(url());
  }

  private static URL[] classPathWithout(String missing) {
    return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
        .map(Path::of)
        .filter(entry -> !entry.getFileName().toString().startsWith(missing))
        .map(WithoutSpringIT::url)
        .toArray(URL[]::new);
  }

  private static URL url(Path entry) {
    try {
      return entry.toUri().toURL();
    } catch (MalformedURLException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  private static String url() {
    ConnectionFactoryOptions options = db.options();
    return "r2dbc:postgresql://%s:%s@%s:%s/%s"
        .formatted(
            options.getRequiredValue(ConnectionFactoryOptions.USER),
            options.getRequiredValue(ConnectionFactoryOptions.PASSWORD),
            options.getRequiredValue(ConnectionFactoryOptions.HOST),
            Objects.requireNonNullElse(options.getValue(ConnectionFactoryOptions.PORT), 5432),
            options.getRequiredValue(ConnectionFactoryOptions.DATABASE));
  }
}
