package io.shigoto;

import io.r2dbc.spi.ConnectionFactories;
import io.r2dbc.spi.ConnectionFactory;
import io.shigoto.job.NewJob;
import io.shigoto.worker.JobContext;
import io.shigoto.worker.Outcome;
import java.time.Duration;
import java.util.stream.Stream;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** A program that is one node, to be killed or stopped by signals. See {@link ChildNode}. */
final class NodeInAnotherJvm {

  /** How long each job of the slow role takes. */
  static final Duration SLOW = Duration.ofSeconds(5);

  /** How many jobs the role "clock" enqueues, and when they are due. */
  static final int LATER = 10;

  static final Duration DELAY = Duration.ofMillis(300);

  private NodeInAnotherJvm() {}

  /**
   * @param args the URL of the database and the role: "poison" dies of each job, "slow" takes a
   *     while for each, "transfer" books each in a transaction, "clock" enqueues some that are due
   *     later and tells what time it is
   */
  public static void main(String[] args) {
    ConnectionFactory factory = ConnectionFactories.get(args[0]);
    Stream<String> names =
        args[1].equals("transfer") ? ExactlyOnceIT.WORKERS.stream() : Stream.of("work");
    ShigotoBuilder builder = Shigoto.builder(factory).name(ChildNode.NAME).lease(ChildNode.LEASE);
    names.forEach(name -> builder.worker(new Scripted(name, job -> run(args[1], factory, job))));
    Shigoto node = builder.queue("default", 10).build();
    node.start().then(args[1].equals("clock") ? enqueueLater(node) : Mono.empty()).block();
    Mono.never().block();
  }

  private static Mono<Void> enqueueLater(Shigoto node) {
    return node.enqueueAll(
            Flux.range(0, LATER).map(i -> NewJob.of("work", Scripted.NOTHING).delay(DELAY)))
        .then();
  }

  private static Mono<Outcome> run(String role, ConnectionFactory factory, JobContext<?> job) {
    if (role.equals("transfer")) {
      return Transfers.run(factory, job).thenReturn(Outcome.done());
    }
    if (role.equals("clock")) {
      Duration time = job.tags().contains("long") ? SLOW : Duration.ZERO;
      return Mono.delay(time).map(end -> Outcome.done(System.currentTimeMillis()));
    }
    if (role.equals("poison")) {
      Runtime.getRuntime().halt(1);
    }
    return Mono.delay(SLOW).thenReturn(Outcome.done("child"));
  }
}
