package io.shigoto.mutants;

import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;

/**
 * What keeps the promises about attempts, due times, leases, groups and history is taken away. Some
 * of these show only by something that does not come: their tests wait for a few seconds.
 */
class EngineMutantsIT extends Mutants {

  static Stream<Arguments> mutants() {
    return Stream.of(
        Arguments.of(
            "progress is not fenced",
            sql(
                "progress",
                "AND job.lease = ($2::bigint[])[width_bucket(job.id, $1::bigint[])]",
                "AND cardinality($2::bigint[]) > 0"),
            "ProgressIT",
            "supersededRunWritesNothing"),
        Arguments.of(
            "a lease that ran out comes back",
            sql("renew", "AND lease_until > now()", ""),
            "LeaseIT",
            "leaseThatRanOutNeverComesBack"),
        Arguments.of(
            "nodes are taken for lost while their lease is valid",
            sql(
                "find_lost",
                "AND node.lease_until > now())",
                "AND node.lease_until > now() + interval '1 h')"),
            "LeaseIT",
            "runThatIsLongerThanTheLeaseIsLeftAlone"),
        Arguments.of(
            "the rescue does not know how many attempts there may be",
            sql(
                "find_lost",
                "run.attempt, run.max_attempts,",
                "run.attempt, run.max_attempts + 1,"),
            "LostNodeIT",
            "anErrorNamesANodeThatIsForgottenByItsId"),
        Arguments.of(
            "jobs are promoted before they are due",
            sql(
                "promote",
                "AND scheduled_at <= now()",
                "AND scheduled_at <= now() + interval '1 day'"),
            "DueIT",
            "aJobThatIsDueBeforeOthers"),
        Arguments.of(
            "the alarm is not set",
            java(
                "internal/wake/Alarm",
                "if (set.compareAndSet(present, wanted)) {\n        changed.give();",
                "if (set.compareAndSet(present, wanted)) {"),
            "DueIT",
            "aJobOfThisNode"),
        Arguments.of(
            "a look for due jobs does not say when the next is due",
            java(
                "internal/upkeep/Promoter",
                "alarm.in(Math.max(1, promoted.nextDueIn));",
                "alarm.in(3_600_000);"),
            "DueIT",
            "aJobThatIsDueAfterOthers"),
        Arguments.of(
            "a snooze costs an attempt",
            java(
                "internal/job/Settlement",
                "JobState.SCHEDULED, time, 1,",
                "JobState.SCHEDULED, time, 0,"),
            "RetryIT",
            "hundredSnoozesCostNoAttempt"),
        Arguments.of(
            "what is given back costs an attempt",
            java(
                "internal/job/Settlement",
                "JobState.AVAILABLE, null, 1,",
                "JobState.AVAILABLE, null, 0,"),
            "StopIT",
            "stopWithoutGraceGivesRunsBackWithTheirAttempt"),
        Arguments.of(
            "a stop keeps what was claimed ahead",
            java(
                "internal/queue/QueuePipeline",
                "Flux.fromIterable(closed())",
                "Flux.fromIterable(closed()).take(0)"),
            "StopIT",
            "jobsThatWereClaimedAheadAreGivenBackAtOnce"),
        Arguments.of(
            "few callers share an insert",
            java("internal/enqueue/Enqueuer", "GROUP_SIZE, WRITERS)", "5, WRITERS)"),
            "GroupingIT",
            "callersAtTheSameTimeShareInserts"),
        Arguments.of(
            "few runs share a settlement",
            java("internal/settle/Settler", "GROUP_SIZE, WRITERS)", "5, WRITERS)"),
            "GroupingIT",
            "runsThatEndAtTheSameTimeShareSettlements"),
        Arguments.of(
            "history is kept for a day more",
            sql("find_days", "today.day - $2::integer", "today.day - $2::integer - 1"),
            "RetentionIT",
            "aNodeThatStartsDropsTheDaysThatAreOver"),
        Arguments.of(
            "jobs in a state are kept for a day more",
            sql("find_days_to_thin", "- days AS oldest", "- days - 1 AS oldest"),
            "internal.history.ThinningIT",
            "jobsThatAreOverAreDeletedFromDaysThatAreKept"),
        Arguments.of(
            "what was walked is walked again",
            sql("find_days_to_thin", "AND thinned.state = kept.state", "AND false"),
            "internal.history.ThinningIT",
            "aStateWhoseTimeIsOverLaterIsDeletedThen"),
        Arguments.of(
            "what somebody holds is taken for gone",
            sql("thin_day", "- (SELECT count(*) FROM deleted) AS", "* 0 AS"),
            "internal.history.ThinningIT",
            "aDayInWhichSomebodyHoldsAJobIsLookedAtAgain"));
  }
}
