package io.shigoto.internal.queue;

import io.shigoto.internal.job.RunKey;
import io.shigoto.internal.job.Settlement;
import io.shigoto.worker.Outcome;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

/** From the end of a run until its outcome is written, and all who are to hear of it have. */
final class Endings {

  private static final Logger LOG = LoggerFactory.getLogger(Endings.class);

  private final QueuePipeline.Parts parts;

  Endings(QueuePipeline.Parts parts) {
    this.parts = parts;
  }

  Mono<Void> settle(Ended ended) {
    Mono<Settlement> settlement =
        ended.run().isEntrusted()
            ? parts.completions().settle(ended.settlement(), parts.runs().whenCut())
            : settlePlainly(ended);
    return settlement.flatMap(settled -> settled(ended, settled));
  }

  /** What the run said last of how far it is stands with the job when that ends. */
  private Mono<Settlement> settlePlainly(Ended ended) {
    Mono<Settlement> settlement = parts.settler().settle(ended.settlement());
    return ended.run().hasMoreToSay()
        ? parts.reports().lastWord(ended.run()).then(settlement)
        : settlement;
  }

  /** A run that may have completed its job by itself is done only if its transaction committed. */
  private static void judge(Ended ended, Settlement settled) {
    if (ended.run().isEntrusted() && ended.settlement().isCompletion() && settled.isWritten()) {
      ended
          .run()
          .permit()
          .ended(settled.isCompletion() ? Outcome.done() : Outcome.failed("not committed"));
    }
  }

  /** Holds its place in the window until its worker was told, if the job is discarded. */
  private Mono<Void> settled(Ended ended, Settlement settled) {
    judge(ended, settled);
    parts.runs().letGo(ended.run());
    RunKey run = settled.run();
    if (!settled.isWritten()) {
      LOG.atWarn()
          .addKeyValue("job", run.id())
          .addKeyValue("worker", run.worker())
          .addKeyValue("attempt", run.attempt())
          .log("a run ended and nothing was written, it had lost its lease or was refused");
    }
    parts
        .events()
        .ofRun(
            settled.kind(),
            run,
            ended.took(),
            settled.error() == null ? null : settled.error().type());
    return settled.isDiscard()
        ? parts.discards().told(run).takeUntilOther(parts.runs().whenCut())
        : Mono.empty();
  }
}
