package io.shigoto.rules;

import io.r2dbc.spi.Connection;
import io.shigoto.internal.flow.Nudge;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import reactor.pool.Pool;
import reactor.pool.PoolBuilder;
import reactor.util.retry.Retry;

/** What the rules forbid, so that each rule can show that it sees it. Nothing of it is ever run. */
final class Sinners {

  private Sinners() {}

  static final class Blocks {
    Object sin(Mono<Object> mono) {
      Supplier<Object> reference = mono::block;
      return reference.get();
    }
  }

  static final class Sleeps {
    void sin() throws InterruptedException {
      Thread.sleep(1);
    }
  }

  static final class Locks {
    private final ReentrantLock lock = new ReentrantLock();

    synchronized boolean sin() {
      return lock.isLocked();
    }
  }

  static final class UsesJdbc {
    Class<?> sin() {
      return javax.sql.DataSource.class;
    }
  }

  static final class LooksAtTheClock {
    Supplier<Instant> sin() {
      return Instant::now;
    }
  }

  static final class TakesAnyTimer {
    Mono<Long> sin() {
      return Mono.delay(Duration.ZERO);
    }
  }

  static final class TakesAnyScheduler {
    Scheduler sin() {
      return Schedulers.parallel();
    }
  }

  static final class RetriesOnAnyTimer {
    Retry sin() {
      return Retry.backoff(1, Duration.ZERO);
    }
  }

  static final class PoolsOnAnyTimer {
    Pool<Integer> sin() {
      return PoolBuilder.from(Mono.just(1)).buildPool();
    }
  }

  static final class Subscribes {
    void sin(Mono<Object> mono) {
      mono.subscribe();
    }
  }

  static final class IssuesStatements {
    Publisher<?> sin(Connection connection) {
      return connection.createStatement("SELECT 1").execute();
    }
  }

  static final class Stub {
    void sin() {
      throw new UnsupportedOperationException();
    }
  }

  static final class Prints {
    void sin() {
      System.out.println();
    }
  }

  static final class LogsText {
    void sin(org.slf4j.Logger log) {
      log.info("sin: kind={}", "text");
    }
  }

  static final class SinHelper {}

  static final class KnowsSpring {
    Class<?> sin() {
      return org.springframework.r2dbc.connection.ConnectionHolder.class;
    }
  }

  /** Public, and outside of the internal packages. */
  public static final class ShowsWhatIsInside {
    public Nudge sin() {
      return new Nudge();
    }
  }
}
