package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;

class HealthIT {

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  /**
   * Other calls have the only connection for calls, and more wait for it than can have it in time.
   */
  @Test
  void theApplicationsOwnCallsDoNotKeepItFromBeingSeen() {
    Shigoto node =
        nodes.start(
            Shigoto.builder(db.connectionFactory())
                .connections(1)
                .statementTimeout(Duration.ofSeconds(2))
                .queue("default", 1));
    Await.until(LIMIT, () -> node.health().block(LIMIT).status() == Health.Status.UP);

    List<Boolean> answered =
        Open.transaction(
            db.connectionFactory(),
            "LOCK TABLE shigoto.job_history IN ACCESS EXCLUSIVE MODE",
            () -> {
              Disposable calls =
                  Flux.range(1, 100)
                      .flatMap(id -> node.jobs().find(id).onErrorComplete(), 100)
                      .subscribe();
              List<Boolean> answers =
                  Flux.range(0, 5)
                      .concatMap(i -> node.health().map(Health::databaseAnswers))
                      .collectList()
                      .block(LIMIT);
              calls.dispose();
              return answers;
            });

    assertThat(answered).containsOnly(true);
  }
}
