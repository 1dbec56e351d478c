package io.shigoto.internal.seats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.shigoto.support.Await;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

class NodeSlotsTest {

  @Test
  void whileTheLimitBindsSlotsAreInProportionToWeights() {
    NodeSlots node = new NodeSlots(8);
    Queue one = new Queue(node, 20, 1);
    Queue three = new Queue(node, 20, 3);

    one.work(100);
    three.work(100);
    assertThat(one.running).as("it was first, and was lent all").isEqualTo(8);

    for (int i = 0; i < 40; i++) {
      (one.running > 2 ? one : i % 2 == 0 ? three : one).end();
    }
    assertThat(one.running).isEqualTo(2);
    assertThat(three.running).isEqualTo(6);
  }

  @Test
  void whatIsLentComesBackAsRunsEndAndNoneIsEndedForIt() {
    NodeSlots node = new NodeSlots(4);
    Queue lender = new Queue(node, 4, 1);
    Queue borrower = new Queue(node, 4, 1);
    borrower.work(100);
    lender.work(1);
    assertThat(borrower.running).isEqualTo(4);
    assertThat(lender.running).isZero();

    borrower.end();
    assertThat(lender.running).as("the first slot that is free").isEqualTo(1);
    assertThat(borrower.running).isEqualTo(3);

    lender.end();
    assertThat(borrower.running).as("the lender needs it no more").isEqualTo(4);
  }

  @Test
  void withFewerSlotsThanQueuesAllHaveTheirTurnByWeight() {
    NodeSlots node = new NodeSlots(1);
    List<Queue> queues = new ArrayList<>();
    for (int weight = 1; weight <= 4; weight++) {
      queues.add(new Queue(node, 5, weight));
    }
    queues.forEach(queue -> queue.work(10_000));
    for (int i = 0; i < 1000; i++) {
      Queue runs = queues.stream().filter(queue -> queue.running > 0).findFirst().orElseThrow();
      runs.end();
    }
    for (Queue queue : queues) {
      assertThat(queue.begun).isCloseTo(100 * queue.weight, within(2));
    }
  }

  @Test
  void theSlotThatSeveralHaveAPartInGoesByTurns() {
    NodeSlots node = new NodeSlots(2);
    List<Queue> queues =
        List.of(new Queue(node, 5, 1), new Queue(node, 5, 1), new Queue(node, 5, 1));
    queues.forEach(queue -> queue.work(10_000));
    Random random = new Random(3);
    for (int i = 0; i < 900; i++) {
      List<Queue> run = queues.stream().filter(queue -> queue.running > 0).toList();
      run.get(random.nextInt(run.size())).end();
    }
    for (Queue queue : queues) {
      assertThat(queue.begun).isCloseTo(300, within(15));
    }
  }

  @Test
  void aQueueWithoutWorkLosesItsTurns() {
    NodeSlots node = new NodeSlots(1);
    Queue busy = new Queue(node, 5, 1);
    Queue late = new Queue(node, 5, 1);
    busy.work(10_000);
    for (int i = 0; i < 500; i++) {
      busy.end();
    }
    late.work(10_000);
    int before = busy.begun;
    for (int i = 0; i < 100; i++) {
      (busy.running > 0 ? busy : late).end();
    }
    assertThat(busy.begun - before).isCloseTo(50, within(2));
  }

