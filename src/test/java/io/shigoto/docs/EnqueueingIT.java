package io.shigoto.docs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.r2dbc.spi.Connection;
import io.r2dbc.spi.ConnectionFactory;
import io.shigoto.Schemas;
import io.shigoto.Shigoto;
import io.shigoto.job.Job;
import io.shigoto.job.JobState;
import io.shigoto.job.NewJob;
import io.shigoto.job.Receipt;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.worker.Outcome;
import io.shigoto.worker.Worker;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** The code of docs/enqueueing.md. */
class EnqueueingIT {

  record Signup(String email, String name) {}

  private static final Duration LIMIT = Duration.ofSeconds(20);

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  private ConnectionFactory factory;
  private Shigoto shigoto;

  @BeforeEach
  void build() {
    factory = db.connectionFactory();
    shigoto = Shigoto.builder(factory).build();
    db.sql("CREATE TABLE IF NOT EXISTS users (email text PRIMARY KEY); TRUNCATE users");
  }

  @AfterEach
  void stop() {
    shigoto.stop(Duration.ZERO).block(LIMIT);
  }

  @Test
  void oneJobIsThereWhenItsReceiptIs() {
    Signup signup = new Signup("ada@example.org", "Ada");
    // shown
    Mono<Long> id =
        shigoto
            .enqueue(
                NewJob.of("WelcomeMail", signup)
                    .queue("mail")
                    .priority(10)
                    .delay(Duration.ofMinutes(5))
                    .tags("signup", "spring-campaign"))
            .map(Receipt::id);
    // end
    Job job = id.flatMap(shigoto.jobs()::find).block(LIMIT);
    assertThat(job.state()).isEqualTo(JobState.SCHEDULED);
    assertThat(job.queue()).isEqualTo("mail");
    assertThat(job.priority()).isEqualTo(10);
    assertThat(job.tags()).containsExactlyInAnyOrder("signup", "spring-campaign");
    assertThat(Duration.between(job.insertedAt(), job.scheduledAt()))
        .isEqualTo(Duration.ofMinutes(5));
  }

  @Test
  void jobAndRowAreCommittedTogether() {
    register(new Signup("ada@example.org", "Ada")).block(LIMIT);

    assertThat(db.number("SELECT count(*) FROM shigoto.jobs")).isEqualTo(1);
    assertThat(db.number("SELECT count(*) FROM users")).isEqualTo(1);
  }

  @Test
  void jobAndRowAreRolledBackTogether() {
    Signup twice = new Signup("ada@example.org", "Ada");
    register(twice).block(LIMIT);

    assertThatThrownBy(() -> register(twice).block(LIMIT)).hasMessageContaining("duplicate key");

    assertThat(db.number("SELECT count(*) FROM shigoto.jobs")).isEqualTo(1);
  }

  // shown
  Mono<Receipt> register(Signup signup) {
    return Mono.usingWhen(
        factory.create(),
        connection ->
            Mono.from(connection.beginTransaction())
                .then(shigoto.enqueue(NewJob.of("WelcomeMail", signup), connection))
                .delayUntil(receipt -> insertUser(connection, signup.email()))
                .delayUntil(receipt -> connection.commitTransaction()),
        Connection::close);
  }

  // end

  private static Mono<Long> insertUser(Connection connection, String email) {
    return Flux.from(
            connection.createStatement("INSERT INTO users VALUES ($1)").bind(0, email).execute())
        .concatMap(result -> result.getRowsUpdated())
        .next();
  }

  @Test
  void manyJobsGiveManyReceipts() {
    Flux<Signup> signups =
        Flux.range(0, 5_000).map(i -> new Signup(i + "@example.org", "Number " + i));
    // shown
    Mono<Long> count =
        shigoto.enqueueAll(signups.map(signup -> NewJob.of("WelcomeMail", signup))).count();
    // end
    assertThat(count.block(LIMIT)).isEqualTo(5_000);
    assertThat(db.number("SELECT count(*) FROM shigoto.jobs")).isEqualTo(5_000);
  }

  @Test
  void manyJobsInATransactionAreThereAtItsCommit() {
    Flux<NewJob> jobs = Flux.range(0, 3_000).map(i -> NewJob.of("count", Map.of("n", i)));
    // shown
    Mono<Long> count =
        Mono.usingWhen(
            factory.create(),
            connection ->
                Mono.from(connection.beginTransaction())
                    .then(shigoto.enqueueAll(jobs, connection).count())
                    .delayUntil(all -> connection.commitTransaction()),
            Connection::close);
    // end
    assertThat(count.block(LIMIT)).isEqualTo(3_000);
    assertThat(db.number("SELECT count(*) FROM shigoto.jobs")).isEqualTo(3_000);
  }

  @Test
  void aRowOfPlainSqlIsRun() {
    Shigoto node =
        Shigoto.builder(factory)
            .worker(
                Worker.of(
                    "WelcomeMail", Signup.class, job -> Mono.just(Outcome.done(job.args().name()))))
            .queue("default", 1)
            .build();
    node.start().block(LIMIT);
    List<String> onThePage = Pages.blocks(Path.of("docs/enqueueing.md"), "sql");

    db.sql(onThePage.get(0));

    Await.until(
        LIMIT,
        () ->
            db.number("SELECT count(*) FROM shigoto.job_history WHERE result = '\"Ada\"'::jsonb")
                == 1);
    node.stop(Duration.ZERO).block(LIMIT);
  }

  @Test
  void whatCannotBeEnqueuedIsRefusedAndNamed() {
    assertThatThrownBy(() -> NewJob.of("", "args"))
        .hasMessageContaining("worker must have 1 to 255");
    assertThatThrownBy(() -> NewJob.of("count", 1).delay(Duration.ofMillis(-1)))
        .hasMessageContaining("delay must not be negative, but is PT-0.001S");
    assertThatThrownBy(() -> shigoto.enqueue(NewJob.of("count", Double.NaN)))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> shigoto.enqueue(NewJob.of("count", "\0")))
        .hasMessageContaining("\\u0000");
    assertThatThrownBy(() -> shigoto.enqueue(NewJob.of("count", "x".repeat(1024 * 1024))))
        .hasMessageContaining("maxPayload");
    assertThatThrownBy(
            () -> shigoto.enqueue(NewJob.of(Welcome.WelcomeMail.class, new Welcome.Signup("", ""))))
        .hasMessageContaining("is not registered with this node");
    assertThat(db.number("SELECT count(*) FROM shigoto.jobs")).isZero();
  }
}
