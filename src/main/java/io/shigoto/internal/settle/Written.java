package io.shigoto.internal.settle;

import io.shigoto.internal.job.Settlement;
import io.shigoto.internal.settle.SettleStatements.Settled;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * What became of a group: an error of the group's own is an answer here, because it must not be
 * tried again.
 *
 * @param settled null if it was refused
 */
record Written(@Nullable Settled settled, @Nullable Throwable refused) {

  Mono<List<Settlement>> of(List<Settlement> settlements) {
    if (settled == null) {
      return Mono.error(Objects.requireNonNull(refused));
    }
    if (settled.ids().size() == settlements.size() && settled.instead().isEmpty()) {
      return Mono.just(settlements);
    }
    Map<Long, Long> newest = new HashMap<>();
    settlements.forEach(
        settlement -> newest.merge(settlement.run().id(), settlement.run().lease(), Math::max));
    Set<Long> found = new HashSet<>(settled.ids());
    return Mono.just(
        settlements.stream()
            .map(
                settlement ->
                    found.contains(settlement.run().id())
                            && settlement.run().lease()
                                == newest.getOrDefault(settlement.run().id(), 0L)
                        ? written(settlement, settled)
                        : settlement.superseded())
            .toList());
  }

  private static Settlement written(Settlement settlement, Settled settled) {
    return settled
        .instead()
        .getOrDefault(settlement.run().id(), UnaryOperator.identity())
        .apply(settlement);
  }
}
