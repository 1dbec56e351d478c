package io.shigoto.mutants;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.provider.Arguments;

/** For each promise: what keeps it is taken away, and a test of the suite says so. */
class MutantsIT extends Mutants {

  private static final String LIMITS = "migrations/V007__limits";
  private static final String RATES = "migrations/V008__rates";
  private static final String LOCK = "    IF NOT shigoto.lock_limits(rule.names) THEN";
  private static final String COUNT =
      "room := rule.most - (SELECT count(*) FROM shigoto.jobs WHERE worker = ANY (rule.names)"
          + " AND limited AND owner IS NOT NULL);\n";

  private static final String FENCE =
      "     AND job.lease = ($2::bigint[])[width_bucket(job.id, $1::bigint[])]\n";

  static Stream<Arguments> mutants() {
    return Stream.of(
        Arguments.of(
            "completed runs are not fenced",
            sql("settle_completed", FENCE, "     AND cardinality($2::bigint[]) > 0\n"),
            "FenceIT",
            "aCompletedOneChangesNothing"),
        Arguments.of(
            "other runs are not fenced",
            sql("settle", FENCE, "     AND cardinality($2::bigint[]) > 0\n"),
            "FenceIT",
            "aFailedOneChangesNothing"),
        Arguments.of(
            "a node claims without a lease",
            sql("claim", " AND lease_until > now()", ""),
            "internal.claim.ClaimIT",
            "aNodeWithoutAValidLeaseClaimsNothing"),
        Arguments.of(
            "rivals wait for each other, and take what was taken",
            sql("claim", "FOR UPDATE SKIP LOCKED", ""),
            "internal.claim.ClaimIT",
            "claimsAtTheSameTimeShareTheJobsAndNoneGetsAJobTwice"),
        Arguments.of(
            "completed jobs stay where they were, and run again",
            sql(
                "settle_completed",
                "DELETE FROM shigoto.jobs AS job",
                "UPDATE shigoto.jobs AS job SET state = 'available', owner = NULL"),
            "FenceIT",
            "aRunThatWasNotSupersededIsTheOnlyOne"),
        Arguments.of(
            "the lease of a job is not raised",
            sql("claim", "lease = job.lease + 1", "lease = 1"),
            "internal.claim.ClaimIT",
            "theLeaseOfAJobIsRaisedByEveryClaim"),
        Arguments.of(
            "a pause holds nobody back",
            sql("claim", "AND paused)", "AND paused IS NULL)"),
            "internal.claim.ClaimIT",
            "aPausedQueueGivesNothing"),
        Arguments.of(
            "limits of the cluster are not locked",
            sql(LIMITS, LOCK, "    IF false THEN"),
            "GlobalConcurrencyIT",
            "allNamesOfAWorkerCountTogether"),
        Arguments.of(
            "what runs in the cluster is counted before the limits are locked",
            sql(LIMITS, "room := rule.most - CASE", "PERFORM rule.most - CASE")
                .replace(file(LIMITS), LOCK, COUNT + LOCK),
            "GlobalConcurrencyIT",
            "allNamesOfAWorkerCountTogether"),
        Arguments.of(
            "other names of a worker do not count",
            sql(LIMITS, "run.worker = ANY (rule.names)", "run.worker = rule.names[1]"),
            "GlobalConcurrencyIT",
            "allNamesOfAWorkerCountTogether"),
        Arguments.of(
            "what runs of a key does not count in a fair queue",
            sql(
                LIMITS,
                "AND run.partition_key = walked.key\n                   AND run.limited",
                "AND false"),
            "FairQueueIT",
            "whatRunsOnOtherNodesCounts"),
        Arguments.of(
            "a fair queue does not know whose turn it was",
            sql(
                LIMITS,
                "CASE WHEN fair AND plan.planned > 0 THEN served ELSE look.reached END",
                "NULL"),
            "internal.claim.LimitedClaimIT",
            "inAFairQueueKeysTakeTurnsAndJobsWithoutOneShareATurn"),
        Arguments.of(
            "a partition key that is full shuts the gate for all",
            sql(LIMITS, "claim_notes('crowded', plan.crowded", "claim_notes('full', plan.crowded"),
            "internal.claim.LimitedClaimIT",
            "ofEachPartitionKeyNoMoreAreTakenAndTheBestComeFirst"),
        Arguments.of(
            "a run starts after it was cut",
            java("internal/permit/Held", "    return may;", "    return true;"),
            "internal.permit.HeldTest",
            "aRunThatIsCutAfterItsTurnCameDoesNotStartAndAnotherDoes"),
        Arguments.of(
            "what was claimed ahead runs on into an open circuit",
            java("internal/permit/Watched", "return permits.lets(term);", "return true;"),
            "internal.permit.HeldTest",
            "whatWasClaimedBeforeTheCircuitOpenedDoesNotStartUntilItIsClosed"),
        Arguments.of(
            "what waits ahead of long runs is hoarded",
            java("internal/queue/Overdue", "now.gone < then.come", "false"),
            "internal.queue.AheadTest",
            "runsAreOverdueThatWaitWhileItIsAskedSoManyTimes"),
        Arguments.of(
            "a permit counts from its beginning, not from its end",
            sql(RATES, "at + rate.slack", "at"),
            "internal.claim.RatesIT",
            "startsKeepTheRateWheneverTheyComeInTheSlack"),
        Arguments.of(
            "nodes note by themselves what has started",
            java("internal/known/SharedRate", "limit.scope() == Scope.NODE ?", "true ?"),
            "ClusterRateIT",
            "allNamesOfAWorkerShareTheRate"),
        Arguments.of(
            "permits that are taken are not noted",
            sql(
                LIMITS,
                "least(free_at, shigoto.spend_rate("
                    + "of_one.rate, of_one.names, spent.key, at, spent.starts))",
                "free_at"),
            "internal.claim.LimitedClaimIT",
            "noMoreAreTakenThanMayStartAndAllNamesOfAWorkerShareThem"),
        Arguments.of(
            "runs that are too late start",
            java(
                "internal/permit/WorkerPermits",
                "return now <= validity.until();",
                "return now <= Long.MAX_VALUE;"),
            "internal.permit.HeldTest",
            "aRunThatComesLaterThanItsPermitLastsDoesNotStart"),
        Arguments.of(
            "permits are never given back",
            java(
                "internal/permit/WorkerPermits",
                "quota.change(present -> rule.giveBack(present, taken.term, jobs));",
                ""),
            "internal.permit.AllowancesTest",
            "concurrencyHoldsAcrossQueuesAndAllOfItIsUsed"),
        Arguments.of(
            "a breaker without terms",
            java("internal/limit/Breaker", "if (state.term() != term) {", "if (false) {"),
            "internal.limit.BreakerTest",
            "aRunThatWasClaimedBeforeSaysNothing"));
  }

  /** What breaks nothing is not caught: it is the mutants that fail, not the way they run. */
  @Test
  void aChangeThatBreaksNothingIsNotCaught() {
    Mutant harmless =
        sql("claim", "AND lease_until > now()", "AND lease_until >= now()")
            .replace(
                "java/io/shigoto/internal/limit/Breaker.java",
                "return state instanceof Open ? 0 : wanted;",
                "return state instanceof Open ? 0 : Math.min(wanted, wanted);");

    assertThat(
            harmless.failuresOf(
                "io.shigoto.internal.claim.ClaimIT", "aNodeWithoutAValidLeaseClaimsNothing"))
        .isEmpty();
  }
}
