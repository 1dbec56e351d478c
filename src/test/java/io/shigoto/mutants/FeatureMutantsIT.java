package io.shigoto.mutants;

import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;

/** What keeps the promises about unique jobs, dependencies, batches, limits and control. */
class FeatureMutantsIT extends Mutants {

  private static final String KEYS = "migrations/V002__unique_keys";
  private static final String ENQUEUE = "migrations/V003__special_enqueue";
  private static final String DEPENDENCIES = "migrations/V004__dependencies";
  private static final String BATCHES = "migrations/V005__batches";
  private static final String LIMITS = "migrations/V007__limits";
  private static final String CONTROL = "migrations/V015__control";
  private static final String RATES = "migrations/V008__rates";

  private static final String ENTER =
      """
        PERFORM shigoto.enter_limits(ARRAY(
          SELECT jsonb_array_elements_text(one -> 'names') FROM jsonb_array_elements(limits) AS each (one)));
      """;

  static Stream<Arguments> mutants() {
    return Stream.of(unique(), groups(), limits(), control()).flatMap(some -> some);
  }

  private static Stream<Arguments> unique() {
    return Stream.of(
        Arguments.of(
            "a key is held although its period is over",
            sql(ENQUEUE, "held.until <= clock_timestamp() OR", "false OR"),
            "UniqueIT",
            "anotherIsLetInWhenThePeriodIsOver"),
        Arguments.of(
            "a key is never given back",
            sql("migrations/V001__engine", "PERFORM shigoto.release_keys(every);", ""),
            "UniqueLifeIT",
            "aJobHoldsItsKeyUntilItHasEnded"),
        Arguments.of(
            "a key is held by a run that is to give it up",
            sql("claim", "shigoto.give_up_key(job.unique_key, job.id)", "true"),
            "UniqueLifeIT",
            "aKeyIsGivenUpAtTheStartAndTakenAgainByTheRunThatComesBack"),
        Arguments.of(
            "a debounced job does not wait",
            sql(
                ENQUEUE,
                "coalesce(now() + (given[last.due]).debounce, (given[last.due]).scheduled_at)",
                "(given[last.due]).scheduled_at"),
            "UniqueIT",
            "aDebouncedJobWaitsFromTheLastOneOn"),
        Arguments.of(
            "of many that replace the first wins",
            sql(
                ENQUEUE,
                "max(ordinality) FILTER (WHERE 'args'",
                "min(ordinality) FILTER (WHERE 'args'"),
            "UniqueIT",
            "ofManyThatReplaceTheLastWins"),
        Arguments.of(
            "a job that is started meanwhile stays locked",
            sql(
                KEYS,
                "again := cardinality(locked) + cardinality(kept) < cardinality(met);",
                "again := false;"),
            "UniqueBegunIT",
            "aJobThatIsStartedAtThatMomentIsNotKeptLocked"),
        Arguments.of(
            "what was started is replaced",
            sql(ENQUEUE, "AND job.attempt = 0 AND job.begun IS NULL AND NOT", "AND NOT")
                .replace(
                    file(KEYS),
                    "AND attempt = 0 AND begun IS NULL ORDER BY id FOR UPDATE",
                    "ORDER BY id FOR UPDATE"),
            "UniqueIT",
            "aJobThatWasStartedStaysAsItIs"),
        Arguments.of(
            "what follows from an end that a key brings follows at once",
            sql(
                KEYS,
                "        ended := shigoto.cancel_for(job, run, holder);\n",
                """
                        ended := shigoto.cancel_for(job, run, holder);
                        PERFORM shigoto.jobs_ended(ARRAY[ended], false);
                """),
            "SettleOrderIT",
            "whoDoesNotGetABatchHoldsNoneThatComesLater"));
  }

