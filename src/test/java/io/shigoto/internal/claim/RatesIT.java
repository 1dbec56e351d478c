package io.shigoto.internal.claim;

import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.Schemas;
import io.shigoto.internal.json.OwnJson;
import io.shigoto.internal.known.SharedRate;
import io.shigoto.internal.limit.PaceSchedules;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.worker.RateLimit;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The functions of V008 that reckon, at times of the test's choice. */
class RatesIT {

  private static final Duration SECOND = Duration.ofSeconds(1);
  private static final int ROUNDS = 40;
  private static final int STEPS = 100;
  private static final int SAVED = 20;
  private static final int NODES = 3;

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  /** A claim at each step: so long after the last, or after the next permit if it is negative. */
  @BeforeEach
  void claims() {
    db.sql(
        """
        CREATE OR REPLACE FUNCTION claims(of_rate jsonb, began bigint, pauses bigint[], slacks bigint[], wanted integer[])
        RETURNS TABLE (at bigint, granted integer, told boolean) LANGUAGE plpgsql AS $$
        DECLARE
          rate  shigoto.rate := jsonb_populate_record(NULL::shigoto.rate, of_rate);
          state bigint[];
          free  bigint;
        BEGIN
          at := began;
          FOR step IN 1 .. cardinality(pauses) LOOP
            at := CASE WHEN pauses[step] >= 0 THEN at + pauses[step]
                       ELSE greatest(at, coalesce(shigoto.rate_free_at(rate, state), at)) - pauses[step] - 1 END;
            rate.slack := slacks[step];
            granted := least(wanted[step], shigoto.rate_room(rate, state, at));
            IF granted > 0 THEN
              state := shigoto.rate_spent(rate, state, at, granted);
            END IF;
            free := shigoto.rate_free_at(rate, state);
            told := CASE WHEN shigoto.rate_room(rate, state, at) = 0
                         THEN shigoto.rate_room(rate, state, free) > 0 AND shigoto.rate_room(rate, state, free - 1) = 0
                         ELSE free IS NULL OR free <= at END;
            RETURN NEXT;
          END LOOP;
        END $$
        """);
  }

  /** Wherever in its slack each run starts, on whichever of three nodes. */
  @Test
  void startsKeepTheRateWheneverTheyComeInTheSlack() {
    for (int seed = 0; seed < ROUNDS; seed++) {
      RateLimit.Algorithm algorithm = RateLimit.Algorithm.values()[seed % 4];
      Random random = new Random(seed);
      RateLimit limit = PaceSchedules.limit(algorithm, random);
      SharedRate rate = SharedRate.of(limit, "here");
      List<Long> starts = new ArrayList<>();
      long[] spaced = new long[NODES];
      for (Claim claim : claims(rate, random, pauses(limit, random), slacks(limit, random), 0.25)) {
        assertThat(claim.told).as("seed %d at %d", seed, claim.at).isTrue();
        start(limit, rate, claim, random, spaced, starts);
      }
      Collections.sort(starts);
      PaceSchedules.assertKept(limit, starts, "seed " + seed);
    }
  }

  /**
   * Claims come a little after each permit, and the next permit counts from the end of the slack.
   */
  @ParameterizedTest
  @EnumSource
  void underLoadMostOfTheRateIsUsed(RateLimit.Algorithm algorithm) {
    for (int perSecond : List.of(1, 10, 100, 1000)) {
      RateLimit limit = PaceSchedules.by(algorithm, RateLimit.of(perSecond, SECOND));
      Random random = new Random(perSecond);
      SharedRate rate = SharedRate.of(limit, "here").with(2_000);
      long[] pauses = new long[STEPS];
      for (int step = 0; step < STEPS; step++) {
        pauses[step] = -1 - random.nextLong(5_000);
      }
      long[] slacks = new long[STEPS];
      Arrays.fill(slacks, rate.slack());

      List<Claim> claims = claims(rate, random, pauses, slacks, 1);

      // The first ones find permits that were saved up.
      List<Claim> later = claims.subList(SAVED, STEPS);
      long all = later.stream().mapToLong(claim -> claim.granted).sum();
      long took = claims.get(STEPS - 1).at - claims.get(SAVED - 1).at;
      double used = all / (took * perSecond / 1e6);
      assertThat(used).as("%s %d", algorithm, perSecond).isGreaterThan(0.7);
    }
  }

