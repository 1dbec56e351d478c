package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.control.Explanation;
import io.shigoto.control.Reason;
import io.shigoto.job.JobState;
import io.shigoto.support.Await;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;

/** Each reason is brought about, read, and goes away. */
class ExplainIT extends Explained {

  @Test
  void unknown() {
    Shigoto node = start("a", builder -> {});

    assertThat(node.jobs().explain(4711).block(LIMIT))
        .hasToString("there is no job 4711")
        .satisfies(explained -> assertThat(explained.has(Reason.Unknown.class)).isTrue());
  }

  @Test
  void ended() {
    Shigoto node = start("a", builder -> {});
    long id = enqueue(node, job("done"));
    node.jobs().await(id).block(LIMIT);

    Reason.Ended ended = only(node, id, Reason.Ended.class);
    assertThat(ended.state()).isEqualTo(JobState.COMPLETED);
    assertThat(ended.at()).isEqualTo(node.jobs().find(id).block(LIMIT).finishedAt());
  }

  @Test
  void runningAndThenCalledOff() {
    Shigoto node = start("a", builder -> {});
    long id = enqueue(node, job("hold"));
    awaitRunning(1);

    Reason.Running held = only(node, id, Reason.Running.class);
    assertThat(held.node()).isEqualTo("a");
    assertThat(held.attempt()).isEqualTo(1);
    assertThat(held.cancelling()).isFalse();
    db.sql("UPDATE shigoto.jobs SET cancelling = owner WHERE id = $1 RETURNING id", id);
    Await.until(
        LIMIT,
        () -> {
          Explanation now = node.jobs().explain(id).block(LIMIT);
          return now.has(Reason.Ended.class) || now.toString().contains("is ending the run");
        });
    Await.until(LIMIT, () -> has(node, id, Reason.Ended.class));
  }

  @Test
  void nodeLost() {
    Shigoto node = start("a", builder -> builder.lease(Duration.ofHours(1)));
    long id = enqueue(node, job("unknown"));
    String lost = "00000000-0000-0000-0000-00000000dead";
    db.sql(
        "INSERT INTO shigoto.nodes (id, name, lease_until, queues, workers)"
            + " VALUES ($1::uuid, 'gone', now() - interval '1 minute', '{}', '{}')",
        lost);
    db.sql(
        "UPDATE shigoto.jobs SET state = 'executing', owner = $2::uuid, attempt = 1, lease = 1,"
            + " claimed_at = now() WHERE id = $1",
        id,
        lost);

    Reason.NodeLost reason = only(node, id, Reason.NodeLost.class);
    assertThat(reason.node()).isEqualTo("gone");
    assertThat(reason.toString()).contains("a rescue is due");
    db.sql("DELETE FROM shigoto.nodes WHERE id = $1::uuid", lost);
    assertThat(only(node, id, Reason.NodeLost.class).toString()).contains(lost);
    start("b", builder -> builder.lease(Duration.ofSeconds(2)));
    Await.until(LIMIT, () -> !has(node, id, Reason.NodeLost.class));
  }

  @Test
  void notDue() {
    Shigoto node = start("a", builder -> {});
    long scheduled = enqueue(node, job("done").delay(Duration.ofHours(1)));
    long snoozed = enqueue(node, job("snooze"));
    long failed = enqueue(node, job("fail"));
    awaitState(node, snoozed, JobState.SCHEDULED);
    awaitState(node, failed, JobState.RETRYABLE);

    assertThat(only(node, scheduled, Reason.NotDue.class).why())
        .isEqualTo(Reason.NotDue.Why.SCHEDULED);
    assertThat(only(node, scheduled, Reason.NotDue.class).until())
        .isEqualTo(node.jobs().find(scheduled).block(LIMIT).scheduledAt());
    assertThat(only(node, snoozed, Reason.NotDue.class).why()).isEqualTo(Reason.NotDue.Why.SNOOZED);
    assertThat(only(node, failed, Reason.NotDue.class).toString())
        .startsWith("attempt 1 failed, the next is due at ");
    node.jobs().retry(scheduled).block(LIMIT);
    Await.until(LIMIT, () -> has(node, scheduled, Reason.Ended.class));
  }

