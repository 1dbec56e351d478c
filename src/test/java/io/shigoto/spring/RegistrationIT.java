package io.shigoto.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.r2dbc.spi.ConnectionFactory;
import io.shigoto.Schemas;
import io.shigoto.Shigoto;
import io.shigoto.support.DatabaseExtension;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.dao.DataIntegrityViolationException;
import reactor.core.publisher.Mono;

/** The example of docs/spring.md, in a Spring application with {@code @Transactional}. */
class RegistrationIT {

  private static final Duration LIMIT = Duration.ofSeconds(20);

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  private AnnotationConfigApplicationContext application;
  private Registration registration;

  @BeforeEach
  void start() {
    db.sql("CREATE TABLE IF NOT EXISTS users (email text PRIMARY KEY); TRUNCATE users");
    application = new AnnotationConfigApplicationContext();
    application.registerBean(ConnectionFactory.class, db::connectionFactory);
    application.register(Application.class);
    application.refresh();
    registration = application.getBean(Registration.class);
  }

  @AfterEach
  void stop() {
    application.getBean(Shigoto.class).stop(Duration.ZERO).block(LIMIT);
    application.close();
  }

  @Test
  void userAndMailAreCommittedTogether() {
    registration.register(new Registration.Signup("a@b.c", "Ada")).block(LIMIT);
    assertThat(db.number("SELECT count(*) FROM users")).isEqualTo(1);
    assertThat(db.number("SELECT count(*) FROM shigoto.jobs WHERE args->>'name' = 'Ada'"))
        .isEqualTo(1);
  }

  @Test
  void userThatCannotBeAddedGetsNoMail() {
    registration.register(new Registration.Signup("a@b.c", "Ada")).block(LIMIT);
    Mono<?> again = registration.register(new Registration.Signup("a@b.c", "Bob"));
    assertThatThrownBy(() -> again.block(LIMIT))
        .isInstanceOf(DataIntegrityViolationException.class);
    assertThat(db.number("SELECT count(*) FROM shigoto.jobs")).isEqualTo(1);
  }

  @Test
  void mailThatCannotBeEnqueuedAddsNoUser() {
    db.sql("ALTER TABLE shigoto.jobs ADD CONSTRAINT no_mail CHECK (worker <> 'welcome-mail')");
    try {
      Mono<?> refused = registration.register(new Registration.Signup("a@b.c", "Ada"));
      assertThatThrownBy(() -> refused.block(LIMIT)).hasMessageContaining("no_mail");
      assertThat(db.number("SELECT count(*) FROM users")).isZero();
    } finally {
      db.sql("ALTER TABLE shigoto.jobs DROP CONSTRAINT no_mail");
    }
  }

  @Test
  void pageBeginsWithThisExample() throws IOException {
    String example = code("Registration", "class ") + "\n" + code("Application", "@Configuration");
    String page = Files.readString(Path.of("docs/spring.md"));
    assertThat(page.substring(page.indexOf("```"))).startsWith("```java\n" + example + "```\n");
  }

  /** A source file of this package, without its imports. */
  private static String code(String type, String beginning) throws IOException {
    String file = Files.readString(Path.of("src/test/java/io/shigoto/spring", type + ".java"));
    return file.substring(file.indexOf("\n" + beginning) + 1);
  }
}
