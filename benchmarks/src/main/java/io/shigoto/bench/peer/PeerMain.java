package io.shigoto.bench.peer;

import io.r2dbc.spi.ConnectionFactories;
import io.shigoto.Shigoto;
import io.shigoto.ShigotoBuilder;
import io.shigoto.job.NewJob;
import io.shigoto.worker.Outcome;
import io.shigoto.worker.Worker;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** The library as a peer in a harness that measures queues in any language. See ../../peers. */
public final class PeerMain {

  /** What a job carries. */
  record Numbered(int i) {}

  private static final Duration LIMIT = Duration.ofMinutes(10);
  private static final int MOST_RECORDED = 1_000_000;

  private final Protocol harness;

  private PeerMain(Protocol harness) {
    this.harness = harness;
  }

  public static void main(String[] arguments) throws Exception {
    Protocol harness = new Protocol(arguments);
    PeerMain peer = new PeerMain(harness);
    switch (harness.action()) {
      case "setup" -> peer.setUp();
      case "enqueue" -> peer.enqueue();
      case "bulk" -> peer.bulk();
      case "produce" -> peer.produce();
      case "work" -> peer.work();
      default -> throw new IllegalArgumentException(harness.action());
    }
    System.exit(0);
  }

  private ShigotoBuilder builder() {
    return Shigoto.builder(ConnectionFactories.get(harness.url()));
  }

  /** A node that only enqueues. */
  private Shigoto client() {
    Shigoto node = builder().build();
    node.start().block(LIMIT);
    return node;
  }

  private static NewJob job(int i) {
    return NewJob.of("bench", new Numbered(i));
  }

  private void setUp() {
    client().stop(Duration.ZERO).block(LIMIT);
    harness.say("done");
  }

  private void enqueue() throws Exception {
    Shigoto node = client();
    int callers = harness.number("producers", 1);
    int warmUp = harness.number("warmup", 0);
    one(node, 1_000_000, warmUp, callers, LIMIT);
    harness.say("ready");
    harness.hear("go");
    long began = System.nanoTime();
    Duration limit = Duration.ofSeconds(harness.number("limit-seconds", 60));
    long done = one(node, 0, harness.number("n"), callers, limit);
    harness.say("enqueued", "n", done, "warmed", warmUp, "ns", System.nanoTime() - began);
    harness.hear("stop");
  }

  /** One job a call, each awaited by its caller; how many were enqueued within the limit. */
  private static long one(Shigoto node, int from, int n, int callers, Duration limit) {
    long end = System.nanoTime() + limit.toNanos();
    Long done =
        Flux.range(from, n)
            .takeWhile(i -> System.nanoTime() < end)
            .flatMap(i -> node.enqueue(job(i)), callers, 1)
            .count()
            .block(LIMIT);
    return done == null ? 0 : done;
  }

  private void bulk() throws Exception {
    Shigoto node = client();
    int warmUp = harness.number("warmup", 0);
    all(node, 1_000_000_000, warmUp, LIMIT);
    harness.say("ready");
    harness.hear("go");
    long began = System.nanoTime();
    Duration limit =
        harness.has("unlimited") ? LIMIT : Duration.ofSeconds(harness.number("limit-seconds", 60));
    long done = all(node, 0, harness.number("n"), limit);
    harness.say("enqueued", "n", done, "warmed", warmUp, "ns", System.nanoTime() - began);
    harness.hear("stop");
  }

  private static long all(Shigoto node, int from, int n, Duration limit) {
    long end = System.nanoTime() + limit.toNanos();
    Long done =
        node.enqueueAll(
                Flux.range(from, n).takeWhile(i -> System.nanoTime() < end).map(PeerMain::job))
            .count()
            .block(LIMIT);
    return done == null ? 0 : done;
  }

  private void produce() throws Exception {
    Shigoto node = client();
    long interval = harness.number("interval-ms") * 1_000_000L;
    paced(node, 1_000_000, harness.number("warmup", 0), interval);
    harness.say("ready");
    harness.hear("go");
    long[][] instants = paced(node, 0, harness.number("n"), interval);
    harness.say("produced", "calls", instants[0], "commits", instants[1]);
    harness.hear("stop");
  }

  private static long[][] paced(Shigoto node, int from, int n, long interval) {
    long[] calls = new long[n];
    long[] commits = new long[n];
    long began = System.nanoTime();
    for (int k = 0; k < n; k++) {
      long due = began + k * interval;
      for (long left = due - System.nanoTime(); left > 0; left = due - System.nanoTime()) {
        LockSupport.parkNanos(left);
      }
      calls[k] = System.nanoTime();
      node.enqueue(job(from + k)).block(LIMIT);
      commits[k] = System.nanoTime();
    }
    return new long[][] {calls, commits};
  }

  private void work() throws Exception {
    Tally tally = new Tally(harness.number("target", 0), harness.has("record"));
    Shigoto node =
        builder()
            .worker(Worker.of("bench", Numbered.class, job -> tally.handled(job.args().i())))
            .queue("default", harness.number("concurrency"))
            .build();
    harness.say("ready");
    harness.hear("go");
    node.start().block(LIMIT);
    harness.hear("stop");
    tally.tell("stopping", tally.starts());
    node.stop(Duration.ofSeconds(10)).block(LIMIT);
    harness.say("stopped", "handled", tally.handled.get());
  }

  /** What the handlers have seen. */
  private final class Tally {

    private final int target;
    private final boolean record;
    private final long[] starts;
    private final AtomicInteger recorded = new AtomicInteger();
    private final AtomicInteger handled = new AtomicInteger();
    private final AtomicLong first = new AtomicLong();
    private final AtomicLong fifth = new AtomicLong();
    private final AtomicLong end = new AtomicLong();

    Tally(int target, boolean record) {
      this.target = target;
      this.record = record;
      this.starts = new long[record ? 2 * MOST_RECORDED : 0];
    }

    Mono<Outcome> handled(int i) {
      int count = handled.incrementAndGet();
      if (count == 1) {
        first.set(System.nanoTime());
        harness.say("first", "t", first.get());
      }
      if (record) {
        int at = 2 * recorded.getAndIncrement();
        starts[at] = i;
        starts[at + 1] = System.nanoTime();
      }
      if (count == target / 5) {
        fifth.set(System.nanoTime());
      }
      if (count == target) {
        end.set(System.nanoTime());
        tell("target", null);
      }
      return Mono.just(Outcome.done());
    }

    long[] starts() {
      return Arrays.copyOf(starts, 2 * recorded.get());
    }

    void tell(String event, long[] recorded) {
      Object[] pairs = {
        "handled", handled.get(), "first", orNull(first), "at20", orNull(fifth), "end", orNull(end)
      };
      if (recorded == null || !record) {
        harness.say(event, pairs);
      } else {
        Object[] more = Arrays.copyOf(pairs, pairs.length + 2);
        more[pairs.length] = "starts";
        more[pairs.length + 1] = recorded;
        harness.say(event, more);
      }
    }

    private static Long orNull(AtomicLong instant) {
      return instant.get() == 0 ? null : instant.get();
    }
  }
}
