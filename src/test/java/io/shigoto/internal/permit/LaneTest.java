package io.shigoto.internal.permit;

import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.internal.job.Brought;
import io.shigoto.internal.job.Events;
import io.shigoto.internal.json.Json;
import io.shigoto.internal.known.Workers;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import reactor.test.scheduler.VirtualTimeScheduler;
import tools.jackson.databind.json.JsonMapper;

class LaneTest {

  private static final int ROUNDS = 50_000;
  private static final Brought NOTHING = Brought.plain(List.of(), false);

  private final Lane lane =
      new Allowances(
              new Workers(
                  List.of(Limited.free("any")),
                  List.of(),
                  new Json(JsonMapper.builder().build(), 1024)),
              new Events("node", List.of()),
              Duration.ofHours(1),
              VirtualTimeScheduler.create(),
              System::nanoTime)
          .lane(() -> {});

  private volatile boolean over;

  @AfterEach
  void end() {
    over = true;
  }

  /** Whatever moment of a look they meet: that look sees them, or the lane is ready for another. */
  @Test
  void newsThatComeDuringALookAreNotLost() {
    AtomicInteger told = new AtomicInteger();
    AtomicInteger seen = new AtomicInteger();
    Thread teller = new Thread(() -> tell(told, seen), "teller");
    teller.setDaemon(true);
    teller.start();

    while (seen.get() < ROUNDS) {
      Portion portion = lane.portion(1, 1);
      if (!portion.isEmpty()) {
        portion.took(NOTHING, 1);
        seen.incrementAndGet();
      } else if (told.get() > seen.get()) {
        assertThat(lane.isReady()).as("after news %d", told.get()).isTrue();
      } else {
        Thread.yield();
      }
    }
  }

  private void tell(AtomicInteger told, AtomicInteger seen) {
    while (told.get() < ROUNDS && !over) {
      lane.news();
      told.incrementAndGet();
      while (seen.get() < told.get() && !over) {
        Thread.yield();
      }
    }
  }
}