  private static Stream<Arguments> groups() {
    return Stream.of(
        Arguments.of(
            "a job waits for one of those that it depends on",
            sql(
                    DEPENDENCIES,
                    "WHEN job.pending > parts[width_bucket(job.id, children)] THEN 'waiting'",
                    "")
                .replace(
                    file(DEPENDENCIES),
                    "nullif(job.pending - parts[width_bucket(job.id, children)], 0)",
                    "NULL"),
            "DependenciesIT",
            "aJobRunsWhenAllThatItDependsOnHaveEnded"),
        Arguments.of(
            "a step that met its like waits for nobody else",
            java("internal/group/WorkflowEnqueuer", "over.addAll(job.parents());", ""),
            "WorkflowIT",
            "whoComesAfterSuchAStepWaitsForThatJobAndForThoseThatTheStepWouldHaveComeAfter"),
        Arguments.of(
            "a result is found by the name of a step of another workflow",
            java("internal/control/Steps", "insertedAt.equals(otherInsertedAt)", "true"),
            "WorkflowIT",
            "noneIsFoundOfAnotherWorkflow"),
        Arguments.of(
            "who still waits does not wait for what is retried",
            sql(
                "migrations/V015__control",
                "PERFORM shigoto.be_waited_for_again(ARRAY(SELECT (unnest(retried)).id), in_vain.children);",
                "NULL;"),
            "WaitingAgainIT",
            "aJobThatStillWaitsForOthersWaitsForAParentThatIsRetried"),
        Arguments.of(
            "parents that have ended are waited for",
            sql(
                DEPENDENCIES,
                "       AND (SELECT id FROM shigoto.jobs WHERE id = parent.id LIMIT 1) IS NULL\n",
                "AND false\n"),
            "DependenciesIT",
            "parentsThatHaveEndedCount"),
        Arguments.of(
            "who does not want to run runs",
            sql(DEPENDENCIES, "AND job.if_not_completed IS NOT NULL", "AND false"),
            "DependenciesIT",
            "whoDoesNotWantToRunEndsAtOnceAndSaysWhy"),
        Arguments.of(
            "a job that is retried does not wait again",
            sql(CONTROL, "PERFORM shigoto.wait_again(waiting);", "NULL;"),
            "WaitingAgainIT",
            "noEndIsMissedAndNobodyIsEarly"),
        Arguments.of(
            "a batch fires before it is sealed",
            sql(BATCHES, "       AND sealed_at IS NOT NULL\n", "")
                .replace(
                    file(BATCHES),
                    "(sealed_at IS NOT NULL AND completed + discarded + cancelled = total)",
                    "completed + discarded + cancelled = total"),
            "BatchesIT",
            "aBatchThatIsFilledFiresWhenItIsSealedAndNotBefore"),
        Arguments.of(
            "a batch fires again",
            sql(
                BATCHES,
                "       AND finished_at IS NULL\n       AND completed",
                "       AND completed"),
            "BatchesIT",
            "aJobThatLivesAgainIsWaitedForUnlessItsBatchHasFinished"),
        Arguments.of(
            "a batch does not count what is discarded",
            sql(
                BATCHES,
                "count(*) FILTER (WHERE state = 'discarded') AS discarded",
                "0::bigint AS discarded"),
            "BatchesIT",
            "theCallbackIsToldWhatBecameOfAllJobs"));
  }

  private static Stream<Arguments> limits() {
    return Stream.of(
        Arguments.of(
            "a claim takes whatever it weighs",
            sql("migrations/V001__engine", "   WHERE before < most\n", ""),
            "internal.claim.ClaimIT",
            "theBestAreTakenThatAreNotTooHeavyTogether"),
        Arguments.of(
            "a claim of limited workers takes whatever it weighs",
            sql(LIMITS, "FILTER (WHERE load_so_far - weight < load)", ""),
            "internal.claim.LimitedClaimIT",
            "whatIsTooHeavyIsLeft"),
        Arguments.of(
            "a queue does not know what it holds",
            java("internal/run/Load", "return most - held.get();", "return most;"),
            "HeavyIT",
            "aQueueHoldsNoMoreThanItsBoundAndGetsThemDone"),
        Arguments.of(
            "new limits are entered one by one",
            sql(LIMITS, ENTER, "")
                .replace(
                    file(LIMITS),
                    "    ruled := ruled || rule.names;\n",
                    "    ruled := ruled || rule.names;\n    PERFORM shigoto.enter_limits(rule.names);\n"),
            "internal.claim.LimitedClaimIT",
            "theFirstClaimsOfSeveralLimitsDoNotWaitInACircle"),
        Arguments.of(
            "a permit of a window is given twice",
            sql(RATES, "live[last] := live[last] + starts;", ""),
            "internal.claim.RatesIT",
            "startsKeepTheRateWheneverTheyComeInTheSlack"),
        Arguments.of(
            "a permit of a bucket is given twice",
            sql(RATES, "(starts * rate.period", "(starts / 2 * rate.period"),
            "internal.claim.RatesIT",
            "startsKeepTheRateWheneverTheyComeInTheSlack"),
        Arguments.of(
            "all keys share the rate of each",
            sql(
                LIMITS,
                "CASE WHEN (of_one.rate).keyed THEN coalesce(job.partition_key, '') ELSE '' END AS key",
                "'' AS key"),
            "internal.claim.LimitedClaimIT",
            "eachKeyHasItsRateAndSoHaveJobsWithoutOne"),
        Arguments.of(
            "a run whose transaction did not commit is a success",
            java("internal/queue/Endings", "settled.isCompletion() ? Outcome", "true ? Outcome"),
            "LimitsIT",
            "runsWhoseTransactionIsRolledBackOpenTheCircuit"),
        Arguments.of(
            "in a fair queue what runs already does not count",
            sql(LIMITS, "             running + row_number()", "             row_number()"),
            "internal.claim.LimitedClaimIT",
            "inAFairQueueThoseComeFirstOfWhichTheLeastRuns"),
        Arguments.of(
            "a job that was claimed is snoozed",
            sql("explain", "job.begun IS TRUE AS begun", "job.lease > 0 AS begun")
                .replace(file("explain"), "attempt, begun,", "attempt, lease,"),
            "ExplainIT",
            "notDueThoughItWasClaimedOnce"),
        Arguments.of(
            "jobs of a key that may not start are ahead of others",
            sql("explain", "(NOT claimable.keyed", "(true OR NOT claimable.keyed"),
            "ExplainAheadIT",
            "jobsOfAKeyOfWhichNoneMayStartAreAheadOfThatKeyAlone"));
  }

