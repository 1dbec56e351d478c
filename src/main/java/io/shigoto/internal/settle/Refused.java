package io.shigoto.internal.settle;

import io.r2dbc.spi.R2dbcException;
import io.shigoto.internal.job.Settlement;
import io.shigoto.internal.postgres.Database;
import java.util.List;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

/**
 * An outcome that the database refuses to write, and what is written instead: the attempt failed;
 * if it was the last one and the job may not end so either, that it is tried again after a pause.
 * If nothing at all can be written, the run is set aside: its row stays as it is, and the audit
 * comes back to it.
 */
record Refused(Settlement outcome, Throwable why) {

  private static final Logger LOG = LoggerFactory.getLogger(Refused.class);

  /**
   * Emits what was written, or a settlement that is not written or not decided. Fails never for a
   * refusal.
   *
   * @param write writes one settlement
   */
  Mono<Settlement> instead(Function<Settlement, Mono<List<Settlement>>> write) {
    return written(write, outcome.unwritable(why))
        .onErrorResume(
            Database::isRefusal,
            refused -> written(write, outcome.putOff(refused)).doOnNext(done -> tell(refused)))
        .onErrorResume(Database::isRefusal, this::setAside);
  }

  /** It may be undecided: others wait behind it here, so it is begun anew later, elsewhere. */
  private static Mono<Settlement> written(
      Function<Settlement, Mono<List<Settlement>>> write, Settlement settlement) {
    return write.apply(settlement).map(written -> written.get(0));
  }

  private Mono<Settlement> setAside(Throwable refused) {
    return Mono.fromSupplier(
        () -> {
          log(refused, "the database refuses whatever is written about a run, it is set aside");
          return outcome.unwritable(refused).superseded();
        });
  }

  private void tell(Throwable refused) {
    log(refused, "the database refuses that a job ends, it will be tried again");
  }

  /** Not the message: it may quote the row. */
  private void log(Throwable refused, String what) {
    LOG.atError()
        .addKeyValue("job", outcome.run().id())
        .addKeyValue("worker", outcome.run().worker())
        .addKeyValue("attempt", outcome.run().attempt())
        .addKeyValue("sqlstate", refused instanceof R2dbcException said ? said.getSqlState() : null)
        .log(what);
  }
}
