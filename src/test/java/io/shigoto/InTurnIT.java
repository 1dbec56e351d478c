package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import io.r2dbc.spi.Connection;
import io.shigoto.batch.NewBatch;
import io.shigoto.job.NewJob;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.worker.Unique;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** A machine so slow that whatever is wanted is held by others for longer than a short wait. */
class InTurnIT {

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  /** There is always another one that was there before, and holds it for too long. */
  @Test
  void whoStartsOverGetsWhatOthersHoldForLongInTurns() {
    Shigoto node = nodes.build(Shigoto.builder(db.connectionFactory()).statementTimeout(LIMIT));
    NewJob job =
        NewJob.of("work", Map.of())
            .unique(Unique.by(Unique.Field.WORKER).replace(Unique.Replace.PRIORITY))
            .delay(Duration.ofHours(1));
    long id = node.enqueue(job).block(LIMIT).id();
    Disposable rivals = Flux.range(0, 2).flatMap(i -> holdingAgainAndAgain(id)).subscribe();
    try {
      Await.until("they stand in line", LIMIT, () -> Open.kept(db) == 1);

      node.batches().enqueue(NewBatch.of("after", Map.of()), List.of(job.priority(7))).block(LIMIT);

      assertThat(node.jobs().find(id).block(LIMIT).priority()).isEqualTo(7);
    } finally {
      rivals.dispose();
    }
  }

  private static Mono<Void> holdingAgainAndAgain(long id) {
    return Mono.usingWhen(
        db.connectionFactory().create(),
        connection -> hold(connection, id).repeat().then(),
        Connection::close);
  }

  private static Mono<Void> hold(Connection connection, long id) {
    String statement =
        """
        WITH held AS MATERIALIZED (SELECT id FROM shigoto.jobs WHERE id = %d FOR UPDATE)
        SELECT pg_sleep(0.15) FROM held
        """
            .formatted(id);
    return Flux.from(connection.createStatement(statement).execute())
        .concatMap(result -> result.map((row, metadata) -> true))
        .then();
  }
}
