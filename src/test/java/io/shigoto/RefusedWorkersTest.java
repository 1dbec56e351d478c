package io.shigoto;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.shigoto.job.NewJob;
import io.shigoto.worker.JobContext;
import io.shigoto.worker.Outcome;
import io.shigoto.worker.RateLimit;
import io.shigoto.worker.ReactiveWorker;
import io.shigoto.worker.Worker;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import reactor.core.publisher.Mono;

/**
 * What a worker says of itself is asked when the node is built, and refused by worker and value.
 */
class RefusedWorkersTest {

  private static final String LONG = "x".repeat(256);
  private static final Duration ENDLESS = Duration.ofSeconds(Long.MAX_VALUE);
  private static final Set<?> NOTHING = Collections.singleton(null);
  private static final RateLimit SHORT = RateLimit.of(7, Duration.ofMillis(99));
  private static final RateLimit LONGER = RateLimit.of(7, Duration.ofMillis(100));

  static Stream<Arguments> words() {
    return Stream.of(
        said("name", null, "name must be a name, but is null"),
        said("name", " ", "name must have 1 to 255"),
        said("name", LONG, "name must have 1 to 255"),
        said("name", "\ud800", "name must have 1 to 255"),
        said("aliases", null, "'w': aliases must be a set of names, but is null"),
        said("aliases", NOTHING, "'w': one of aliases must be a name, but is null"),
        said("aliases", Set.of(LONG), "'w': one of aliases must have 1 to 255"),
        said("aliases", Set.of("w"), "worker name 'w' is taken twice"),
        said("queue", null, "'w': queue must be a name, but is null"),
        said("queue", "", "'w': queue must have 1 to 255"),
        said("queue", LONG, "'w': queue must have 1 to 255"),
        said("maxAttempts", 0, "'w': maxAttempts must be at least 1, but is 0"),
        said("maxAttempts", -1, "'w': maxAttempts must be at least 1, but is -1"),
        said("priority", 32_768, "'w': priority must be from -32768 to 32767, but is 32768"),
        said("priority", -32_769, "but is -32769"),
        said("timeout", null, "'w': timeout must be positive, and at most 36500 days"),
        said("timeout", Duration.ZERO, "but is PT0S"),
        said("timeout", Duration.ofSeconds(-1), "but is PT-1S"),
        said("timeout", ENDLESS, "but is " + ENDLESS),
        said("unique", null, "'w': unique must be given, but is null"),
        said("tags", null, "'w': tags must be a set of names, but is null"),
        said("tags", NOTHING, "'w': one of tags must be a name, but is null"),
        said("tags", Set.of("a", ""), "'w': one of tags must have 1 to 255"),
        said("tags", Set.of("a\0"), "'w': one of tags must have 1 to 255"),
        said("middleware", null, "'w': middleware must be a list without null"),
        said("middleware", Arrays.asList((Object) null), "middleware must be a list without null"),
        said("concurrency", 0, "'w': concurrency must be at least 1, but is 0"),
        said("globalConcurrency", 0, "'w': globalConcurrency must be at least 1, but is 0"),
        said("partitionConcurrency", -1, "'w': partitionConcurrency must be at least 1, but is -1"),
        said("circuitBreaker", null, "'w': circuitBreaker must be given, but is null"),
        said("rateLimit", null, "'w': rateLimit must be given,"),
        said("rateLimit", SHORT.global(), "period of 100 ms or more if it is global"),
        said("rateLimit", SHORT.perPartition(), "but is " + SHORT.perPartition()),
        said("rateLimit", SHORT.leakyBucket().global().perPartition(), "period of 100 ms or more"));
  }

  @ParameterizedTest(name = "{0} {2}")
  @MethodSource("words")
  void whatMakesNoSenseIsRefused(String what, Object value, String rule) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> build(worker(what, value)))
        .withMessageStartingWith("worker ")
        .withMessageContaining(rule);
  }

  @Test
  void aNameOfTwoWorkersIsRefusedWithBoth() {
    ReactiveWorker<String> one = Worker.of("a", String.class, job -> Mono.empty());
    ReactiveWorker<String> two = worker("aliases", Set.of("a"));

    assertThatIllegalArgumentException()
        .isThrownBy(() -> build(one, two))
        .withMessageStartingWith("worker name 'a' is taken twice: by ")
        .withMessageContaining(two.getClass().getName());
    assertThatIllegalArgumentException()
        .isThrownBy(() -> build(one, one))
        .withMessageContaining("'a' is taken twice");
  }

  @Test
  void aClassOfTwoWorkersIsNotAskedFor() {
    Shigoto node = build(new Named("first"), new Named("second"));

    assertThatIllegalArgumentException()
        .isThrownBy(() -> node.enqueue(NewJob.of(Named.class, "x")))
        .withMessageContaining(
            Named.class.getName() + " is registered as [first, second]: enqueue by one of these");
    node.stop(Duration.ZERO).block();
  }

  @Test
  void theEdgesAreTaken() {
    String longest = "仕".repeat(255);
    Map<String, Object> edges = new HashMap<>();
    edges.put("name", longest);
    edges.put("queue", longest);
    edges.put("tags", Set.of(longest));
    edges.put("maxAttempts", Integer.MAX_VALUE);
    edges.put("priority", (int) Short.MIN_VALUE);
    edges.put("timeout", Duration.ofDays(36_500));
    for (RateLimit limit : List.of(SHORT, LONGER.global(), LONGER.perPartition())) {
      edges.put("rateLimit", limit);
      assertThatCode(() -> build(worker(edges)).stop(Duration.ZERO).block())
          .doesNotThrowAnyException();
    }
  }

  private static Arguments said(String what, Object value, String rule) {
    return Arguments.of(what, value, rule);
  }

  private static Shigoto build(ReactiveWorker<?>... workers) {
    ShigotoBuilder builder = RefusedSettingsTest.builder();
    for (ReactiveWorker<?> worker : workers) {
      builder.worker(worker);
    }
    return builder.build();
  }

  private static ReactiveWorker<String> worker(String what, Object value) {
    return worker(Collections.singletonMap(what, value));
  }

  /** A worker that says what it is told to, and otherwise what all say. */
  @SuppressWarnings("unchecked") // it says itself what it reads
  private static ReactiveWorker<String> worker(Map<String, Object> words) {
    Map<String, Object> all = new HashMap<>(Map.of("name", "w", "argsType", String.class));
    all.putAll(words);
    return (ReactiveWorker<String>)
        Proxy.newProxyInstance(
            RefusedWorkersTest.class.getClassLoader(),
            new Class<?>[] {ReactiveWorker.class, Worker.Typed.class},
            (proxy, method, given) ->
                all.containsKey(method.getName())
                    ? all.get(method.getName())
                    : InvocationHandler.invokeDefault(proxy, method, given));
  }

  private record Named(String name) implements ReactiveWorker<String> {

    @Override
    public Mono<Outcome> perform(JobContext<String> job) {
      return Mono.empty();
    }
  }
}
