package io.shigoto.internal.flow;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.util.retry.Retry;
import reactor.util.retry.RetryBackoffSpec;

/**
 * What the library does about trouble when nobody waits for the answer: it tries again, after a
 * pause that doubles, with jitter, up to a cap; it says so once when the trouble begins and once
 * when it is over.
 */
public final class KeepGoing {

  private static final Logger LOG = LoggerFactory.getLogger(KeepGoing.class);
  private static final Duration FIRST_PAUSE = Duration.ofMillis(50);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(2);

  private final String what;
  private final Scheduler timer;
  private final Runnable onTrouble;
  private final Runnable onRecovery;
  private final AtomicBoolean trouble = new AtomicBoolean();

  /**
   * @param what the work, as a noun for the log
   */
  public KeepGoing(String what, Scheduler timer) {
    this(what, timer, () -> {}, () -> {});
  }

  /**
   * @param onTrouble called when trouble begins
   * @param onRecovery called when it is over
   */
  public KeepGoing(String what, Scheduler timer, Runnable onTrouble, Runnable onRecovery) {
    this.what = what;
    this.timer = timer;
    this.onTrouble = onTrouble;
    this.onRecovery = onRecovery;
  }

  /** The same work, tried until it succeeds. */
  public <T> Mono<T> until(Mono<T> work) {
    return work.retryWhen(retries()).doOnSuccess(value -> over());
  }

  /**
   * The same work, tried until it succeeds, or is not wanted any more after it failed; then it is
   * empty, and not tried again. An attempt that is under way is never cut short.
   */
  public <T> Mono<T> until(Mono<T> work, BooleanSupplier wanted) {
    return Mono.defer(() -> again(work.doOnSuccess(value -> over()), wanted))
        .doOnError(
            error ->
                LOG.atDebug()
                    .addKeyValue("what", what)
                    .addKeyValue("error", error::toString)
                    .log("given up"))
        .onErrorComplete();
  }

  /** It is asked before each pause and after it: much may happen meanwhile. */
  private <T> Mono<T> again(Mono<T> work, BooleanSupplier wanted) {
    AtomicBoolean failed = new AtomicBoolean();
    return Mono.defer(() -> failed.get() && !wanted.getAsBoolean() ? Mono.<T>empty() : work)
        .doOnError(error -> failed.set(true))
        .retryWhen(retries().filter(error -> wanted.getAsBoolean()));
  }

  /**
   * The same work, again and again after a pause while it is empty: it waits, and is in no trouble.
   */
  public <T> Mono<T> whileEmpty(Mono<T> work) {
    return work.repeatWhenEmpty(again -> again.delayElements(FIRST_PAUSE, timer));
  }

  /** As {@link #whileEmpty}, and after a pause at first too. */
  public <T> Mono<T> afterPause(Mono<T> work) {
    return whileEmpty(work).delaySubscription(FIRST_PAUSE, timer);
  }

  /**
   * The same stream, subscribed again after every error; a pause grows only while nothing at all
   * arrives.
   */
  public <T> Flux<T> always(Flux<T> work) {
    return work.doOnNext(value -> over()).retryWhen(retries());
  }

  /** Whether it fails at the moment. */
  public boolean inTrouble() {
    return trouble.get();
  }

  private RetryBackoffSpec retries() {
    return Retry.backoff(Long.MAX_VALUE, FIRST_PAUSE)
        .maxBackoff(LONGEST_PAUSE)
        .jitter(0.5)
        .transientErrors(true)
        .scheduler(timer)
        .doBeforeRetry(signal -> begins(signal.failure()));
  }

  private void begins(Throwable error) {
    if (trouble.compareAndSet(false, true)) {
      LOG.atWarn()
          .addKeyValue("what", what)
          .addKeyValue("error", error.getClass().getSimpleName())
          .addKeyValue("message", error.getMessage())
          .log("trouble");
      onTrouble.run();
    }
  }

  private void over() {
    if (inTrouble() && trouble.compareAndSet(true, false)) {
      LOG.atInfo().addKeyValue("what", what).log("recovered");
      onRecovery.run();
    }
  }
}