  /** It was claimed ahead and given back; then another of its unique key put it off. */
  @Test
  void notDueThoughItWasClaimedOnce() {
    Shigoto node = start("a", builder -> {});
    long id = enqueue(node, job("done").delay(Duration.ofHours(1)));
    db.sql("UPDATE shigoto.jobs SET lease = 1 WHERE id = $1", id);

    assertThat(only(node, id, Reason.NotDue.class).why()).isEqualTo(Reason.NotDue.Why.SCHEDULED);
  }

  @Test
  void waitsForJobsAndIsNotDueAndIsPausedAllAtOnce() {
    Shigoto node = start("a", builder -> {});
    node.queues().pause("other").block(LIMIT);
    List<Long> parents =
        node.enqueueAll(Flux.range(0, 12).map(i -> job("unknown")))
            .map(receipt -> receipt.id())
            .collectList()
            .block(LIMIT);
    long id =
        enqueue(node, job("done").queue("other").dependsOn(parents).delay(Duration.ofHours(1)));

    Explanation all = node.jobs().explain(id).block(LIMIT);
    assertThat(all.state()).isEqualTo(JobState.WAITING);
    assertThat(all.reasons().stream().map(Object::getClass))
        .containsExactly(
            Reason.WaitsForJobs.class,
            Reason.NotDue.class,
            Reason.QueuePaused.class,
            Reason.NoNodeForQueue.class);
    Reason.WaitsForJobs waits = (Reason.WaitsForJobs) all.reasons().get(0);
    assertThat(waits.count()).isEqualTo(12);
    assertThat(waits.first()).isEqualTo(parents.subList(0, 10));
    parents.forEach(parent -> node.jobs().cancel(parent).block(LIMIT));
    Await.until(LIMIT, () -> !has(node, id, Reason.WaitsForJobs.class));
  }

  @Test
  void queuePaused() {
    Shigoto node = start("a", builder -> {});
    node.queues().pause("default").block(LIMIT);
    long id = enqueue(node, job("done"));

    assertThat(only(node, id, Reason.QueuePaused.class).queue()).isEqualTo("default");
    node.queues().resume("default").block(LIMIT);
    Await.until(LIMIT, () -> has(node, id, Reason.Ended.class));
  }

  @Test
  void noNode() {
    Shigoto node = start("a", builder -> {});
    long queue = enqueue(node, job("done").queue("other"));
    long worker = enqueue(node, job("special"));
    long both = enqueue(node, job("special").queue("other"));

    assertThat(only(node, queue, Reason.NoNodeForQueue.class).queue()).isEqualTo("other");
    assertThat(only(node, worker, Reason.NoNodeForWorker.class).worker()).isEqualTo("special");
    assertThat(node.jobs().explain(both).block(LIMIT).reasons())
        .containsExactly(new Reason.NoNodeForQueue("other"), new Reason.NoNodeForWorker("special"));
    nodes.start(
        Shigoto.builder(db.connectionFactory())
            .name("b")
            .worker(worker("other"))
            .queue("other", 1));
    Await.until(LIMIT, () -> !has(node, both, Reason.NoNodeForQueue.class));
    nodes.start(
        Shigoto.builder(db.connectionFactory())
            .name("c")
            .worker(worker("special"))
            .queue("third", 1));
    assertThat(only(node, both, Reason.NoNodeForBoth.class).toString())
        .isEqualTo("no live node that serves queue 'other' knows worker 'special'");
    nodes.start(
        Shigoto.builder(db.connectionFactory())
            .name("d")
            .worker(worker("special"))
            .worker(worker("done"))
            .queue("other", 1)
            .queue("default", 1));
    for (long id : List.of(queue, worker, both)) {
      Await.until(LIMIT, () -> has(node, id, Reason.Ended.class));
    }
  }

  @Test
  void nothingKeepsIt() {
    Shigoto asked = nodes.build(Shigoto.builder(db.connectionFactory()));
    insertIdleNode("done");
    long id = enqueue(asked, job("done"));

    Explanation explained = asked.jobs().explain(id).block(LIMIT);
    assertThat(explained.reasons()).isEmpty();
    assertThat(explained)
        .hasToString("job " + id + " is available, and nothing keeps it: it starts any moment");
  }
}
