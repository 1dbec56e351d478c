package io.shigoto.internal.broadcast;

import io.shigoto.broadcast.Receiver;
import io.shigoto.internal.flow.KeepGoing;
import io.shigoto.internal.flow.Nudge;
import io.shigoto.internal.job.Bell;
import io.shigoto.internal.job.Events;
import io.shigoto.internal.job.News;
import io.shigoto.internal.json.Json;
import io.shigoto.internal.postgres.Database;
import io.shigoto.internal.postgres.Statements;
import io.shigoto.internal.thread.Crew;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Scheduler;

/**
 * Learns of messages and has them handled. It serves all incarnations of a node: what it has seen
 * is in memory, so a node that lost its lease goes on where it was, while one that starts looks
 * back as far as its window. Nothing at all is done where there are no receivers.
 *
 * <p>Looks are made one after the other, and each begins where the last one that was answered saw:
 * so none is missed, whatever becomes of a connection, and none is seen twice.
 */
public final class Reception implements Bell {

  private static final Logger LOG = LoggerFactory.getLogger(Reception.class);

  private final Map<String, Mailbox> mailboxes;
  private final Looks looks;
  private final Duration pollInterval;
  private final Scheduler timer;
  private final KeepGoing keepGoing;
  private final Nudge published = new Nudge();
  private final Sinks.Empty<Void> drained = Sinks.empty();
  private final Sinks.Empty<Void> cut = Sinks.empty();
  private volatile @Nullable Look last;

  /**
   * @param window how far the first look goes back
   * @param pollInterval how often it looks for what it was not told of
   * @throws IllegalArgumentException if receivers make no sense, or two are of one topic
   */
  public Reception(
      List<Receiver<?>> receivers, Duration window, Duration pollInterval, Parts parts) {
    List<Topic> topics = Topic.of(receivers, parts.json);
    Contents contents =
        new Contents(parts.reads, parts.sql, new KeepGoing("read broadcasts", parts.timer));
    Attempts attempts =
        new Attempts(parts.json, parts.events, parts.running, parts.aside, parts.nanos);
    this.mailboxes =
        topics.stream()
            .map(topic -> new Mailbox(topic, contents, attempts, parts.timer))
            .collect(Collectors.toMap(Mailbox::topic, Function.identity()));
    this.looks =
        new Looks(parts.looks, parts.sql, mailboxes.keySet().toArray(String[]::new), window);
    this.pollInterval = pollInterval;
    this.timer = parts.timer;
    this.keepGoing = new KeepGoing("broadcasts", timer);
  }

  /**
   * Takes the first look, so that all that is committed from then on is found. Has to come before
   * anybody may count on this node. Twice is once.
   */
  public Mono<Void> open() {
    return Mono.defer(
        () ->
            mailboxes.isEmpty() || last != null
                ? Mono.empty()
                : looks.first().doOnNext(this::saw).then());
  }

  /**
   * Looks, and has handled what it finds, while subscribed. Never fails. Completes after {@link
   * #drain}, when the last receiver has ended, or after {@link #cut}.
   */
  public Mono<Void> flow() {
    return mailboxes.isEmpty()
        ? Mono.empty()
        : Flux.merge(looks(), handling())
            .then()
            .takeUntilOther(cut.asMono())
            .doFinally(end -> tellWhatIsLeft());
  }

  /** How many messages this node has learned of that are neither handled nor given up. */
  public long waiting() {
    return mailboxes.values().stream().mapToLong(Mailbox::open).sum();
  }

  /** Looks no more, and hands out nothing more. */
  public void drain() {
    drained.tryEmitEmpty();
  }

  /** Cancels the receivers that are still called. */
  public void cut() {
    cut.tryEmitEmpty();
  }

  @Override
  public void ring(News news) {
    if (news.broadcasts()) {
      published.give();
    }
  }

  @Override
  public void everything() {
    published.give();
  }

  private Flux<?> looks() {
    return Flux.merge(published.looks(), Flux.interval(pollInterval, timer))
        .onBackpressureLatest()
        .concatMap(reason -> keepGoing.until(Mono.defer(this::look)), 0)
        .takeUntilOther(drained.asMono());
  }

  private Flux<?> handling() {
    return Flux.fromIterable(mailboxes.values())
        .flatMap(mailbox -> mailbox.flow(drained.asMono()), mailboxes.size());
  }

  private Mono<Look> look() {
    return looks.after(Objects.requireNonNull(last)).doOnNext(this::saw);
  }

  private void saw(Look look) {
    last = look;
    look.ids().forEach((topic, ids) -> Objects.requireNonNull(mailboxes.get(topic)).add(ids));
  }

  private void tellWhatIsLeft() {
    long left = waiting();
    if (left > 0) {
      LOG.atWarn()
          .addKeyValue("messages", left)
          .log("stopped before every message to all nodes was handled");
    }
  }

  /**
   * What it works with.
   *
   * @param looks for the looks
   * @param reads for what stands in messages
   * @param running where receivers are called
   * @param aside where they are cancelled
   * @param nanos a clock for elapsed time
   */
  public record Parts(
      Database looks,
      Database reads,
      Statements sql,
      Json json,
      Events events,
      Scheduler running,
      Crew aside,
      Scheduler timer,
      LongSupplier nanos) {}
}