  @Test
  void whateverHappensNoSlotIsLostOrMadeAndNoneStandsIdleWhileOneWaits() {
    for (int seed = 0; seed < 200; seed++) {
      Random random = new Random(seed);
      int slots = random.nextInt(1, 12);
      NodeSlots node = new NodeSlots(slots);
      List<Queue> queues = new ArrayList<>();
      for (int step = 0; step < 300; step++) {
        int what = random.nextInt(20);
        if (queues.isEmpty() || (what == 0 && queues.size() < 6)) {
          queues.add(new Queue(node, random.nextInt(1, 10), random.nextInt(1, 6)));
        }
        Queue queue = queues.get(random.nextInt(queues.size()));
        switch (what) {
          case 1 -> {
            queue.leave();
            queues.remove(queue);
          }
          case 2 -> queue.resize(random.nextInt(1, 10));
          case 3, 4, 5, 6 -> queue.work(random.nextInt(0, 15));
          case 7 -> queue.pause(!queue.paused);
          default -> queue.end();
        }
        int running = queues.stream().mapToInt(one -> one.running).sum();
        int idle = queues.stream().mapToInt(one -> one.seats.idle()).sum();
        assertThat(running + idle + node.spare())
            .as("seed %d step %d", seed, step)
            .isEqualTo(slots);
        if (running < slots) {
          assertThat(queues)
              .as("seed %d step %d", seed, step)
              .noneMatch(one -> one.waiting > 0 && !one.paused && one.running < one.width);
        }
      }
    }
  }

  /** Many threads at once; each queue as a pipeline uses it. */
  @Test
  void neverAreThereMoreRunsThanSlotsWhoeverTakesThem() {
    int slots = 5;
    NodeSlots node = new NodeSlots(slots);
    AtomicInteger running = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    AtomicInteger done = new AtomicInteger();
    int perQueue = 3000;
    List<Contender> queues =
        Flux.range(1, 4)
            .map(weight -> new Contender(node, weight, perQueue, running, most, done))
            .collectList()
            .block();
    queues.forEach(queue -> queue.seats.join());
    Mono.when(
            queues.stream()
                .map(queue -> Mono.fromRunnable(queue::begin).subscribeOn(Schedulers.parallel()))
                .toList())
        .block(Duration.ofSeconds(30));
    Await.until(Duration.ofSeconds(30), () -> done.get() == 4 * perQueue);

    assertThat(most.get()).isEqualTo(slots);
    queues.forEach(queue -> queue.seats.leave());
    assertThat(node.spare()).isEqualTo(slots);
  }

  /** As when a node loses its lease: a queue leaves, its runs end at that moment. */
  @Test
  void whoLeavesTakesNoSlotAlongThoughItsRunsEndMeanwhile() {
    for (int round = 0; round < 500; round++) {
      NodeSlots node = new NodeSlots(4);
      Contender leaves = contender(node);
      Contender stays = contender(node);
      leaves.seats.join();
      stays.seats.join();
      leaves.seats.changed();
      while (leaves.seats.take()) {}
      stays.seats.changed();
      Mono.when(
              Mono.fromRunnable(leaves.seats::leave).subscribeOn(Schedulers.parallel()),
              Mono.fromRunnable(() -> leaves.seats.freed(4)).subscribeOn(Schedulers.parallel()),
              Mono.fromRunnable(node::share).subscribeOn(Schedulers.parallel()))
          .block(Duration.ofSeconds(30));
      node.share();

      assertThat(stays.seats.idle() + node.spare()).as("round %d", round).isEqualTo(4);
      assertThat(leaves.seats.idle()).as("round %d", round).isZero();
    }
  }

