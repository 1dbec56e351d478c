package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.shigoto.event.JobEvent.Kind;
import io.shigoto.job.NewJob;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.worker.JobContext;
import io.shigoto.worker.Outcome;
import io.shigoto.worker.ReactiveWorker;
import io.shigoto.worker.Unique;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Whatever an administrator has set for the whole database, nodes work as everywhere. */
class DatabaseDefaultsIT {

  private static final int JOBS = 300;
  private static final int LIMITED = 40;

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Told told = new Told();
  private final AtomicInteger running = new AtomicInteger();
  private final AtomicInteger most = new AtomicInteger();

  @AfterEach
  void reset() {
    db.sql("ALTER DATABASE " + db.database().name() + " RESET ALL");
  }

  @ParameterizedTest
  @CsvSource({
    "default_transaction_isolation, 'serializable'",
    "default_transaction_isolation, 'repeatable read'",
    "search_path, 'pg_catalog'",
    "timezone, 'Asia/Kathmandu'",
    "datestyle, 'SQL, DMY'",
    "intervalstyle, 'sql_standard'",
    "plan_cache_mode, 'force_custom_plan'",
    "enable_indexscan, 'off'"
  })
  void nodesWork(String setting, String value) {
    db.sql(
        "ALTER DATABASE %s SET %s = %s"
            .formatted(db.database().name(), setting, "'" + value + "'"));
    Shigoto one = start();
    Shigoto other = start();

    Flux.merge(
            one.enqueueAll(Flux.range(0, JOBS).map(i -> job("plain"))),
            other.enqueueAll(Flux.range(0, LIMITED).map(i -> job("limited"))),
            one.enqueue(job("plain").delay(Duration.ofMillis(50))),
            other.enqueue(job("plain").unique(Unique.by(Unique.Field.WORKER))),
            other.enqueue(job("fails")))
        .then()
        .block(LIMIT);

    int all = JOBS + LIMITED + 3;
    told.await(Kind.COMPLETED, all);
    assertThat(db.number("SELECT count(*) FROM shigoto.job_history")).isEqualTo(all);
    assertThat(
            db.number(
                "SELECT count(*) FROM shigoto.job_history WHERE attempt > 1 AND worker <> 'fails'"))
        .isZero();
    assertThat(most.get()).isBetween(1, 2);
  }

  /** Behind a pooler nothing can be set for a session. */
  @ParameterizedTest
  @ValueSource(strings = {"serializable", "repeatable read"})
  void aNodeThatOnlyPollsSaysWhatItNeeds(String isolation) {
    db.sql(
        "ALTER DATABASE %s SET default_transaction_isolation = '%s'"
            .formatted(db.database().name(), isolation));
    Shigoto node = nodes.build(Shigoto.builder(db.connectionFactory()).pollOnly());

    assertThatThrownBy(() -> node.start().block(LIMIT))
        .hasMessageContaining(
            "need the isolation level read committed, but default_transaction_isolation is "
                + isolation);
  }

  private Shigoto start() {
    return nodes.start(
        Shigoto.builder(db.connectionFactory())
            .worker(new Scripted("plain", job -> Mono.empty()))
            .worker(
                new Scripted(
                    "fails",
                    job ->
                        job.attempt() == 1
                            ? Mono.error(new IllegalStateException())
                            : Mono.just(Outcome.done(Map.of("a", 1)))))
            .worker(new Limited())
            .queue("default", 20)
            .listener(told));
  }

  private static NewJob job(String worker) {
    return NewJob.of(worker, Scripted.NOTHING);
  }

  /** Two of them in the cluster. */
  private final class Limited implements ReactiveWorker<Map<String, Object>> {

    @Override
    public String name() {
      return "limited";
    }

    @Override
    public Mono<Outcome> perform(JobContext<Map<String, Object>> job) {
      most.accumulateAndGet(running.incrementAndGet(), Math::max);
      return Mono.<Outcome>empty().doFinally(end -> running.decrementAndGet());
    }

    @Override
    public int globalConcurrency() {
      return 2;
    }
  }
}