  private static Stream<Arguments> control() {
    return Stream.of(
        Arguments.of(
            "a node that is not told looks rarely for what was called off",
            java("internal/cancel/Cancels", "Duration.ofMillis(500)", "Duration.ofSeconds(2)"),
            "internal.cancel.CancelsTest",
            "aNodeThatIsNotToldLooksWithinASecond"),
        Arguments.of(
            "a node that is told does not look for what was called off",
            java("internal/cancel/Cancels", "wakeups.cancelsOf(node).looks()", "Flux.just(true)"),
            "internal.cancel.CancelsTest",
            "aNodeThatIsToldLooksAtOnce"),
        Arguments.of(
            "a run that was called off is retried",
            sql(
                "settle",
                "WHEN job.cancelling IS NOT NULL\n                  AND",
                "WHEN job.cancelling IS NULL\n                  AND"),
            "CancelRunIT",
            "whateverTheRunComesToButCompletedItsJobIsCancelled"),
        Arguments.of(
            "what is retried by hand has no more attempts than it had",
            sql(
                CONTROL,
                "'available', 0, max_attempts",
                "'available', max_attempts - 1, max_attempts"),
            "RetryByHandIT",
            "itsQueueIsWokenAtOnceAndItHasAllItsAttempts"),
        Arguments.of(
            "what a run says is written at once",
            java("internal/run/Reports", "Duration.ofMillis(200)", "Duration.ZERO"),
            "ProgressIT",
            "aMillionCallsCostAFewWrites"),
        Arguments.of(
            "what each run says is written by itself",
            java("internal/run/Reports", "GROUP_SIZE = 10_000", "GROUP_SIZE = 1"),
            "ProgressIT",
            "manyRunsShareAWrite"),
        Arguments.of(
            "a sweep that ends jobs begins with the oldest",
            java(
                "internal/control/Canceller",
                "cancel, Order.NEWEST_FIRST",
                "cancel, Order.OLDEST_FIRST"),
            "SweepIT",
            "noJobIsSetFreeByTheEndOfAnotherThatIsMeantToo"),
        Arguments.of(
            "a lost lease does not roll back the transaction of a worker",
            sql(
                "migrations/V001__engine",
                "RAISE EXCEPTION 'the run of job % has lost its lease', run_id USING ERRCODE = 'SHLST'",
                "RETURN false"),
            "CompleteInIT",
            "lostLeaseRollsBackTheTransaction"),
        Arguments.of(
            "middleware of the worker is around that of the node",
            java(
                "internal/known/Workers",
                "Stream.concat(around.stream(), own(worker).stream())",
                "Stream.concat(own(worker).stream(), around.stream())"),
            "MiddlewareIT",
            "middlewareOfTheNodeIsAroundThatOfTheWorker"),
        Arguments.of(
            "a worker is told twice",
            java(
                "internal/run/Discards",
                "    sink.next(discard);\n",
                "    sink.next(discard);\n    sink.next(discard);\n"),
            "OnDiscardIT",
            "workerIsToldOnceWithAllErrors"));
  }
}
