package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.event.JobEvent.Kind;
import io.shigoto.job.JobState;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.support.PastDays;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Ended jobs are kept as long as the builder said, and no longer, while the node works. */
class RetentionIT {

  private static final int KEPT = 3;
  private static final int OLDEST = 9;
  private static final List<String> STATES = List.of("completed", "discarded", "cancelled");

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Told told = new Told();

  @Test
  void aNodeThatStartsDropsTheDaysThatAreOver() {
    history();

    nodes.start(builder());

    assertThat(days().made()).doesNotContainAnyElementsOf(days().names(-OLDEST, -KEPT - 1));
    awaitKept(KEPT, KEPT, KEPT);
  }

  /** What is there when it starts is looked at before it works; later, by the chore. */
  @Test
  void aNodeThatWorksDropsThemToo() {
    nodes.start(builder());
    history();

    db.sql("UPDATE shigoto.nodes SET lease_until = now() - interval '1 ms'");
    told.await(Kind.NODE_JOINED, 2);

    awaitKept(KEPT, KEPT, KEPT);
    Await.until(
        "its partitions are gone",
        LIMIT,
        () -> days().made().stream().noneMatch(days().names(-OLDEST, -KEPT - 1)::contains));
  }

  /** Two nodes at once; in partitions of their days, and in none. */
  @Test
  void jobsInEachStateAreKeptAsLongAsIsSaidOfIt() {
    history();

    for (int i = 0; i < 2; i++) {
      nodes.start(
          builder()
              .retention(JobState.DISCARDED, Duration.ofDays(6))
              .retention(JobState.COMPLETED, Duration.ofDays(1)));
    }

    awaitKept(1, 6, KEPT);
    assertThat(days().made())
        .containsAll(days().names(-6, -6))
        .doesNotContainAnyElementsOf(days().names(-OLDEST, -7));
  }

  private ShigotoBuilder builder() {
    return Shigoto.builder(db.connectionFactory())
        .lease(Duration.ofSeconds(2))
        .retention(Duration.ofDays(KEPT))
        .listener(told);
  }

  private static void awaitKept(Integer... days) {
    List<String> expected = new ArrayList<>();
    for (int day = -OLDEST; day <= 0; day++) {
      for (int state = 0; state < days.length; state++) {
        if (-day <= days[state]) {
          expected.add("%d %s 1".formatted(day, STATES.get(state)));
        }
      }
    }
    Await.until("what is kept", LIMIT, () -> days().counts().equals(expected));
  }

  /** Every other old day has a partition; rows of the others are in the default one. */
  private static void history() {
    for (int day = 0; day >= -OLDEST; day--) {
      if (day < 0 && day % 2 == 0) {
        days().make(day);
      }
      for (String state : STATES) {
        days().ended(day, state, -day, -day);
      }
    }
  }

  private static PastDays days() {
    return new PastDays(db.database());
  }
}
