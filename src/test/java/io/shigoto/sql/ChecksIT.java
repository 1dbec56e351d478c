package io.shigoto.sql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.r2dbc.spi.R2dbcDataIntegrityViolationException;
import io.shigoto.Schemas;
import io.shigoto.job.JobState;
import io.shigoto.support.DatabaseExtension;
import java.util.Arrays;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The tables accept exactly what the states of a job say. */
class ChecksIT {

  private static final String JOB =
      "INSERT INTO shigoto.jobs (queue, worker, state, owner, pending) VALUES ('q', 'w', $1::shigoto.job_state, %s, %s)";
  private static final String ENDED =
      """
      INSERT INTO shigoto.job_history
             (id, lease, scheduled_at, inserted_at, finished_at, state, attempt, max_attempts, priority, queue,
              worker, args)
      VALUES (1, 1, now(), now(), now(), $1::shigoto.job_state, 1, 1, 0, 'q', 'w', '{}')
      """;

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @Test
  void theDatabaseKnowsTheSameStates() {
    assertThat(db.sql("SELECT unnest(enum_range(NULL::shigoto.job_state))::text AS state"))
        .extracting(row -> row.get("state"))
        .containsExactlyElementsOf(
            Arrays.stream(JobState.values()).map(JobState::sqlName).toList());
    assertThat(JobState.values()).allMatch(state -> JobState.ofSqlName(state.sqlName()) == state);
  }

  @ParameterizedTest
  @EnumSource(JobState.class)
  void whatEndedIsHistoryAndNothingElseIs(JobState state) {
    String live = live(state == JobState.EXECUTING, state == JobState.WAITING);

    if (state.isTerminal()) {
      refuses("jobs_live", live, state);
      db.sql(ENDED, state.sqlName());
    } else {
      db.sql(live, state.sqlName());
      refuses("job_history_terminal", ENDED, state);
    }
  }

  @ParameterizedTest
  @EnumSource(JobState.class)
  void whatExecutesHasAnOwnerAndNothingElseHas(JobState state) {
    if (!state.isTerminal()) {
      refuses("jobs_owner", live(state != JobState.EXECUTING, state == JobState.WAITING), state);
    }
  }

  @ParameterizedTest
  @EnumSource(JobState.class)
  void whatWaitsHasParentsAndNothingElseHas(JobState state) {
    if (!state.isTerminal()) {
      refuses("jobs_waiting", live(state == JobState.EXECUTING, state != JobState.WAITING), state);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "jobs_fence, lease, -1",
    "jobs_fence, lease, 9223372036854775807",
    "jobs_id, id, 0",
    "jobs_attempts, attempt, -1",
    "jobs_attempts, attempt, 2147483647",
    "jobs_max_attempts, max_attempts, 0",
    "jobs_progress, progress, 101",
    "jobs_names, queue, ''''''",
    "jobs_names, worker, 'repeat(''n'', 256)'",
    "jobs_names, partition_key, ''''''",
    "jobs_times, scheduled_at, '''-infinity'''",
    "jobs_times, scheduled_at, '''infinity'''",
    "jobs_times, scheduled_at, '''0044-03-15 BC'''",
    "jobs_times, scheduled_at, '''294276-12-31'''",
    "jobs_times, inserted_at, '''-infinity'''",
    "jobs_times, inserted_at, '''infinity'''",
    "jobs_times, claimed_at, '''infinity'''",
    "jobs_meta, meta, '''[]'''",
    "jobs_meta, meta, '''null'''",
    "jobs_meta, meta, '''{\"a\": 1}'''",
    "jobs_meta, meta, '''{\"a\": null}'''",
    "jobs_meta, meta, '''{\"a\": \"b\", \"c\": [\"d\"]}'''",
    "jobs_errors, errors, '''{}'''",
    "jobs_errors, errors, '''[1]'''",
    "jobs_errors, errors, '''[[{}]]'''",
    "jobs_tags, tags, '''{a,NULL}'''",
    "jobs_tags, tags, '''{\"\"}'''",
    "jobs_tags, tags, '''{{a,b}}'''",
    "jobs_tags, tags, '''[0:1]={a,b}'''",
    "jobs_depends_on, depends_on, '''{1,NULL}'''",
    "jobs_depends_on, depends_on, '''{{1,2}}'''",
    "jobs_depends_on, depends_on, '''[0:1]={1,2}'''",
    "jobs_if_not_completed, if_not_completed, '''executing'''",
    "jobs_if_not_completed, if_not_completed, '''completed'''",
    "jobs_cancelling, cancelling, 'gen_random_uuid()'",
    "jobs_cancelling, '(state, owner, cancelling)', '(''executing'', gen_random_uuid(), gen_random_uuid())'",
    "jobs_waiting, pending, 1",
    "jobs_waiting, state, '''waiting'''",
    "jobs_unique, unique_until, 'now()'",
    "jobs_unique, unique_states, '''{executing}'''",
    "jobs_unique_states, '(unique_key, unique_states)', '(gen_random_uuid(), ''{NULL}'')'"
  })
  void whatMakesNoSenseIsRefused(String constraint, String column, String value) {
    db.sql("INSERT INTO shigoto.jobs (queue, worker) VALUES ('q', 'w')");

    assertThatThrownBy(() -> db.sql("UPDATE shigoto.jobs SET %s = %s".formatted(column, value)))
        .isInstanceOf(R2dbcDataIntegrityViolationException.class)
        .hasMessageContaining("\"" + constraint + "\"");
  }

  @ParameterizedTest
  @CsvSource({
    "lease, 4611686018427387000",
    "attempt, 1000000000",
    "scheduled_at, '''0001-01-01 00:00:00+00'''",
    "scheduled_at, '''9999-12-31 00:00:00+00'''",
    "partition_key, 'repeat(''n'', 255)'",
    "meta, '''{}'''",
    "meta, '''{\"a\": \"b\", \"c\": \"\"}'''",
    "errors, '''[]'''",
    "errors, '''[{}, {\"attempt\": 1}]'''",
    "tags, '''{}'''",
    "tags, '''{a,a}'''",
    "depends_on, '''{}'''",
    "if_not_completed, '''discarded'''",
    "'(state, owner, cancelling)', '(''executing'', ''00000000-0000-0000-0000-000000000001'', ''00000000-0000-0000-0000-000000000001'')'",
    "'(unique_key, unique_until, unique_states)', '(gen_random_uuid(), now(), ''{}'')'"
  })
  void whatMakesSenseIsNot(String column, String value) {
    db.sql("INSERT INTO shigoto.jobs (queue, worker) VALUES ('q', 'w')");

    db.sql("UPDATE shigoto.jobs SET %s = %s".formatted(column, value));
  }

  private static String live(boolean owned, boolean pending) {
    return JOB.formatted(owned ? "'" + UUID.randomUUID() + "'" : "NULL", pending ? "1" : "0");
  }

  private static void refuses(String constraint, String insert, JobState state) {
    assertThatThrownBy(() -> db.sql(insert, state.sqlName()))
        .isInstanceOf(R2dbcDataIntegrityViolationException.class)
        .hasMessageContaining("\"" + constraint + "\"");
  }
}
