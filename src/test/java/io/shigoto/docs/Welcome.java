package io.shigoto.docs;

// shown
import io.r2dbc.spi.ConnectionFactories;
import io.shigoto.Shigoto;
import io.shigoto.job.NewJob;
import io.shigoto.worker.JobContext;
import io.shigoto.worker.Outcome;
import io.shigoto.worker.ReactiveWorker;
import java.time.Duration;
import reactor.core.publisher.Mono;

public final class Welcome {

  record Signup(String email, String name) {}

  static final class WelcomeMail implements ReactiveWorker<Signup> {

    @Override
    public Mono<Outcome> perform(JobContext<Signup> job) {
      return Mono.fromSupplier(() -> Outcome.done("Welcome, " + job.args().name() + "!"));
    }
  }

  public static void main(String[] args) {
    Shigoto shigoto =
        Shigoto.builder(ConnectionFactories.get(args[0]))
            .worker(new WelcomeMail())
            .queue("default", 10)
            .build();

    NewJob job = NewJob.of(WelcomeMail.class, new Signup("ada@example.org", "Ada"));
    Mono<String> result = shigoto.start().then(shigoto.enqueueAndAwait(job, String.class));

    System.out.println(result.block());
    shigoto.stop(Duration.ofSeconds(10)).block();
  }
}
// end
