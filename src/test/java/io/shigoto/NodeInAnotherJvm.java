package io.shigoto;

import io.r2dbc.spi.ConnectionFactories;
import io.shigoto.worker.Outcome;
import java.time.Duration;
import reactor.core.publisher.Mono;

/** A program that is one node, to be killed or stopped by signals. See {@link ChildNode}. */
final class NodeInAnotherJvm {

  /** How long each job of the slow role takes. */
  static final Duration SLOW = Duration.ofSeconds(5);

  private NodeInAnotherJvm() {}

  /**
   * @param args the URL of the database and the role: "poison" dies of each job, "slow" takes a
   *     while for each
   */
  public static void main(String[] args) {
    Shigoto.builder(ConnectionFactories.get(args[0]))
        .name(ChildNode.NAME)
        .lease(ChildNode.LEASE)
        .worker(new Scripted("work", job -> run(args[1])))
        .queue("default", 10)
        .build()
        .start()
        .then(Mono.never())
        .block();
  }

  private static Mono<Outcome> run(String role) {
    if (role.equals("poison")) {
      Runtime.getRuntime().halt(1);
    }
    return Mono.delay(SLOW).thenReturn(Outcome.done("child"));
  }
}