  /** A clock that was put back says nothing about what was noted before, and blocks nobody. */
  @Test
  void whatWasNotedByAClockThatWasPutBackIsForgotten() {
    for (RateLimit.Algorithm algorithm : RateLimit.Algorithm.values()) {
      SharedRate rate = SharedRate.of(PaceSchedules.by(algorithm, RateLimit.of(5, SECOND)), "here");
      long room =
          db.number(
              """
              SELECT shigoto.rate_room(rate, shigoto.rate_spent(rate, NULL, now + 3600000000, 1), now)
                FROM jsonb_populate_record(NULL::shigoto.rate, $1::jsonb) AS rate,
                     shigoto.micros(clock_timestamp()) AS now
              """,
              OwnJson.write(rate));

      assertThat(room).as("%s", algorithm).isPositive();
    }
  }

  @Test
  void aLimitIsSharedByThoseWhoSayTheSame() {
    RateLimit limit = RateLimit.of(5, SECOND).global();

    assertThat(SharedRate.of(limit, "a").rule()).isEqualTo(SharedRate.of(limit, "b").rule());
    assertThat(SharedRate.of(limit, "a").rule())
        .isNotEqualTo(SharedRate.of(limit.perPartition(), "a").rule())
        .isNotEqualTo(SharedRate.of(limit.tokenBucket(), "a").rule());
    RateLimit own = RateLimit.of(5, SECOND).perPartition();
    assertThat(SharedRate.of(own, "a").rule()).isNotEqualTo(SharedRate.of(own, "b").rule());
  }

  private static void start(
      RateLimit limit,
      SharedRate rate,
      Claim claim,
      Random random,
      long[] spaced,
      List<Long> starts) {
    int node = random.nextInt(NODES);
    long step =
        rate.ahead() > 0 ? -Math.floorDiv(-PaceSchedules.micros(limit), limit.permits()) : 0;
    long last = claim.at + claim.slack + rate.spaces(claim.granted);
    long next = rate.ahead() > 0 ? Math.max(claim.at, spaced[node]) : claim.at;
    for (int i = 0; i < claim.granted; i++) {
      long latest = last - (claim.granted - 1 - i) * step;
      long start = next + some(Math.max(0, latest - next), random);
      if (start > last) {
        return; // too late: the job is given back
      }
      starts.add(start);
      next = rate.ahead() > 0 ? start + step : claim.at;
      spaced[node] = next;
    }
  }

  private static long some(long most, Random random) {
    return switch (random.nextInt(3)) {
      case 0 -> 0;
      case 1 -> most;
      default -> random.nextLong(most + 1);
    };
  }

  private static long[] pauses(RateLimit limit, Random random) {
    long period = PaceSchedules.micros(limit);
    long[] pauses = new long[STEPS];
    for (int step = 0; step < STEPS; step++) {
      pauses[step] =
          switch (random.nextInt(6)) {
            case 0 -> 0;
            case 1 -> random.nextLong(2 * period);
            case 2, 3 -> -1 - random.nextLong(2);
            default -> random.nextLong(3 * period / limit.permits() + 1);
          };
    }
    return pauses;
  }

  private static long[] slacks(RateLimit limit, Random random) {
    long most = random.nextBoolean() ? 2_000_000 : PaceSchedules.micros(limit) / 5;
    return random.longs(STEPS, 0, most + 1).toArray();
  }

  private static List<Claim> claims(
      SharedRate rate, Random random, long[] pauses, long[] slacks, double greed) {
    Integer[] wanted = new Integer[pauses.length];
    for (int step = 0; step < wanted.length; step++) {
      wanted[step] = random.nextDouble() < greed ? 2_000 : 1 + random.nextInt(rate.permits() + 5);
    }
    List<Map<String, @Nullable Object>> rows =
        db.sql(
            "SELECT at, granted, told FROM claims($1::jsonb, $2, $3, $4, $5)",
            OwnJson.write(rate),
            random.nextLong(1_000_000_000_000_000L, 2_000_000_000_000_000L),
            boxed(pauses),
            boxed(slacks),
            wanted);
    List<Claim> claims = new ArrayList<>();
    for (int step = 0; step < rows.size(); step++) {
      Map<String, @Nullable Object> row = rows.get(step);
      claims.add(
          new Claim(
              (Long) Objects.requireNonNull(row.get("at")),
              (Integer) Objects.requireNonNull(row.get("granted")),
              (Boolean) Objects.requireNonNull(row.get("told")),
              slacks[step]));
    }
    return claims;
  }

  private static Long[] boxed(long[] numbers) {
    return Arrays.stream(numbers).boxed().toArray(Long[]::new);
  }

  private record Claim(long at, int granted, boolean told, long slack) {}
}
