package io.shigoto.internal.wake;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import reactor.test.scheduler.VirtualTimeScheduler;

class AlarmTest {

  private final VirtualTimeScheduler timer = VirtualTimeScheduler.create();
  private final Alarm alarm = new Alarm(() -> timer.now(TimeUnit.NANOSECONDS), timer);
  private final List<Long> rangAt = new ArrayList<>();

  @BeforeEach
  void listenAndPutItOffForASecond() {
    alarm.rings().subscribe(ring -> rangAt.add(timer.now(TimeUnit.MILLISECONDS)));
    timer.advanceTimeBy(Duration.ZERO);
    assertThat(rangAt).as("a new alarm goes off at once").containsExactly(0L);
    rangAt.clear();
    alarm.clear(Duration.ofSeconds(1));
  }

  @Test
  void itGoesOffAtTheBackstopIfNobodySaysMore() {
    timer.advanceTimeBy(Duration.ofMillis(999));
    assertThat(rangAt).isEmpty();

    timer.advanceTimeBy(Duration.ofSeconds(5));

    assertThat(rangAt).containsExactly(1_000L);
  }

  @Test
  void itGoesOffExactlyWhenTheSoonestIsDue() {
    alarm.in(300);
    alarm.in(100);
    alarm.in(200);

    timer.advanceTimeBy(Duration.ofMillis(99));
    assertThat(rangAt).isEmpty();
    timer.advanceTimeBy(Duration.ofSeconds(5));

    assertThat(rangAt).containsExactly(100L);
  }

  @Test
  void whatIsDueInAThousandYearsPutsNothingOff() {
    AtomicLong now = new AtomicLong();
    Alarm unheard = new Alarm(now::get, timer);
    now.set(Duration.ofSeconds(1).toNanos());

    unheard.in(Duration.ofDays(365_000).toMillis());

    unheard.rings().subscribe(ring -> rangAt.add(timer.now(TimeUnit.MILLISECONDS)));
    timer.advanceTimeBy(Duration.ZERO);
    assertThat(rangAt).as("a new alarm goes off at once").containsExactly(0L);
  }

  @Test
  void whatIsToldLaterCountsFromThen() {
    timer.advanceTimeBy(Duration.ofMillis(700));
    alarm.in(100);

    timer.advanceTimeBy(Duration.ofSeconds(5));

    assertThat(rangAt).containsExactly(800L);
  }

  @Test
  void whatWasToldAfterItWasClearedIsKept() {
    alarm.in(100);
    timer.advanceTimeBy(Duration.ofMillis(100));
    alarm.clear(Duration.ofSeconds(1));
    alarm.in(50);

    timer.advanceTimeBy(Duration.ofSeconds(5));

    assertThat(rangAt).containsExactly(100L, 150L);
  }

  @Test
  void nowMeansNow() {
    alarm.in(0);
    timer.advanceTimeBy(Duration.ZERO);

    assertThat(rangAt).containsExactly(0L);
  }
}