  /** It is seen to have work, and leaves before it is given a slot. */
  @Test
  @Timeout(value = 30, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void whoLeavesWhileSlotsAreSharedGetsNoneAndTheSharingEnds() {
    NodeSlots node = new NodeSlots(2);
    Leaving leaving = new Leaving();
    leaving.seats = node.seats(leaving);

    leaving.seats.join();

    assertThat(node.spare()).isEqualTo(2);
    assertThat(leaving.seats.idle()).isZero();
  }

  /** It takes the one that it has while it is given another. */
  @Test
  void aQueueIsToldOfEachSlotThatItIsGiven() {
    for (int round = 0; round < 3000; round++) {
      NodeSlots node = new NodeSlots(2);
      Queue first = new Queue(node, 1, 1);
      first.work(1);
      Late late = new Late(node);
      assertThat(late.seats.idle()).isEqualTo(1);

      Mono.when(
              Mono.fromRunnable(first::end).subscribeOn(Schedulers.parallel()),
              Mono.fromRunnable(late::begin).subscribeOn(Schedulers.parallel()))
          .block(Duration.ofSeconds(30));

      assertThat(late.running.get()).as("round %d", round).isEqualTo(2);
    }
  }

  private static final class Leaving implements Seats.Owner {

    private Seats seats = Seats.ANY;

    @Override
    public boolean isHungry() {
      return true;
    }

    @Override
    public int width() {
      seats.leave();
      return 2;
    }

    @Override
    public int weight() {
      return 1;
    }

    @Override
    public void onSlots() {}
  }

  /** Its two runs begin when it is told to begin, or of slots after that; they never end. */
  private static final class Late implements Seats.Owner {

    private final AtomicInteger running = new AtomicInteger();
    private final Seats seats;
    private volatile boolean open;

    Late(NodeSlots node) {
      seats = node.seats(this);
      seats.join();
    }

    void begin() {
      open = true;
      onSlots();
    }

    @Override
    public boolean isHungry() {
      return true;
    }

    @Override
    public int width() {
      return 2;
    }

    @Override
    public int weight() {
      return 1;
    }

    @Override
    public void onSlots() {
      while (open && seats.take()) {
        running.incrementAndGet();
      }
    }
  }

  private static Contender contender(NodeSlots node) {
    return new Contender(
        node, 1, 100, new AtomicInteger(), new AtomicInteger(), new AtomicInteger()) {
      @Override
      public void onSlots() {}
    };
  }

  private static class Contender implements Seats.Owner {

    private final Seats seats;
    private final int weight;
    private final AtomicInteger left;
    private final AtomicInteger running;
    private final AtomicInteger most;
    private final AtomicInteger done;
    private final AtomicInteger moving = new AtomicInteger();

    Contender(
        NodeSlots node,
        int weight,
        int jobs,
        AtomicInteger running,
        AtomicInteger most,
        AtomicInteger done) {
      this.seats = node.seats(this);
      this.weight = weight;
      this.left = new AtomicInteger(jobs);
      this.running = running;
      this.most = most;
      this.done = done;
    }

    void begin() {
      seats.changed();
      onSlots();
    }

    @Override
    public boolean isHungry() {
      return left.get() > 0;
    }

    @Override
    public int width() {
      return 4;
    }

    @Override
    public int weight() {
      return weight;
    }

    @Override
    public void onSlots() {
      if (moving.getAndIncrement() != 0) {
        return;
      }
      int notes = 1;
      do {
        while (left.get() > 0 && seats.take()) {
          left.decrementAndGet();
          most.accumulateAndGet(running.incrementAndGet(), Math::max);
          Schedulers.parallel().schedule(this::end);
        }
        notes = moving.addAndGet(-notes);
      } while (notes != 0);
      seats.changed();
    }

    private void end() {
      running.decrementAndGet();
      done.incrementAndGet();
      seats.freed(1);
      onSlots();
    }
  }

  /** A queue whose jobs begin as soon as they may, and end when the test says so. */
  private static final class Queue implements Seats.Owner {

    private final Seats seats;
    private final int weight;
    private int width;
    private int waiting;
    private int running;
    private int begun;
    private boolean paused;

    Queue(NodeSlots node, int width, int weight) {
      this.seats = node.seats(this);
      this.width = width;
      this.weight = weight;
      seats.join();
    }

    void work(int jobs) {
      waiting += jobs;
      seats.changed();
      onSlots();
    }

    void end() {
      if (running > 0) {
        running--;
        seats.freed(1);
        onSlots();
      }
    }

    void resize(int wide) {
      width = wide;
      seats.changed();
      onSlots();
    }

    void pause(boolean pause) {
      paused = pause;
      seats.changed();
      onSlots();
    }

    void leave() {
      waiting = 0;
      running = 0;
      seats.leave();
    }

    @Override
    public boolean isHungry() {
      return waiting > 0 && !paused;
    }

    @Override
    public int width() {
      return width;
    }

    @Override
    public int weight() {
      return weight;
    }

    @Override
    public void onSlots() {
      while (isHungry() && running < width && seats.take()) {
        waiting--;
        running++;
        begun++;
      }
      seats.changed();
    }
  }
}
