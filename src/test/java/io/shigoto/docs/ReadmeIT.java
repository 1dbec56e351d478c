package io.shigoto.docs;

import static org.assertj.core.api.Assertions.assertThat;

import io.r2dbc.spi.ConnectionFactories;
import io.shigoto.Schemas;
import io.shigoto.Shigoto;
import io.shigoto.job.JobState;
import io.shigoto.job.NewJob;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.worker.JobContext;
import io.shigoto.worker.Outcome;
import io.shigoto.worker.ReactiveWorker;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Mono;

class ReadmeIT {

  private static final Duration LIMIT = Duration.ofSeconds(20);

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @Test
  void theFirstExampleWelcomesAda() {
    Queue<String> sent = new ConcurrentLinkedQueue<>();
    Mail mail = (to, text) -> Mono.fromRunnable(() -> sent.add(to + ": " + text));
    String url = Urls.of(db.options());

    // shown
    Shigoto shigoto =
        Shigoto.builder(ConnectionFactories.get(url))
            .worker(new WelcomeMail(mail))
            .queue("default", 10)
            .build();

    shigoto
        .start()
        .then(shigoto.enqueue(NewJob.of(WelcomeMail.class, new Signup("ada@example.org", "Ada"))))
        .subscribe();
    // end

    Await.until(LIMIT, () -> sent.contains("ada@example.org: Welcome, Ada!"));
    Await.until(
        LIMIT, () -> db.number("SELECT count(*) FROM shigoto.job_history WHERE attempt = 1") == 1);
    assertThat(shigoto.jobs().find(1).block(LIMIT))
        .satisfies(
            job -> {
              assertThat(job.state()).isEqualTo(JobState.COMPLETED);
              assertThat(job.maxAttempts()).isEqualTo(5);
            });
    shigoto.stop(Duration.ZERO).block(LIMIT);
  }

  @Test
  void theProgramOfTheFirstStepsPrintsItsResult() {
    PrintStream console = System.out;
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
    try {
      Welcome.main(new String[] {Urls.of(db.options())});
    } finally {
      System.setOut(console);
    }
    assertThat(printed.toString(StandardCharsets.UTF_8)).contains("Welcome, Ada!");
  }
}

interface Mail {
  Mono<Void> send(String to, String text);
}

// shown
record Signup(String email, String name) {}

final class WelcomeMail implements ReactiveWorker<Signup> {

  private final Mail mail;

  WelcomeMail(Mail mail) {
    this.mail = mail;
  }

  @Override
  public Mono<Outcome> perform(JobContext<Signup> job) {
    Signup signup = job.args();
    return mail.send(signup.email(), "Welcome, " + signup.name() + "!").thenReturn(Outcome.done());
  }

  @Override
  public int maxAttempts() {
    return 5;
  }
}

// end
