package io.shigoto.internal.enqueue;

import io.shigoto.event.JobEvent;
import io.shigoto.internal.flow.DutyCycle;
import io.shigoto.internal.job.Bell;
import io.shigoto.internal.job.Events;
import io.shigoto.internal.job.News;
import io.shigoto.job.Receipt;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import reactor.core.publisher.Mono;

/** Tells of a commit: the nodes of what is due, and whoever listens of each job. */
public final class Herald {

  /** As many rows as may be notified of one by one. */
  private static final int FEW = 8;

  private final Bell bell;
  private final Bell here;
  private final Events events;
  private final DutyCycle aloud;

  /**
   * @param here this node alone
   * @param aloud when a commit may tell the other nodes by itself
   */
  public Herald(Bell bell, Bell here, Events events, DutyCycle aloud) {
    this.bell = bell;
    this.here = here;
    this.events = events;
    this.aloud = aloud;
  }

  /**
   * A commit of these rows that tells the other nodes by itself, if it may: they know a round trip
   * earlier. It holds a lock of the whole database until it is on the disk, so this is for few rows
   * and for a small share of the time.
   */
  <T> Mono<T> aloud(List<JobRow> rows, Supplier<Mono<T>> itself, Supplier<Mono<T>> silently) {
    return rows.size() <= FEW ? aloud.doOrElse(itself, silently) : silently.get();
  }

  /** Tells this node of a commit that has told the others by itself. */
  void ringHere(List<JobRow> rows, List<? extends Answer> answers) {
    ring(here, rows, answers, News.NONE);
  }

  /**
   * Tells the nodes.
   *
   * @param answers in the order of the rows
   * @param also what else has happened
   */
  void ring(List<JobRow> rows, List<? extends Answer> answers, News also) {
    ring(bell, rows, answers, also);
  }

  private static void ring(
      Bell bell, List<JobRow> rows, List<? extends Answer> answers, News also) {
    Set<String> queues = new HashSet<>();
    long soonest = -1;
    for (int i = 0; i < answers.size(); i++) {
      if (answers.get(i) instanceof Answer.Given given
          && given.receipt() instanceof Receipt.Inserted) {
        if (given.dueIn() == 0) {
          queues.add(rows.get(i).queue());
        } else if (soonest < 0 || given.dueIn() < soonest) {
          soonest = given.dueIn();
        }
      }
    }
    News news = new News(queues, soonest, Set.of()).and(also);
    if (!news.isNone()) {
      bell.ring(news);
    }
  }

  /**
   * Tells whoever listens.
   *
   * @param receipts in the order of the rows
   */
  void tell(List<JobRow> rows, List<Receipt> receipts) {
    for (int i = 0; i < receipts.size(); i++) {
      tell(rows.get(i), receipts.get(i));
    }
  }

  void tell(JobRow row, Receipt receipt) {
    if (receipt instanceof Receipt.Conflict conflict) {
      tell(row, conflict);
    } else {
      events.ofJob(JobEvent.Kind.INSERTED, receipt.id(), row.queue(), row.worker(), null);
    }
  }

  /** As both, for jobs whose transaction has told the other nodes by its commit. */
  void committed(List<JobRow> rows, List<Receipt> receipts) {
    List<Answer.Given> given =
        receipts.stream().map(receipt -> new Answer.Given(receipt, 0)).toList();
    ring(rows, given, News.due(0));
    tell(rows, receipts);
  }

  private void tell(JobRow row, Receipt.Conflict conflict) {
    if (events.heard()) {
      String changes =
          conflict.changes().stream()
              .map(change -> change.name().toLowerCase(Locale.ROOT))
              .sorted()
              .collect(Collectors.joining(" "));
      events.ofJob(JobEvent.Kind.CONFLICT, conflict.id(), row.queue(), row.worker(), changes);
    }
  }
}
