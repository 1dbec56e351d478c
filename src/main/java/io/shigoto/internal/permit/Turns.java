package io.shigoto.internal.permit;

import io.shigoto.internal.limit.Kept;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import reactor.core.scheduler.Scheduler;

/**
 * Claimed jobs of a rate-limited worker that have a slot and wait for their turn to start. Those
 * whose turn has come are counted as admitted until they start, so the limit holds however long
 * that takes.
 *
 * <p>The protocol: one thread at a time admits (whoever raises {@code admitting} from zero), the
 * others leave it a note.
 */
final class Turns {

  private final Rule rule;
  private final Kept<Quota> quota;
  private final LongSupplier micros;
  private final Chime chime;
  private final Queue<Held> waiting = new ConcurrentLinkedQueue<>();
  private final AtomicInteger admitting = new AtomicInteger();

  Turns(Rule rule, Kept<Quota> quota, Scheduler timer, LongSupplier micros) {
    this.rule = rule;
    this.quota = quota;
    this.micros = micros;
    this.chime = new Chime(timer, micros, this::admit);
  }

  boolean areNeeded() {
    return rule.isPaced();
  }

  /** Has it told when its turn has come, after those that waited before. */
  void await(Held job) {
    waiting.add(job);
    admit();
  }

  /** It starts now; its turn had come. */
  void start() {
    quota.change(present -> rule.start(present, micros.getAsLong()));
  }

  private void admit() {
    if (admitting.getAndIncrement() != 0) {
      return;
    }
    int notes = 1;
    do {
      admitAll();
      notes = admitting.addAndGet(-notes);
    } while (notes != 0);
  }

  private void admitAll() {
    for (Held next = waiting.peek(); next != null; next = waiting.peek()) {
      boolean waits = next.isWaiting();
      if (waits && !admitOne()) {
        return;
      }
      waiting.remove();
      if (waits && !next.admit()) {
        quota.change(Quota::turnLost);
      }
    }
  }

  private boolean admitOne() {
    while (true) {
      Quota present = quota.get();
      long now = micros.getAsLong();
      long at = rule.turnAt(present, now);
      if (at > now) {
        chime.at(at);
        return false;
      }
      if (quota.replace(present, present.turnCame())) {
        return true;
      }
    }
  }
}
