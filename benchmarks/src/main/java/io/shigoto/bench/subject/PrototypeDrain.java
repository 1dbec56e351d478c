package io.shigoto.bench.subject;

import io.r2dbc.spi.Connection;
import io.r2dbc.spi.ConnectionFactory;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import tools.jackson.databind.json.JsonMapper;

/**
 * The same statements in the shortest reactive loop that could be called a queue: claims run one
 * group ahead, each job is decoded and run in a Mono of its own, what has ended is settled in
 * groups. No time-outs, no events, no wake-ups, no errors.
 */
final class PrototypeDrain implements Subject {

  private static final Duration LIMIT = Duration.ofMinutes(1);
  private static final int GROUP = 500;
  private static final JsonMapper JSON = JsonMapper.builder().build();

  @Override
  public Running begin(Order order, Consumer<Map<String, Object>> done) {
    HotStatements hot = new HotStatements();
    ConnectionFactory factory = order.database().connectionFactory();
    Connection claiming = HotStatements.connect(factory, LIMIT);
    Connection settling = HotStatements.connect(factory, LIMIT);
    hot.join(claiming).block(LIMIT);
    AtomicInteger performed = new AtomicInteger();
    Disposable loop =
        Flux.defer(() -> hot.claim(claiming, GROUP))
            .repeat()
            .takeWhile(jobs -> !jobs.isEmpty())
            .publishOn(Schedulers.parallel(), 1)
            .concatMapIterable(jobs -> jobs, 1)
            .flatMap(job -> run(job, performed), order.concurrency())
            .buffer(GROUP)
            .concatMap(jobs -> hot.settle(settling, ordered(jobs)), 1)
            .reduce(0L, Long::sum)
            .subscribe(
                settled -> done.accept(Map.of("settled", settled)), Throwable::printStackTrace);
    return () -> {
      loop.dispose();
      Mono.from(claiming.close()).then(Mono.from(settling.close())).block(LIMIT);
      return Map.of("performed", performed.get());
    };
  }

  private static Mono<HotStatements.Taken> run(HotStatements.Taken job, AtomicInteger performed) {
    return Mono.fromCallable(() -> JSON.readValue(job.args(), Numbered.class))
        .doOnNext(args -> performed.incrementAndGet())
        .thenReturn(job);
  }

  private static List<HotStatements.Taken> ordered(List<HotStatements.Taken> jobs) {
    jobs.sort(Comparator.comparingLong(HotStatements.Taken::id));
    return jobs;
  }
}
