package io.shigoto.docs;

import static org.assertj.core.api.Assertions.assertThat;

import io.r2dbc.spi.Connection;
import io.r2dbc.spi.ConnectionFactory;
import io.r2dbc.spi.Result;
import io.shigoto.Schemas;
import io.shigoto.Shigoto;
import io.shigoto.ShigotoBuilder;
import io.shigoto.control.JobFilter;
import io.shigoto.control.JobPage;
import io.shigoto.control.Page;
import io.shigoto.job.Job;
import io.shigoto.job.JobState;
import io.shigoto.job.NewJob;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.worker.JobContext;
import io.shigoto.worker.Middleware;
import io.shigoto.worker.Outcome;
import io.shigoto.worker.ReactiveWorker;
import io.shigoto.worker.Worker;
import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.springframework.r2dbc.connection.R2dbcTransactionManager;
import org.springframework.r2dbc.core.DatabaseClient;
import org.springframework.transaction.reactive.TransactionalOperator;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.util.context.Context;

/** The code of docs/exactly-once.md. */
class EffectsIT {

  private static final Duration LIMIT = Duration.ofSeconds(20);

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  private ConnectionFactory bank;

  @BeforeEach
  void openTheBooks() {
    db.sql("CREATE TABLE IF NOT EXISTS books (account text, cents bigint); TRUNCATE books");
    bank = db.connectionFactory();
  }

  @Test
  void effectAndCompletionCommitTogether() {
    // shown
    Shigoto shigoto = Shigoto.builder(bank).worker(new PayOut(bank)).queue("default", 10).build();

    Mono<Void> paid =
        shigoto
            .start()
            .then(shigoto.enqueueAndAwait(NewJob.of(PayOut.class, new Payout("ada", 4200))));
    // end
    paid.block(LIMIT);

    JobPage page =
        shigoto.jobs().search(JobFilter.where().worker("PayOut"), Page.first(1)).block(LIMIT);
    assertBooked(page.jobs().get(0));
    shigoto.stop(LIMIT).block(LIMIT);
  }

  @Test
  void springDoesItToo() {
    ReactiveWorker<Payout> worker =
        new PayOutWithSpring(
            DatabaseClient.create(bank),
            TransactionalOperator.create(new R2dbcTransactionManager(bank)));

    Job job = run(Shigoto.builder(bank).worker(worker), "PayOutWithSpring");

    assertBooked(job);
    assertThat(job.result()).isNull();
  }

  @Test
  void springRollsBackBoth() {
    db.sql("ALTER TABLE books ADD CONSTRAINT closed CHECK (cents <> 4200)");
    try {
      ReactiveWorker<Payout> worker =
          new PayOutWithSpring(
              DatabaseClient.create(bank),
              TransactionalOperator.create(new R2dbcTransactionManager(bank)));

      Job job = run(Shigoto.builder(bank).worker(worker), "PayOutWithSpring");

      assertThat(job.state()).isEqualTo(JobState.DISCARDED);
      assertThat(db.number("SELECT count(*) FROM books")).isZero();
    } finally {
      db.sql("ALTER TABLE books DROP CONSTRAINT closed");
    }
  }

  @Test
  void middlewareDoesItForEveryRun() {
    // shown
    Middleware transactional =
        (job, next) ->
            Mono.usingWhen(
                bank.create(),
                connection ->
                    Mono.from(connection.beginTransaction())
                        .then(next.run().contextWrite(Context.of(Connection.class, connection)))
                        .delayUntil(
                            outcome ->
                                outcome instanceof Outcome.Done
                                    ? job.completeIn(connection)
                                        .then(Mono.from(connection.commitTransaction()))
                                    : connection.rollbackTransaction()),
                Connection::close);
    // end
    ReactiveWorker<Payout> worker =
        Worker.of(
            "pay",
            Payout.class,
            job ->
                Mono.deferContextual(
                    context ->
                        book(context.get(Connection.class), job.args())
                            .thenReturn(
                                job.args().cents() > 0
                                    ? Outcome.done()
                                    : Outcome.cancel("nothing to pay"))));

    assertBooked(run(Shigoto.builder(bank).middleware(transactional).worker(worker), "pay"));
    Job cancelled =
        run(
            Shigoto.builder(bank).middleware(transactional).worker(worker),
            NewJob.of("pay", new Payout("ada", 0)));
    assertThat(cancelled.state()).isEqualTo(JobState.CANCELLED);
    assertThat(db.number("SELECT count(*) FROM books")).isOne();
  }

