package io.shigoto.internal.history;

import static io.shigoto.job.JobState.CANCELLED;
import static io.shigoto.job.JobState.COMPLETED;
import static io.shigoto.job.JobState.DISCARDED;
import static org.assertj.core.api.Assertions.assertThat;

import io.r2dbc.spi.Connection;
import io.shigoto.internal.postgres.Database;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** What is deleted from days that are kept, and what that costs. */
class ThinningIT extends WithHistory {

  /** Completed jobs are kept for 3 days, all others for 14. */
  private static final Retention RETENTION =
      Retention.of(Duration.ofDays(14)).with(COMPLETED, Duration.ofDays(3));

  @Test
  void jobsThatAreOverAreDeletedFromDaysThatAreKept() {
    for (int day = -4; day <= 0; day++) {
      fill(day);
    }

    assertThat(thin(RETENTION)).isEqualTo(1);

    assertThat(days.counts())
        .startsWith("-4 discarded 2", "-4 cancelled 2", "-3 completed 2", "-3 discarded 2")
        .hasSize(2 + 4 * 3);
  }

  /** Somebody has it locked against everybody, and nobody needs to wait. */
  @Test
  void aDayIsNotLookedAtAgain() {
    fill(-4);
    assertThat(thin(RETENTION)).isEqualTo(1);

    Connection owner = transaction("LOCK TABLE shigoto.job_history_" + days.names(-4, -4).get(0));
    assertThat(thin(RETENTION)).isZero();
    Mono.from(owner.close()).block(LIMIT);
  }

  @Test
  void aStateWhoseTimeIsOverLaterIsDeletedThen() {
    fill(-4);
    assertThat(thin(RETENTION)).isEqualTo(1);

    assertThat(thin(RETENTION.with(CANCELLED, Duration.ofDays(2)))).isEqualTo(1);

    assertThat(days.counts()).containsExactly("-4 discarded 2");
    assertThat(thin(RETENTION.with(CANCELLED, Duration.ofDays(2)))).isZero();
  }

  @Test
  void failedJobsMayBeKeptForAShorterTimeThanOthers() {
    fill(-2);

    assertThat(thin(RETENTION.with(DISCARDED, Duration.ofDays(1)))).isEqualTo(1);

    assertThat(days.counts()).containsExactly("-2 completed 2", "-2 cancelled 2");
  }

  @Test
  void aDayInWhichSomebodyHoldsAJobIsLookedAtAgain() {
    fill(-4);
    Connection other =
        transaction(
            "SELECT FROM shigoto.job_history WHERE id = 1 AND state = 'completed' FOR UPDATE");

    assertThat(thin(RETENTION)).as("not yet").isZero();
    assertThat(days.counts()).contains("-4 completed 1");
    Mono.from(other.close()).block(LIMIT);

    assertThat(thin(RETENTION)).isEqualTo(1);
    assertThat(days.counts()).containsExactly("-4 discarded 2", "-4 cancelled 2");
  }

  /** More than one statement looks at, of which the first finds nothing. */
  @Test
  void manyNodesAtOnceLeaveNothingAndTakeNothingElse() {
    days.make(-5);
    days.ended(-5, "discarded", -9_000, 0);
    days.ended(-5, "completed", 1, 12_000);
    days.ended(-5, "cancelled", 12_001, 13_000);

    Flux.range(0, 4).flatMap(i -> thinning(RETENTION).days(), 4).blockLast(LIMIT);
    thin(RETENTION);

    assertThat(days.counts()).containsExactly("-5 discarded 9001", "-5 cancelled 1000");
    assertThat(thin(RETENTION)).isZero();
  }

  @Test
  void aDayMayBeDroppedMeanwhile() {
    Partitions partitions = new Partitions(database, statements);
    for (int round = 0; round < 20; round++) {
      fill(-4);
      db.sql("DELETE FROM shigoto.thinned_days");

      Flux.merge(thinning(RETENTION).days(), partitions.keep(3), thinning(RETENTION).days())
          .blockLast(LIMIT);
      partitions.keep(3).block(LIMIT);

      assertThat(days.counts()).isEmpty();
    }
  }

  @Test
  void whatIsRecordedOfADayIsForgottenWithIt() {
    fill(-4);
    thin(RETENTION);
    db.sql("UPDATE shigoto.thinned_days SET day = day - 11");
    fill(-5);

    thin(RETENTION);

    assertThat(db.number("SELECT count(*) FROM shigoto.thinned_days")).as("of -4, -5").isEqualTo(2);
  }

  @Test
  void whatHasNoPartitionIsDeletedAsIsSaidOfItsState() {
    days.ended(-100, "discarded", 1, 6_000);
    days.ended(-4, "completed", 1, 6_000);
    days.ended(-4, "cancelled", 1, 2);
    days.ended(-3, "completed", 1, 2);
    assertThat(db.number("SELECT count(*) FROM shigoto.job_history_default")).isEqualTo(12_004);

    assertThat(thinning(RETENTION).rest().block(LIMIT)).isEqualTo(12_000);

    assertThat(days.counts()).containsExactly("-4 cancelled 2", "-3 completed 2");
    assertThat(thinning(RETENTION).rest().block(LIMIT)).isZero();
  }

  private void fill(int day) {
    days.make(day);
    for (String state : List.of("completed", "discarded", "cancelled")) {
      days.ended(day, state, 1, 2);
    }
  }

  private long thin(Retention retention) {
    return thinning(retention).days().block(LIMIT);
  }

  private Thinning thinning(Retention retention) {
    return new Thinning(database, statements, retention);
  }

  private Connection transaction(String statement) {
    Connection other = Mono.from(db.connectionFactory().create()).block(LIMIT);
    Database.run(other, "BEGIN; " + statement).block(LIMIT);
    return other;
  }
}
