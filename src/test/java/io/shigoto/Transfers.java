package io.shigoto;

import io.r2dbc.spi.Connection;
import io.r2dbc.spi.ConnectionFactory;
import io.r2dbc.spi.Result;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.worker.JobContext;
import java.util.function.Function;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Effects in a table of the application: a row for each time that a job was done. */
final class Transfers {

  static final String EFFECT = "INSERT INTO public.transfers";

  private Transfers() {}

  /** Makes the table, or empties it. */
  static void empty(DatabaseExtension db) {
    db.sql("CREATE TABLE IF NOT EXISTS public.transfers (job bigint NOT NULL)");
    db.sql("TRUNCATE public.transfers");
  }

  static Mono<Void> book(Connection connection, JobContext<?> job) {
    return Flux.from(
            connection.createStatement(EFFECT + " (job) VALUES ($1)").bind(0, job.id()).execute())
        .concatMap(Result::getRowsUpdated)
        .then();
  }

  /** Work on a connection of its own, in a transaction; what is not committed is rolled back. */
  static Mono<Void> inTransaction(
      ConnectionFactory factory, Function<Connection, Mono<Void>> work) {
    return inTransaction(factory, Connection::beginTransaction, work);
  }

  static Mono<Void> inTransaction(
      ConnectionFactory factory,
      Function<Connection, Publisher<Void>> begin,
      Function<Connection, Mono<Void>> work) {
    return Mono.usingWhen(
        factory.create(),
        connection ->
            Mono.from(begin.apply(connection))
                .then(Mono.defer(() -> work.apply(connection)))
                .then(Mono.defer(() -> Mono.from(connection.commitTransaction()))),
        Connection::close,
        (connection, error) -> connection.close(),
        Connection::close);
  }

  /** The whole work of a job, effect and completion together. */
  static Mono<Void> run(ConnectionFactory factory, JobContext<?> job) {
    return inTransaction(
        factory, connection -> book(connection, job).then(job.completeIn(connection)));
  }
}
