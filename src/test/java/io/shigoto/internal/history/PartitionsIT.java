package io.shigoto.internal.history;

import static org.assertj.core.api.Assertions.assertThat;

import io.r2dbc.spi.Connection;
import io.shigoto.internal.postgres.Database;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

class PartitionsIT extends WithHistory {

  private static final int RETENTION = 14;

  private Partitions partitions;

  @BeforeEach
  void make() {
    partitions = new Partitions(database, statements);
  }

  @Test
  void theDaysAheadAreMadeOnce() {
    days.drop();

    assertThat(keep()).isEqualTo(DAYS_AHEAD + 1);
    assertThat(days.made()).containsExactlyElementsOf(days.names(0, DAYS_AHEAD));
    assertThat(keep()).isZero();
  }

  @Test
  void daysBeyondTheRetentionAreDroppedAndTheOthersStay() {
    days.make(-RETENTION - 1);
    days.make(-RETENTION);
    days.make(-400);
    days.ended(-RETENTION - 1, "completed", 1, 1);
    days.ended(-RETENTION, "completed", 2, 2);

    assertThat(keep()).isEqualTo(2);

    assertThat(days.made())
        .startsWith(days.names(-RETENTION, -RETENTION).get(0))
        .endsWith(days.names(0, DAYS_AHEAD).toArray(String[]::new))
        .hasSize(1 + 1 + DAYS_AHEAD);
    assertThat(ids()).containsExactly(2L);
  }

  @Test
  void aDayWhoseRowsAreInTheDefaultAlreadyIsNotNeeded() {
    days.drop();
    days.ended(2, "completed", 1, 1);

    assertThat(keep()).isEqualTo(DAYS_AHEAD);

    assertThat(ids()).containsExactly(1L);
    assertThat(days.made()).hasSize(DAYS_AHEAD).doesNotContainSequence(days.names(2, 2));
  }

  @Test
  void nodesMayKeepTheDaysAtTheSameTime() {
    days.drop();
    for (int day = RETENTION + 1; day < RETENTION + 10; day++) {
      days.make(-day);
    }

    Flux.range(0, 4).flatMap(i -> partitions.keep(RETENTION)).blockLast(LIMIT);

    assertThat(days.made()).containsExactlyElementsOf(days.names(0, DAYS_AHEAD));
  }

  @Test
  void aLongReadOfTheHistoryDoesNotStopSettlements() {
    days.make(-RETENTION - 1);
    Connection reader = Mono.from(db.connectionFactory().create()).block(LIMIT);
    Database.run(reader, "BEGIN; SELECT count(*) FROM shigoto.job_history").block(LIMIT);

    assertThat(keep()).as("left for later").isZero();
    days.ended(0, "completed", 1, 1);

    assertThat(ids()).containsExactly(1L);
    Mono.from(reader.close()).block(LIMIT);
    assertThat(keep()).isEqualTo(1);
  }

  private long keep() {
    return partitions.keep(RETENTION).block(LIMIT);
  }

  private List<Long> ids() {
    return db.sql("SELECT id FROM shigoto.job_history ORDER BY id").stream()
        .map(row -> (Long) row.get("id"))
        .toList();
  }
}
