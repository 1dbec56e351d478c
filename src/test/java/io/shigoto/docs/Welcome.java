package io.shigoto.docs;

// shown
import io.r2dbc.spi.ConnectionFactories;
import io.shigoto.Shigoto;
import io.shigoto.event.JobEvent.Kind;
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

    Mono<String> result =
        shigoto
            .events()
            .filter(event -> event.kind() == Kind.COMPLETED)
            .next()
            .flatMap(event -> shigoto.jobs().find(event.jobId()))
            .map(job -> job.result());
    Mono<Void> work =
        shigoto
            .start()
            .then(shigoto.enqueue(NewJob.of(WelcomeMail.class, new Signup("a@b.org", "Ada"))))
            .then();

    System.out.println(result.zipWith(work.thenReturn(true)).block().getT1());
    shigoto.stop(Duration.ofSeconds(10)).block();
  }
}
// end
