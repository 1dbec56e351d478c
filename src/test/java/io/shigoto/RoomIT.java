package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import io.r2dbc.spi.Connection;
import io.shigoto.control.QueueOptions;
import io.shigoto.event.JobEvent;
import io.shigoto.internal.postgres.Database;
import io.shigoto.job.NewJob;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.worker.Outcome;
import java.time.Duration;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/** Where there is room in the cluster again it is used, with a poll once an hour. */
class RoomIT {

  private static final Duration NEVER = Duration.ofHours(1);

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Told told = new Told();
  private final Sinks.Empty<Void> may = Sinks.empty();

  @Test
  void aJobThatIsCancelledWhileItRunsMakesRoomForTheNext() {
    Shigoto node = nodes.start(node().worker(new Limited("limited", 1)).queue("one", 5));
    long first = enqueue(node, "limited", "one", null);
    told.await(JobEvent.Kind.STARTED, 1);
    long second = enqueue(node, "limited", "one", null);

    cancel(node, first);

    assertThat(told.await(JobEvent.Kind.STARTED, 2).get(1).jobId()).isEqualTo(second);
  }

  /**
   * It was claimed for a slot that is no more. What the node tells itself it does not hear again.
   */
  @Test
  void aJobThatIsCancelledWhileItWaitsForASlotMakesRoomForTheNext() {
    Shigoto node =
        nodes.start(
            node().pollOnly().worker(new Limited("limited", 1)).worker(endless()).queue("one", 2));
    enqueue(node, "endless", "one", null);
    told.await(JobEvent.Kind.STARTED, 1);
    long waits = claimedWhileTheQueueShrinks(node);
    node.queues().add("two", QueueOptions.concurrency(5)).block(LIMIT);
    enqueue(node, "limited", "two", null);
    enqueue(node, "free", "two", null);
    told.await(JobEvent.Kind.COMPLETED, 1);

    cancel(node, waits);

    told.await(JobEvent.Kind.STARTED, 3);
    may.tryEmitEmpty();
    told.await(JobEvent.Kind.COMPLETED, 2);
  }

  private long claimedWhileTheQueueShrinks(Shigoto node) {
    Connection rival = Mono.from(db.connectionFactory().create()).block(LIMIT);
    try {
      Database.run(rival, "BEGIN; LOCK TABLE shigoto.limits IN EXCLUSIVE MODE").block(LIMIT);
      long id = enqueue(node, "limited", "one", null);
      Await.until(
          "a claim waits",
          LIMIT,
          () -> db.number("SELECT count(*) FROM pg_locks WHERE NOT granted") > 0);
      node.queues().resize("one", 1).block(LIMIT);
      Database.run(rival, "ROLLBACK").block(LIMIT);
      Await.until(
          "it is claimed",
          LIMIT,
          () ->
              db.number("SELECT count(*) FROM shigoto.jobs WHERE id = $1 AND owner IS NOT NULL", id)
                  == 1);
      return id;
    } finally {
      Mono.from(rival.close()).block(LIMIT);
    }
  }

  /** Of runs of a name, all nodes hear that know the worker by it, whatever name they give it. */
  @Test
  void theEndOfARunIsHeardByNodesThatKnowItsWorkerByAnotherName() {
    Shigoto old = nodes.start(node().worker(new Limited("older", 1)).queue("one", 5));
    Shigoto renamed =
        nodes.start(node().worker(new Limited("newer", 1, Set.of("older"))).queue("two", 5));
    enqueue(old, "older", "one", null);
    told.await(JobEvent.Kind.STARTED, 1);
    enqueue(renamed, "newer", "two", null);
    enqueue(renamed, "free", "two", null);
    told.await(JobEvent.Kind.COMPLETED, 1);
    assertThat(told.count(JobEvent.Kind.STARTED)).isEqualTo(2);

    may.tryEmitEmpty();

    told.await(JobEvent.Kind.COMPLETED, 3);
  }

  /** One key that is full holds up neither the others of its queue nor those of other queues. */
  @Test
  void jobsOfOtherKeysAreClaimedAtOnceWhileAKeyIsFull() {
    Shigoto node =
        nodes.start(node().worker(partitioned("keyed", 1)).queue("one", 20).queue("two", 20));
    enqueue(node, "keyed", "one", "a");
    enqueue(node, "keyed", "one", "a");
    enqueue(node, "keyed", "two", "a");
    told.await(JobEvent.Kind.STARTED, 1);
    told.await(JobEvent.Kind.BULKHEAD_FULL);
    assertThat(told.count(JobEvent.Kind.STARTED)).isOne();

    for (int started = 2; started <= 11; started++) {
      enqueue(node, "keyed", started % 2 == 0 ? "one" : "two", "key" + started);
      told.await(JobEvent.Kind.STARTED, started);
    }

    may.tryEmitEmpty();
    told.await(JobEvent.Kind.COMPLETED, 13);
  }

  private Scripted partitioned(String name, int each) {
    return new Limited(name, Scripted.UNLIMITED) {
      @Override
      public int partitionConcurrency() {
        return each;
      }
    };
  }

  private void cancel(Shigoto node, long id) {
    node.jobs().cancel(id).block(LIMIT);
    assertThat(told.await(JobEvent.Kind.CANCELLED).jobId()).isEqualTo(id);
  }

  private static long enqueue(
      Shigoto node, String worker, String queue, @Nullable String partition) {
    NewJob job = NewJob.of(worker, Scripted.NOTHING).queue(queue);
    return node.enqueue(partition == null ? job : job.partitionKey(partition)).block(LIMIT).id();
  }

  private ShigotoBuilder node() {
    return Shigoto.builder(db.connectionFactory())
        .pollInterval(NEVER)
        .listener(told)
        .worker(new Scripted("free", job -> Mono.just(Outcome.done())));
  }

  private Scripted endless() {
    return new Scripted("endless", job -> Mono.never());
  }

  private class Limited extends Scripted {

    private final int most;
    private final Set<String> aliases;

    Limited(String name, int most) {
      this(name, most, Set.of());
    }

    Limited(String name, int most, Set<String> aliases) {
      super(name, job -> may.asMono().thenReturn(Outcome.done()));
      this.most = most;
      this.aliases = aliases;
    }

    @Override
    public Set<String> aliases() {
      return aliases;
    }

    @Override
    public int globalConcurrency() {
      return most;
    }
  }
}
