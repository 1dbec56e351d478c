package io.shigoto.internal.shed;

import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.internal.shed.Sample.Waited;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * Times are in nanoseconds; a window is a thousand of them, and what takes more than 100 is long.
 */
class OverloadTest {

  private static final Targets TARGETS = new Targets(100, 100, 1000);
  private static final long LONG = 101;

  private long now = 5;
  private Overload state = Overload.none(now);

  @Test
  void whileTheBestWaitTooLongOnePriorityAfterTheOtherIsShedAndNeverTheBest() {
    see(0, 5, 10);
    List<Integer> floors = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      window(sample(10, LONG));
      floors.add(state.floor());
    }
    assertThat(floors).containsExactly(5, 10, 10, 10, 10);
  }

  @Test
  void oneOfTheBestThatHardlyWaitedIsEnoughForCalm() {
    see(0, 10);
    window(sample(10, LONG), sample(10, 100), sample(10, LONG));
    assertThat(state.level()).isZero();
  }

  @Test
  void thatLowPrioritiesWaitIsNoOverload() {
    see(0, 10);
    window(sample(10, 1), sample(0, 1_000_000), sample(10, 2));
    window(sample(0, 1_000_000));
    assertThat(state.level()).isZero();
  }

  @Test
  void aClaimThatIsNotFullSaysThatThereIsNoQueue() {
    see(0, 10);
    window(Sample.of(List.of(new Waited(10, LONG, false)), false, 1));
    assertThat(state.level()).isZero();
  }

  @Test
  void jobsOfLimitedWorkersWaitByDesign() {
    see(0, 10);
    window(Sample.of(List.of(new Waited(10, LONG, true)), true, 1));
    assertThat(state.level()).isZero();

    window(Sample.of(List.of(new Waited(10, 1, true), new Waited(5, LONG, false)), true, 1));
    assertThat(state.floor()).as("others of lower priority still tell").isEqualTo(5);
  }

  @Test
  void aSlowDatabaseShedsToo() {
    see(0, 10);
    window(Sample.of(List.of(new Waited(10, 1, true)), false, LONG), Sample.empty(LONG));
    assertThat(state.floor()).isEqualTo(10);

    window(Sample.of(List.of(new Waited(10, 1, false)), false, 1), Sample.empty(LONG));
    assertThat(state.calm()).as("one fast claim is enough").isEqualTo(1);
  }

  @Test
  void itRecoversWhenAllIsWell() {
    shed(0, 5, 10);
    List<Integer> levels = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      window(sample(10, 1));
      levels.add(state.level());
    }
    assertThat(levels).containsExactly(2, 2, 1, 1, 1, 0);
  }

  @Test
  void itRecoversWhenAllTrafficHasStopped() {
    shed(0, 5, 10);
    now += 6 * TARGETS.window();
    assertThat(state.at(now, TARGETS).level()).isZero();
    now += 1_000_000 * TARGETS.window();
    assertThat(state.at(now, TARGETS).level()).isZero();
  }

  @Test
  void itRecoversWhenOnlyLowJobsAreLeftHoweverSlowTheDatabaseIs() {
    shed(0, 5, 10);
    for (int i = 0; i < 6; i++) {
      window(Sample.empty(LONG));
    }
    assertThat(state.level()).isZero();

    for (int i = 0; i < 20; i++) {
      window(Sample.of(List.of(new Waited(0, 1_000_000, false)), true, LONG));
      assertThat(state.level()).as("the only ones are the best").isZero();
    }
  }

  @Test
  void aProbeThatFailsMakesTheNextOneLaterUpToALimitAndAllIsForgottenAfterwards() {
    shed(0, 10);
    List<Integer> pauses = new ArrayList<>();
    for (int probe = 0; probe < 7; probe++) {
      int windows = 0;
      while (state.level() > 0) {
        window();
        windows++;
      }
      pauses.add(windows);
      window(sample(10, LONG));
      assertThat(state.level()).isEqualTo(1);
    }
    assertThat(pauses).containsExactly(3, 6, 12, 24, 48, 48, 48);

    for (int i = 0; i < 2 * Overload.LONGEST_CALM; i++) {
      window();
    }
    assertThat(state.level()).isZero();
    assertThat(state.patience()).isEqualTo(Overload.SHORTEST_CALM);
  }

  @Test
  void itIsInTroubleFromTheFirstStepUntilNoProbeHasFailedForLong() {
    see(0, 10);
    assertThat(state.isTroubled()).isFalse();
    for (int probe = 0; probe < 3; probe++) {
      window(sample(10, LONG));
      while (state.level() > 0) {
        assertThat(state.isTroubled()).isTrue();
        window();
      }
      assertThat(state.isTroubled()).as("it may begin again").isTrue();
    }
    for (int i = 0; i < Overload.LONGEST_CALM - 1; i++) {
      window();
      assertThat(state.isTroubled()).isTrue();
    }
    window();
    assertThat(state.isTroubled()).isFalse();
  }

  @Test
  void whateverHasHappenedItIsOverSoonAfterTheLastSignOfIt() {
    for (int seed = 0; seed < 500; seed++) {
      Random random = new Random(seed);
      state = Overload.none(now);
      for (int step = 0; step < 200; step++) {
        int before = state.level();
        state = state.at(now, TARGETS);
        if (random.nextInt(3) > 0) {
          List<Waited> jobs = new ArrayList<>();
          for (int i = random.nextInt(4); i > 0; i--) {
            jobs.add(
                new Waited(random.nextInt(-9, 10), random.nextInt(300), random.nextInt(5) == 0));
          }
          state =
              state.heard(Sample.of(jobs, random.nextBoolean(), random.nextInt(300)), now, TARGETS);
        }
        assertThat(state.level() - before).as("step by step").isLessThanOrEqualTo(1);
        assertThat(state.floors()).isSorted().doesNotHaveDuplicates();
        assertThat(state.known().size()).isLessThanOrEqualTo(16);
        assertThat(state.patience()).isBetween(Overload.SHORTEST_CALM, Overload.LONGEST_CALM);
        if (state.level() > 0) {
          assertThat(state.floor()).as("the best may be claimed").isLessThanOrEqualTo(9);
        }
        now += random.nextInt(1500);
      }
      long windows = 2L + (long) state.level() * state.patience();
      assertThat(state.at(now + windows * TARGETS.window(), TARGETS).level())
          .as("seed %d", seed)
          .isZero();
    }
  }

  @Test
  void itDoesNotMatterHowOftenSomebodyLooksAtTheClock() {
    for (int seed = 0; seed < 200; seed++) {
      Random random = new Random(seed);
      Overload often = Overload.none(0);
      Overload seldom = Overload.none(0);
      long time = 0;
      for (int step = 0; step < 100; step++) {
        long next = time + random.nextInt(3000);
        for (long at = time; at < next; at += 100) {
          often = often.at(at, TARGETS);
        }
        time = next;
        Sample sample = sample(random.nextInt(3), random.nextInt(200));
        often = often.heard(sample, time, TARGETS);
        seldom = seldom.heard(sample, time, TARGETS);
        assertThat(often).isEqualTo(seldom);
      }
    }
  }

  private void see(int... priorities) {
    for (int priority : priorities) {
      state = state.heard(sample(priority, 0), now, TARGETS);
    }
    window();
  }

  /** Sheds all but the last. */
  private void shed(int... priorities) {
    see(priorities);
    while (state.floor() < priorities[priorities.length - 1]) {
      window(sample(priorities[priorities.length - 1], LONG));
    }
  }

  private void window(Sample... samples) {
    for (Sample sample : samples) {
      state = state.heard(sample, now, TARGETS);
    }
    now += TARGETS.window();
    state = state.at(now, TARGETS);
  }

  private static Sample sample(int priority, long waited) {
    return Sample.of(List.of(new Waited(priority, waited, false)), true, 1);
  }
}
