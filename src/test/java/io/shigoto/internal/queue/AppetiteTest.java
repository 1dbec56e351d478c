package io.shigoto.internal.queue;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class AppetiteTest {

  private static final int MOST = 100;
  private static final long CLAIM = 1_000_000;

  private final Appetite appetite = new Appetite(MOST);

  @Test
  void atFirstTheFreeSlotsAreFilledAndNoMore() {
    assertThat(appetite.limit(10, 0)).isEqualTo(10);
    assertThat(appetite.limit(10, 4)).isEqualTo(6);
    assertThat(appetite.limit(0, 0)).isZero();
    assertThat(appetite.limit(2, 5)).isZero();
  }

  @Test
  void twiceWhatAClaimSawFinishedMayWaitAhead() {
    finishDuringAClaim(20);

    assertThat(appetite.limit(10, 0)).isEqualTo(50);
    assertThat(appetite.limit(0, 0)).isEqualTo(40);
  }

  @Test
  void withoutFreeSlotsItWaitsUntilHalfOfWhatIsAheadIsGone() {
    finishDuringAClaim(20);

    assertThat(appetite.limit(0, 20)).isZero();
    assertThat(appetite.limit(0, 19)).isEqualTo(21);
    assertThat(appetite.limit(1, 40)).isEqualTo(1);
  }

  @Test
  void longRunsAreNeverHoarded() {
    finishDuringAClaim(20);
    finishDuringAClaim(0);

    assertThat(appetite.limit(0, 0)).isZero();
    assertThat(appetite.limit(3, 0)).isEqualTo(3);
  }

  @Test
  void whatSpoiltAheadIsNotClaimedAgain() {
    finishDuringAClaim(20);

    appetite.spoilt();

    assertThat(appetite.limit(0, 0)).isZero();
    assertThat(appetite.limit(1, 0)).isEqualTo(1);
  }

  @Test
  void jobsMayWaitAheadForASecondOrForEightClaims() {
    finishDuringAClaim(20);
    assertThat(appetite.patience()).isEqualTo(1_000_000_000L);

    appetite.claimed(appetite.mark(), 1_000_000_000L, false);
    assertThat(appetite.patience()).isEqualTo(8_000_000_000L);
  }

  @Test
  void whatWaitsAheadIsBounded() {
    finishDuringAClaim(1_000_000);

    assertThat(appetite.limit(0, 0)).isEqualTo(MOST);
    assertThat(appetite.limit(10, 0)).isEqualTo(MOST + 10);
    assertThat(appetite.limit(Long.MAX_VALUE - MOST, 0)).isEqualTo(5000);
  }

  @Test
  void heavyJobsAreClaimedInSmallNumbers() {
    appetite.weighed(16, true);
    assertThat(appetite.limit(1000, 0)).isEqualTo(16);

    appetite.weighed(16, false);
    assertThat(appetite.limit(1000, 0)).isEqualTo(21);
    appetite.weighed(1, true);
    assertThat(appetite.limit(1000, 0)).isEqualTo(1);

    for (int claims = 0; claims < 50; claims++) {
      appetite.weighed(1, false);
    }
    assertThat(appetite.limit(9000, 0)).isEqualTo(5000);
  }

  @Test
  void slotsThatStandEmptyAllTheSameDoubleIt() {
    finishDuringAClaim(5, true);
    finishDuringAClaim(5, true);
    finishDuringAClaim(5, true);

    assertThat(appetite.limit(0, 0)).isEqualTo(40);
  }

  @Test
  void slotsThatStandEmptyBehindLongRunsDoNot() {
    finishDuringAClaim(5, true);
    finishDuringAClaim(0, true);

    assertThat(appetite.limit(0, 0)).isZero();
  }

  private void finishDuringAClaim(int runs) {
    finishDuringAClaim(runs, false);
  }

  /** A single slot is empty during each claim, so nothing ends meanwhile. */
  @Test
  void aSingleSlotClaimsAheadWhenRunsAreShorterThanAClaim() {
    claim(true);
    finishBetweenClaims(1, CLAIM / 2);
    claim(true);
    assertThat(appetite.limit(1, 0)).isEqualTo(3);

    finishBetweenClaims(3, CLAIM / 2);
    claim(true);
    assertThat(appetite.limit(1, 0)).isEqualTo(5);
  }

  @Test
  void aSingleSlotWithLongRunsClaimsNothingAhead() {
    claim(true);
    finishBetweenClaims(1, 2 * CLAIM);
    claim(true);

    assertThat(appetite.limit(1, 0)).isEqualTo(1);
  }

  @Test
  void aClaimThatDidNotBringAllItAskedForMakesNobodyHungry() {
    claim(false);
    finishBetweenClaims(1, CLAIM / 2);
    claim(false);

    assertThat(appetite.limit(1, 0)).isEqualTo(1);
  }

  private void claim(boolean starved) {
    appetite.claimed(appetite.mark(), CLAIM, starved);
  }

  private void finishBetweenClaims(int runs, long took) {
    for (int i = 0; i < runs; i++) {
      appetite.finished(took);
    }
  }

  private void finishDuringAClaim(int runs, boolean starved) {
    long mark = appetite.mark();
    finishBetweenClaims(runs, 2 * CLAIM);
    appetite.claimed(mark, CLAIM, starved);
  }
}
