package io.shigoto.mutants;

import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;

/** What shares the slots of a node, and what sheds load, is taken away. */
class SharingMutantsIT extends Mutants {

  private static final String SLOTS = "internal.seats.NodeSlotsTest";

  static Stream<Arguments> mutants() {
    return Stream.of(
        Arguments.of(
            "weights are turned round",
            java(
                "internal/seats/NodeSlots",
                "mapToInt(QueueSeats::weight)",
                "mapToInt(queue -> 6_000 / queue.weight())"),
            SLOTS,
            "whileTheLimitBindsSlotsAreInProportionToWeights"),
        Arguments.of(
            "turns do not know weights",
            java("internal/seats/QueueSeats", "begun.get() / weight()", "begun.get()"),
            SLOTS,
            "withFewerSlotsThanQueuesAllHaveTheirTurnByWeight"),
        Arguments.of(
            "who leaves takes its slots along",
            java(
                "internal/seats/QueueSeats",
                "return sum(held.getAndSet(0));",
                "return idle(held.getAndSet(0));"),
            SLOTS,
            "whateverHappensNoSlotIsLostOrMadeAndNoneStandsIdleWhileOneWaits"),
        Arguments.of(
            "a slot is not lent",
            java(
                "internal/seats/QueueSeats",
                "return hungry ? Math.max(width, running) : running;",
                "return Math.max(width, running);"),
            SLOTS,
            "whateverHappensNoSlotIsLostOrMadeAndNoneStandsIdleWhileOneWaits"),
        Arguments.of(
            "a queue is not told of its slots",
            java("internal/seats/QueueSeats", "owner.onSlots();", ""),
            SLOTS,
            "aQueueIsToldOfEachSlotThatItIsGiven"),
        Arguments.of(
            "more runs than the node has slots",
            java("internal/queue/Ahead", "&& seats.take()", "&& (seats.take() || true)")
                .replace(
                    "java/io/shigoto/internal/queue/Ahead.java",
                    "Math.min(room(), seats.idle())",
                    "room()"),
            "NodeLimitIT",
            "whatAQueueDoesNotNeedIsLentAndComesBackAsRunsEnd"),
        Arguments.of(
            "what is shed is claimed",
            sql(
                "claim",
                "         AND job.priority >= $7::smallint\n",
                "         AND $7::smallint IS NOT NULL\n"),
            "SheddingIT",
            "whileTheBestWaitTooLongLowPrioritiesAreNotClaimedAndThenTheyComeBack"),
        Arguments.of(
            "nothing is shed",
            java("internal/shed/Window", "best.waited() > targets.waiting()", "false"),
            "SheddingIT",
            "whileTheBestWaitTooLongLowPrioritiesAreNotClaimedAndThenTheyComeBack"),
        Arguments.of(
            "a step is never taken back",
            java("internal/shed/Overload", "quiet >= patience", "false"),
            "SheddingIT",
            "whileTheBestWaitTooLongLowPrioritiesAreNotClaimedAndThenTheyComeBack"),
        Arguments.of(
            "nobody looks at the clock of an overload",
            java("internal/queue/QueuePipeline", "if (served.shedding().tick()) {", "if (false) {"),
            "SheddingIT",
            "whileTheBestWaitTooLongLowPrioritiesAreNotClaimedAndThenTheyComeBack"));
  }
}
