package io.shigoto.internal.flow;

import io.shigoto.internal.flow.Group.Entry;
import io.shigoto.internal.flow.Group.Rules;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.ToIntFunction;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * Turns many small writes into few large ones: what gathers while one group is being written is the
 * next group. There is no timer, so a lone item is written at once, and the more items wait the
 * larger the groups become.
 *
 * <p>The protocol: {@code waiting} counts the items in the queue; whoever raises the number of
 * writers below its bound takes a group and writes it; a writer that is done, as soon as its group
 * is committed and on its way to its submitters, looks again before it goes. So somebody looks
 * after every change of the two counts. A caller that cancels takes back nothing: its item is
 * written with its group.
 *
 * @param <T> an item
 * @param <R> what its submitter gets once the group is committed
 */
public final class GroupCommit<T, R> {

  /** A group that weighs so much is full. */
  public static final int HEAVIEST = 4 * 1024 * 1024;

  private final Rules<T, R> rules;
  private final Writers writers;
  private final Queue<Entry<T, R>> queue = new ConcurrentLinkedQueue<>();
  private final AtomicInteger waiting = new AtomicInteger();
  private final AtomicInteger writing = new AtomicInteger();
  private final Gate uncommitted;
  private final Executor starter;
  private final AtomicBoolean starting = new AtomicBoolean();

  /**
   * @param commit writes a group and answers with one result per item, in order
   * @param refusal tells of an error whether an item is to blame: then the group is halved until
   *     that item stands alone, so that it fails only its own caller; any other error goes to the
   *     whole group
   * @param weight of an item, such as its bytes: a group is not added to once it weighs {@link
   *     #HEAVIEST}
   * @param groupSize how many items a group holds at most
   * @param writers how many groups are written at the same time
   */
  public GroupCommit(
      Function<List<T>, Mono<List<R>>> commit,
      Predicate<Throwable> refusal,
      ToIntFunction<T> weight,
      int groupSize,
      int writers) {
    this(
        new Rules<>(commit, refusal, weight, groupSize, (items, results) -> results),
        new Writers(writers, 1),
        new Gate(),
        Runnable::run);
  }

  private GroupCommit(Rules<T, R> rules, Writers writers, Gate uncommitted, Executor starter) {
    this.rules = rules;
    this.writers = writers;
    this.uncommitted = uncommitted;
    this.starter = starter;
  }

  /**
   * The same, before it is used; the next group is written while this one is on its way.
   *
   * @param way from the commit of a group to its submitters
   */
  public GroupCommit<T, R> telling(BiFunction<List<T>, Mono<List<R>>, Mono<List<R>>> way) {
    return new GroupCommit<>(
        new Rules<>(rules.commit(), rules.refusal(), rules.weight(), rules.size(), way),
        writers,
        uncommitted,
        starter);
  }

  /**
   * The same, before it is used; while a group is being written, another is begun only when a crowd
   * waits. Few items are then written by fewer statements, and wait for at most the one before.
   *
   * @param crowd so many items
   */
  public GroupCommit<T, R> besidesForCrowds(int crowd) {
    return new GroupCommit<>(rules, new Writers(writers.most, crowd), uncommitted, starter);
  }

  /**
   * The same, before it is used; whoever hands in an item does not take a group, but has it taken:
   * it has more than the first of the items that come one shortly after the other.
   *
   * @param scheduler where; never one that code of the application may hold up
   */
  public GroupCommit<T, R> takenOn(Scheduler scheduler) {
    return new GroupCommit<>(rules, writers, uncommitted, scheduler::schedule);
  }

  /**
   * A line of its own for items that are to be written in the order in which they are handed in,
   * one group after the other. It is closed, and counted, together with this.
   *
   * @param scheduler where the first group is taken, so that it has more than the first of the
   *     items that one thread hands in one after the other
   */
  public GroupCommit<T, R> inOrder(Scheduler scheduler) {
    return new GroupCommit<>(rules, new Writers(1, 1), uncommitted, scheduler::schedule);
  }

  /**
   * Hands in an item when subscribed; emits its result when its group is committed. Errors: {@link
   * IllegalStateException} once it is closed.
   */
  public Mono<R> submit(T item) {
    return Mono.create(
        sink -> {
          if (!uncommitted.enter()) {
            sink.error(Gate.refusal());
            return;
          }
          queue.add(new Entry<>(item, sink));
          waiting.incrementAndGet();
          start();
        });
  }

  /** How many items wait for a group. */
  public int waiting() {
    return waiting.get();
  }

  /** How many items have no result yet: those that wait, and those whose group is being written. */
  public int uncommitted() {
    return uncommitted.inside();
  }

  /**
   * Takes no more items when subscribed; completes when those that it has taken have their results.
   */
  public Mono<Void> close() {
    return uncommitted.close();
  }

  private void start() {
    if (mayWriteBeside(writing.get()) && starting.compareAndSet(false, true)) {
      try {
        starter.execute(this::started);
      } catch (RejectedExecutionException disposed) {
        started();
      }
    }
  }

  private void started() {
    starting.set(false);
    write();
  }

  private void write() {
    while (mayWriteBeside(writing.get())) {
      if (!mayWriteBeside(writing.getAndIncrement())) {
        writing.decrementAndGet();
        continue;
      }
      Group<T, R> group = take();
      if (group.size() == 0) {
        writing.decrementAndGet();
        continue;
      }
      Detached.start(written(group));
    }
  }

  private boolean mayWriteBeside(int others) {
    return waiting.get() >= (others == 0 ? 1 : writers.crowd) && others < writers.most;
  }

  private Group<T, R> take() {
    List<Entry<T, R>> entries = new ArrayList<>(Math.min(rules.size(), Math.max(waiting.get(), 1)));
    long weighed = 0;
    while (entries.size() < rules.size() && weighed < HEAVIEST) {
      Entry<T, R> entry = queue.poll();
      if (entry == null) {
        break;
      }
      entries.add(entry);
      weighed += rules.weight().applyAsInt(entry.item());
    }
    waiting.addAndGet(-entries.size());
    return new Group<>(rules, entries);
  }

  private Mono<Void> written(Group<T, R> group) {
    AtomicBoolean over = new AtomicBoolean();
    Runnable end =
        () -> {
          if (over.compareAndSet(false, true)) {
            writing.decrementAndGet();
            write();
          }
        };
    return group
        .written(end)
        .doFinally(
            answered -> {
              uncommitted.leave(group.size());
              end.run();
            });
  }

  /**
   * @param most at the same time
   * @param crowd how many items have to wait for there to be more than one
   */
  private record Writers(int most, int crowd) {}
}
