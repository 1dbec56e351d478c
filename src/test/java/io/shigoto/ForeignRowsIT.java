package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.shigoto.control.JobFilter;
import io.shigoto.control.Page;
import io.shigoto.event.JobEvent;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.worker.JobContext;
import io.shigoto.worker.Outcome;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import reactor.core.publisher.Mono;

/**
 * Rows that the library would not write: whatever plain SQL may put into a job and the tables
 * accept, it keeps nobody else from running.
 */
class ForeignRowsIT {

  private static final int OTHERS = 5;

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Told told = new Told();
  private final Queue<JobContext<Map<String, Object>>> runs = new ConcurrentLinkedQueue<>();

  @ParameterizedTest
  @CsvSource({
    "tags, '''{a,a}'''",
    "tags, '''{}'''",
    "scheduled_at, '''0001-01-01 00:00:00+00'''",
    "inserted_at, '''9999-12-31 00:00:00+00'''",
    "priority, -32768",
    "priority, 32767",
    "attempt, 1000000000",
    "max_attempts, 2147483647",
    "lease, 4611686018427387000",
    "batch_id, -1",
    "meta, '''{}'''",
    "errors, '''[{}, {\"at\": \"yesterday\", \"attempt\": {}}]'''",
    "depends_on, '''{-1,4711}'''",
    "progress, 100",
    "'(unique_key, unique_states)', '(gen_random_uuid(), ''{}'')'",
    "limited, true",
    "watched, true"
  })
  void aStrangeRowRunsAndSoDoAllOthers(String column, String value) {
    insertWith(column, value);

    Shigoto node = start();

    told.await(JobEvent.Kind.COMPLETED, OTHERS + 1);
    assertThat(node.jobs().search(JobFilter.all(), Page.first(100)).block(LIMIT).jobs())
        .hasSize(OTHERS + 1);
  }

  @Test
  void aTagThatIsThereTwiceOrIsNullIsReadOnceOrNotAtAll() {
    db.sql("ALTER DOMAIN shigoto.tags DROP CONSTRAINT jobs_tags");
    long id = insertWith("tags", "'{b,a,b,NULL}'");

    Shigoto node = start();

    told.await(JobEvent.Kind.COMPLETED, OTHERS + 1);
    assertThat(runs)
        .filteredOn(run -> run.id() == id)
        .extracting(JobContext::tags)
        .containsExactly(Set.of("a", "b"));
    assertThat(node.jobs().find(id).block(LIMIT).tags()).isEqualTo(Set.of("a", "b"));
  }

  @Test
  void aRowThatCannotBeReadFailsItsRunAndNoOther() {
    db.sql("ALTER DOMAIN shigoto.meta DROP CONSTRAINT jobs_meta");
    long id = insertWith("meta", "'{\"a\": {\"secret\": 1}}'");

    Shigoto node = start();

    told.await(JobEvent.Kind.COMPLETED, OTHERS);
    told.await(JobEvent.Kind.DISCARDED);
    assertThat(runs).hasSize(OTHERS);
    assertThat(db.sql("SELECT errors::text FROM shigoto.job_history WHERE id = $1", id).toString())
        .contains("UnreadableJob", "meta does not fit at $.a")
        .doesNotContain("secret");
    assertThatThrownBy(() -> node.jobs().find(id).block(LIMIT))
        .hasMessageStartingWith("job %d cannot be read: meta does not fit at $.a".formatted(id));
  }

  /** A job that is claimed before all others, and the others. */
  private static long insertWith(String column, String value) {
    db.truncate();
    long id =
        db.number(
            "INSERT INTO shigoto.jobs (queue, worker, priority, max_attempts) VALUES ('default', 'work', 9, 1) RETURNING id");
    db.sql("UPDATE shigoto.jobs SET %s = %s WHERE id = $1".formatted(column, value), id);
    db.sql(
        "INSERT INTO shigoto.jobs (queue, worker) SELECT 'default', 'work' FROM generate_series(1, $1)",
        OTHERS);
    return id;
  }

  private Shigoto start() {
    return nodes.start(
        Shigoto.builder(db.connectionFactory())
            .worker(new Scripted("work", this::run))
            .queue("default", 10)
            .listener(told));
  }

  private Mono<Outcome> run(JobContext<Map<String, Object>> job) {
    runs.add(job);
    return Mono.just(Outcome.done());
  }
}
