package io.shigoto.internal.queue;

import io.shigoto.control.QueueOptions;
import io.shigoto.internal.flow.Detached;
import io.shigoto.internal.flow.Gate;
import io.shigoto.internal.flow.Nudge;
import io.shigoto.internal.known.NodeState;
import io.shigoto.internal.seats.NodeSlots;
import io.shigoto.internal.shed.Sheds;
import io.shigoto.internal.wake.Wakeups;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Scheduler;

/** The queues that a node serves. They may come, go and change while it works. */
public final class Served {

  /** No limit for all queues together. */
  public static final int ANY_NUMBER = NodeSlots.ANY;

  private static final Logger LOG = LoggerFactory.getLogger(Served.class);

  private final Map<String, ServedQueue> byName = new ConcurrentHashMap<>();
  private final Nudge changed = new Nudge();
  private final NodeSlots slots;
  private final Sheds sheds;
  private final Wakeups wakeups;
  private final Scheduler timer;
  private volatile boolean closed;

  /**
   * @param options of the queues that are served from the beginning
   * @param concurrency how many jobs of all queues together may run at the same time, or {@link
   *     #ANY_NUMBER}
   */
  public Served(
      Map<String, QueueOptions> options,
      int concurrency,
      Sheds sheds,
      Wakeups wakeups,
      Scheduler timer) {
    this.slots = new NodeSlots(concurrency);
    this.sheds = sheds;
    this.wakeups = wakeups;
    this.timer = timer;
    options.forEach((queue, how) -> byName.put(queue, made(queue, how)));
  }

  /**
   * Works on the queues while subscribed, also on those that are added meanwhile.
   *
   * @param stop when it completes, no more is claimed; the stream completes when everything that
   *     was held is settled
   */
  public Flux<?> flow(QueuePipeline.Parts parts, Mono<Void> stop) {
    return changed
        .looks()
        .concatMapIterable(look -> List.copyOf(byName.values()))
        .takeUntilOther(stop)
        .flatMap(queue -> work(queue, parts, stop), Integer.MAX_VALUE);
  }

  private Flux<?> work(ServedQueue queue, QueuePipeline.Parts parts, Mono<Void> stop) {
    return Flux.defer(
        () ->
            queue.begin(() -> parts.runs().cut(queue.name()))
                ? untilItBreaks(begun(queue, parts, stop), parts.broke())
                    .doFinally(end -> queue.end())
                : Flux.empty());
  }

  /** The other queues go on, until they are told to end. */
  private static <T> Flux<T> untilItBreaks(Flux<T> flow, Consumer<Throwable> broke) {
    return flow.onErrorResume(error -> Mono.fromRunnable(() -> broke.accept(error)));
  }

  private Flux<?> begun(ServedQueue queue, QueuePipeline.Parts parts, Mono<Void> stop) {
    QueuePipeline pipeline =
        new QueuePipeline(queue, parts, slots, wakeups.of(queue.name()), timer);
    queue.show(pipeline::room, pipeline::isFull);
    Flux<?> flow = pipeline.flow(Mono.firstWithSignal(stop, queue.whenLeaving()));
    return queue.shedding().isOn() ? watched(flow, pipeline) : flow;
  }

  private Flux<?> watched(Flux<?> flow, QueuePipeline pipeline) {
    Sinks.Empty<Void> ended = Sinks.empty();
    return Flux.merge(
        flow.doFinally(end -> ended.tryEmitEmpty()),
        Flux.interval(sheds.options().window(), timer)
            .onBackpressureDrop()
            .doOnNext(tick -> pipeline.lookAtTheClock())
            .takeUntilOther(ended.asMono()));
  }

  /** Of each queue how many slots it has, and the lowest priority that is claimed. */
  public Map<String, NodeState.Queue> state() {
    return staying().collect(Collectors.toMap(ServedQueue::name, ServedQueue::state));
  }

  /** How many slots there are for all queues together, null without a limit. */
  public NodeState.@Nullable Slots slots() {
    return slots.areLimited() ? new NodeState.Slots(slots.free(), slots.all()) : null;
  }

  /**
   * The queues that are overloaded, or were a while ago, and the lowest priorities that are
   * claimed: {@link Short#MIN_VALUE} is all.
   */
  public Map<String, Integer> overloaded() {
    return staying()
        .filter(queue -> queue.shedding().isTroubled())
        .collect(Collectors.toMap(ServedQueue::name, queue -> queue.shedding().floor()));
  }

  /** The names of the queues, without those that are being removed. */
  public String[] names() {
    return staying().map(ServedQueue::name).sorted().toArray(String[]::new);
  }

  /** One element at first and one for each change of the names. */
  public Flux<Boolean> changes() {
    return changed.looks();
  }

  /** How many jobs of a queue run here at the same time at most; 0 if it is not served. */
  public int concurrencyOf(String queue) {
    return staying()
        .filter(served -> served.name().equals(queue))
        .mapToInt(ServedQueue::concurrency)
        .sum();
  }

  /**
   * Serves one more queue.
   *
   * @throws IllegalStateException if it is served, or is still being removed
   */
  public void add(String queue, QueueOptions options) {
    if (closed) {
      throw Gate.refusal();
    }
    ServedQueue other = byName.putIfAbsent(queue, made(queue, options));
    if (other != null) {
      throw new IllegalStateException(
          other.isLeaving()
              ? "queue '%s' is still being removed".formatted(queue)
              : "queue '%s' is served already; to change its concurrency, resize it"
                  .formatted(queue));
    }
    LOG.atInfo()
        .addKeyValue("queue", queue)
        .addKeyValue("concurrency", options.concurrency())
        .log("queue added");
    changed.give();
  }

  /**
   * Changes how many jobs of a queue may run here at the same time. Those that run go on.
   *
   * @throws IllegalStateException if it is not served
   */
  public void resize(String queue, int concurrency) {
    ServedQueue served = byName.get(queue);
    if (served == null || served.isLeaving()) {
      throw notServed(queue);
    }
    served.resize(concurrency);
    LOG.atInfo()
        .addKeyValue("queue", queue)
        .addKeyValue("concurrency", concurrency)
        .log("queue resized");
    wakeups.queue(queue);
  }

  /**
   * Serves a queue no more: claims no more of it, gives back what was not started, and cuts what
   * still runs after the grace.
   *
   * @return completes when everything that was held of it is settled
   * @throws IllegalStateException if it is not served
   */
  public Mono<Void> remove(String queue, Duration grace) {
    ServedQueue served = byName.get(queue);
    if (served == null) {
      throw notServed(queue);
    }
    if (served.leave()) {
      LOG.atInfo().addKeyValue("queue", queue).log("queue removed");
      changed.give();
    }
    Detached.start(
        served.whenGone().timeout(Gate.bounded(grace), Mono.fromRunnable(served::cut), timer));
    return served.whenGone();
  }

  /** Serves no more queues; what is held of those that are being removed is settled, or never. */
  public void close() {
    closed = true;
    byName.values().forEach(ServedQueue::abandon);
  }

  private ServedQueue made(String queue, QueueOptions options) {
    return new ServedQueue(queue, options, sheds.of(queue, !options.isFair()), this::gone);
  }

  /** As long as it is in the map, no other of its name has a nudge. */
  private void gone(ServedQueue queue) {
    wakeups.forget(queue.name());
    byName.remove(queue.name(), queue);
  }

  private Stream<ServedQueue> staying() {
    return byName.values().stream().filter(queue -> !queue.isLeaving());
  }

  private static IllegalStateException notServed(String queue) {
    return new IllegalStateException("queue '%s' is not served by this node".formatted(queue));
  }
}