  @Test
  void aResultGoesWithIt() {
    ReactiveWorker<Payout> worker =
        Worker.of(
            "pay",
            Payout.class,
            job ->
                Mono.usingWhen(
                        bank.create(),
                        connection -> {
                          // shown
                          Mono<Void> completed = job.completeIn(connection, new Booked(1234));
                          // end
                          return Mono.from(connection.beginTransaction())
                              .then(completed)
                              .then(Mono.from(connection.commitTransaction()));
                        },
                        Connection::close)
                    .thenReturn(Outcome.done()));

    assertThat(run(Shigoto.builder(bank).worker(worker), "pay").result())
        .isEqualTo("{\"number\": 1234}");
  }

  record Booked(long number) {}

  private static void assertBooked(Job job) {
    assertThat(job.state()).isEqualTo(JobState.COMPLETED);
    assertThat(job.attempt()).isEqualTo(1);
    assertThat(db.number("SELECT sum(cents) FROM books")).isEqualTo(4200);
  }

  private static Job run(ShigotoBuilder builder, String worker) {
    return run(builder, NewJob.of(worker, new Payout("ada", 4200)).maxAttempts(1));
  }

  private static Job run(ShigotoBuilder builder, NewJob job) {
    Shigoto shigoto = builder.queue("default", 1).build();
    shigoto.start().block(LIMIT);
    long id = shigoto.enqueue(job).block(LIMIT).id();
    Await.until(LIMIT, () -> shigoto.jobs().find(id).block(LIMIT).state().isTerminal());
    Job ended = shigoto.jobs().find(id).block(LIMIT);
    shigoto.stop(LIMIT).block(LIMIT);
    return ended;
  }

  private static Mono<Void> book(Connection connection, Payout payout) {
    return Flux.from(
            connection
                .createStatement("INSERT INTO books VALUES ($1, $2)")
                .bind(0, payout.account())
                .bind(1, payout.cents())
                .execute())
        .concatMap(Result::getRowsUpdated)
        .then();
  }

  // shown
  record Payout(String account, long cents) {}

  static final class PayOut implements ReactiveWorker<Payout> {

    private final ConnectionFactory bank;

    PayOut(ConnectionFactory bank) {
      this.bank = bank;
    }

    @Override
    public Mono<Outcome> perform(JobContext<Payout> job) {
      return Mono.usingWhen(
              bank.create(),
              connection ->
                  Mono.from(connection.beginTransaction())
                      .then(book(connection, job.args()))
                      .then(job.completeIn(connection))
                      .then(Mono.from(connection.commitTransaction())),
              Connection::close)
          .thenReturn(Outcome.done());
    }
  }

  // end

  static final class PayOutWithSpring implements ReactiveWorker<Payout> {

    private final DatabaseClient database;
    private final TransactionalOperator transactions;

    PayOutWithSpring(DatabaseClient database, TransactionalOperator transactions) {
      this.database = database;
      this.transactions = transactions;
    }

    // shown
    @Override
    public Mono<Outcome> perform(JobContext<Payout> job) {
      return book(job.args())
          .then(database.inConnection(connection -> job.completeIn(connection)))
          .as(transactions::transactional)
          .thenReturn(Outcome.done());
    }

    // end

    private Mono<Void> book(Payout payout) {
      return database
          .sql("INSERT INTO books VALUES (:account, :cents)")
          .bind("account", payout.account())
          .bind("cents", payout.cents())
          .then();
    }
  }
}
