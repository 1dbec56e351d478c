package io.shigoto.internal.find;

import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.internal.find.DatabaseLook.Answer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.pool.PoolAcquireTimeoutException;

class DatabaseLookTest {

  private static final List<Unserved> FOUND = List.of(new Unserved("q", "w"));

  private final AtomicInteger looks = new AtomicInteger();
  private Sinks.One<List<Unserved>> answer = Sinks.one();
  private final DatabaseLook look =
      new DatabaseLook(
          Mono.defer(
              () -> {
                looks.incrementAndGet();
                return answer.asMono();
              }));
  private final List<DatabaseLook.Seen> seen = new ArrayList<>();

  @Test
  void allWhoAskAtTheSameTimeShareALookAndTheNextOneIsNew() {
    Disposable first = look.seen().subscribe(seen::add);
    for (int i = 0; i < 100; i++) {
      look.seen().subscribe(seen::add);
    }
    first.dispose();
    assertThat(looks).hasValue(1);

    answer.tryEmitValue(FOUND);

    assertThat(seen).hasSize(100).containsOnly(new DatabaseLook.Seen(Answer.GIVEN, FOUND));
    answer = Sinks.one();
    look.seen().subscribe(seen::add);
    assertThat(looks).hasValue(2);
    assertThat(seen).hasSize(100);
  }

  @Test
  void whoHadNoConnectionToAskByDoesNotSayThatThereIsNoAnswer() {
    answer.tryEmitError(new PoolAcquireTimeoutException(Duration.ofSeconds(1)));

    assertThat(look.seen().block().answer()).isEqualTo(Answer.NOT_ASKED);
  }

  @Test
  void anAnswerThatIsLateOrAnErrorIsNone() {
    answer.tryEmitError(new TimeoutException());

    assertThat(look.seen().block().answer()).isEqualTo(Answer.NONE);
    assertThat(look.seen().block().answer()).isEqualTo(Answer.NONE);
    assertThat(looks).hasValue(2);
  }
}
