package io.shigoto;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.r2dbc.spi.ConnectionFactories;
import io.shigoto.job.NewJob;
import io.shigoto.worker.JobContext;
import io.shigoto.worker.Middleware;
import io.shigoto.worker.Outcome;
import io.shigoto.worker.ReactiveWorker;
import io.shigoto.worker.Unique;
import io.shigoto.worker.Worker;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import reactor.core.publisher.Mono;

/** What makes no sense is refused before anything is connected, by its name and value. */
class RefusedSettingsTest {

  private static final String LONG = "x".repeat(256);
  private static final Duration ENDLESS = Duration.ofSeconds(Long.MAX_VALUE);

  static Stream<Arguments> settings() {
    return Stream.of(
        setting("queue must have 1 to 255", "''", it -> it.queue("", 1)),
        setting("queue must have 1 to 255", "'  '", it -> it.queue("  ", 1)),
        setting("queue must have 1 to 255", "of length 256", it -> it.queue(LONG, 1)),
        setting("queue must have 1 to 255", "NUL", it -> it.queue("a\0", 1)),
        setting("queue is given twice", "'a'", it -> it.queue("a", 1).queue("a", 2)),
        setting("concurrency of queue 'a'", "but is 0", it -> it.queue("a", 0)),
        setting("concurrency of queue 'a'", "but is -3", it -> it.queue("a", -3)),
        setting("name must have 1 to 255", "''", it -> it.name("")),
        setting("name must have 1 to 255", "of length 256", it -> it.name(LONG)),
        setting("schema", "'No'", it -> it.schema("No")),
        setting("schema", "at most 50", it -> it.schema("s".repeat(51))),
        setting("lease must be", "PT0S", it -> it.lease(Duration.ZERO)),
        setting("lease must be", "PT-1S", it -> it.lease(Duration.ofSeconds(-1))),
        setting("lease must be", "PT1H0.001S", it -> it.lease(Duration.ofMillis(3_600_001))),
        setting("pollInterval must be", "PT0.009S", it -> it.pollInterval(Duration.ofMillis(9))),
        setting("pollInterval must be", "" + ENDLESS, it -> it.pollInterval(ENDLESS)),
        setting("retention must be", "PT23H", it -> it.retention(Duration.ofHours(23))),
        setting("retention must be", "" + ENDLESS, it -> it.retention(ENDLESS)),
        setting("broadcastWindow must", "PT-1S", it -> it.broadcastWindow(Duration.ofSeconds(-1))),
        setting("broadcastRetention must", "PT0S", it -> it.broadcastRetention(Duration.ZERO)),
        setting(
            "broadcastWindow must not be longer",
            "PT48H",
            it -> it.broadcastWindow(Duration.ofDays(2))),
        setting("maxPayload must be", "but is 1", it -> it.maxPayload(1)),
        setting("connections must be", "but is 0", it -> it.connections(0)),
        setting("statementTimeout must be", "PT0S", it -> it.statementTimeout(Duration.ZERO)),
        setting("statementTimeout must be", "" + ENDLESS, it -> it.statementTimeout(ENDLESS)),
        setting("Context entry is given twice", "'a'", it -> it.propagate("a", "a")),
        setting("the trace context travels", "'traceparent'", it -> it.propagate("traceparent")));
  }

  @ParameterizedTest(name = "{0} {1}")
  @MethodSource("settings")
  void settingIsRefusedByNameAndValue(
      String rule, String value, UnaryOperator<ShigotoBuilder> setting) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> setting.apply(builder()).build())
        .withMessageStartingWith(rule)
        .withMessageContaining(value);
  }

  static Stream<Arguments> missing() {
    return Stream.of(
        missing("connectionFactory", it -> Shigoto.builder(null)),
        missing("worker", it -> it.worker(null)),
        missing("receiver", it -> it.receiver(null)),
        missing("middleware", it -> it.middleware(null)),
        missing("queue", it -> it.queue(null, 1)),
        missing("options", it -> it.queue("a", null)),
        missing("schema", it -> it.schema(null)),
        missing("name", it -> it.name(null)),
        missing("lease", it -> it.lease(null)),
        missing("pollInterval", it -> it.pollInterval(null)),
        missing("retention", it -> it.retention(null)),
        missing("broadcastWindow", it -> it.broadcastWindow(null)),
        missing("broadcastRetention", it -> it.broadcastRetention(null)),
        missing("statementTimeout", it -> it.statementTimeout(null)),
        missing("mapper", it -> it.json(null)),
        missing("listener", it -> it.listener(null)),
        missing("scheduler", it -> it.workerScheduler(null)));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("missing")
  void nullIsRefusedByName(String name, UnaryOperator<ShigotoBuilder> setting) {
    assertThatThrownBy(() -> setting.apply(builder()))
        .isInstanceOf(NullPointerException.class)
        .hasMessageStartingWith(name);
  }

  static Stream<Arguments> workers() {
    return Stream.of(
        worker("name must be a name, but is null", new Given().name(null)),
        worker("name must have 1 to 255", new Given().name(" ")),
        worker("name must have 1 to 255", new Given().name(LONG)),
        worker("name must have 1 to 255", new Given().name("\ud800")),
        worker("'w': aliases must be a set of names, but is null", new Given().aliases(null)),
        worker("'w': one of aliases must be a name, but is null", new Given().aliases(nothing())),
        worker("'w': one of aliases must have 1 to 255", new Given().aliases(Set.of(LONG))),
        worker("worker name 'w' is taken twice", new Given().aliases(Set.of("w"))),
        worker("'w': queue must be a name, but is null", new Given().queue(null)),
        worker("'w': queue must have 1 to 255", new Given().queue("")),
        worker("'w': queue must have 1 to 255", new Given().queue(LONG)),
        worker("'w': maxAttempts must be at least 1, but is 0", new Given().maxAttempts(0)),
        worker("'w': maxAttempts must be at least 1, but is -1", new Given().maxAttempts(-1)),
        worker(
            "'w': priority must be from -32768 to 32767, but is 32768",
            new Given().priority(32_768)),
        worker("but is -32769", new Given().priority(-32_769)),
        worker("'w': timeout must be positive", new Given().timeout(null)),
        worker(
            "'w': timeout must be positive, and at most 36500 days, but is PT0S",
            new Given().timeout(Duration.ZERO)),
        worker("but is PT-1S", new Given().timeout(Duration.ofSeconds(-1))),
        worker("but is " + ENDLESS, new Given().timeout(ENDLESS)),
        worker("'w': unique must be given, but is null", new Given().unique(null)),
        worker("'w': tags must be a set of names, but is null", new Given().tags(null)),
        worker("'w': one of tags must be a name, but is null", new Given().tags(nothing())),
        worker("'w': one of tags must have 1 to 255", new Given().tags(Set.of("a", ""))),
        worker("'w': one of tags must have 1 to 255", new Given().tags(Set.of("a\0"))),
        worker("'w': concurrency must be at least 1, but is 0", new Given().concurrency(0)),
        worker("'w': middleware must be a list without null", new Given().middleware(null)));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("workers")
  void whatAWorkerSaysIsLookedAtWhenTheNodeIsBuilt(String rule, ReactiveWorker<String> worker) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder().worker(worker).build())
        .withMessageStartingWith("worker ")
        .withMessageContaining(rule);
  }

  @Test
  void aNameOfTwoWorkersIsRefusedWithBoth() {
    ReactiveWorker<String> one = Worker.of("a", String.class, job -> Mono.empty());
    ReactiveWorker<String> two = new Given().aliases(Set.of("a"));

    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder().worker(one).worker(two).build())
        .withMessageStartingWith("worker name 'a' is taken twice: by ")
        .withMessageContaining(two.getClass().getName());
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder().worker(one).worker(one).build())
        .withMessageContaining("'a' is taken twice");
  }

  @Test
  void aClassOfTwoWorkersIsNotAskedFor() {
    Shigoto node =
        builder().worker(new Given().name("first")).worker(new Given().name("second")).build();

    assertThatIllegalArgumentException()
        .isThrownBy(() -> node.enqueue(NewJob.of(Given.class, "x")))
        .withMessageContaining(
            Given.class.getName() + " is registered as [first, second]: enqueue by one of these");
    node.stop(Duration.ZERO).block();
  }

  @Test
  void theEdgesAreTaken() {
    String longest = "仕".repeat(255);
    assertThatCode(
            () ->
                builder()
                    .name(longest)
                    .schema("s".repeat(50))
                    .queue(longest, Integer.MAX_VALUE)
                    .lease(Duration.ofHours(1))
                    .pollInterval(Duration.ofMillis(10))
                    .retention(Duration.ofDays(36_500))
                    .broadcastWindow(Duration.ZERO)
                    .maxPayload(Integer.MAX_VALUE)
                    .statementTimeout(Duration.ofHours(1))
                    .worker(
                        new Given()
                            .name(longest)
                            .queue(longest)
                            .tags(Set.of(longest))
                            .maxAttempts(Integer.MAX_VALUE)
                            .priority(Short.MIN_VALUE)
                            .timeout(Duration.ofDays(36_500)))
                    .build()
                    .stop(Duration.ZERO)
                    .block())
        .doesNotThrowAnyException();
  }

  private static ShigotoBuilder builder() {
    return Shigoto.builder(ConnectionFactories.get("r2dbc:postgresql://nobody@localhost:1/none"));
  }

  private static Set<String> nothing() {
    return new HashSet<>(Arrays.asList((String) null));
  }

  private static Arguments setting(
      String rule, String value, UnaryOperator<ShigotoBuilder> setting) {
    return Arguments.of(rule, value, setting);
  }

  private static Arguments missing(String name, UnaryOperator<ShigotoBuilder> setting) {
    return Arguments.of(name, setting);
  }

  private static Arguments worker(String rule, ReactiveWorker<String> worker) {
    return Arguments.of(rule, worker);
  }

  /** A worker that says what it is told to. */
  private static final class Given implements ReactiveWorker<String> {

    private String name = "w";
    private Set<String> aliases = Set.of();
    private String queue = "default";
    private int maxAttempts = 3;
    private int priority;
    private Duration timeout = Duration.ofSeconds(1);
    private Unique unique = Unique.none();
    private Set<String> tags = Set.of();
    private int concurrency = UNLIMITED;
    private List<Middleware> middleware = List.of();

    @Override
    public Mono<Outcome> perform(JobContext<String> job) {
      return Mono.empty();
    }

    @Override
    public String name() {
      return name;
    }

    Given name(String said) {
      name = said;
      return this;
    }

    @Override
    public Set<String> aliases() {
      return aliases;
    }

    Given aliases(Set<String> said) {
      aliases = said;
      return this;
    }

    @Override
    public String queue() {
      return queue;
    }

    Given queue(String said) {
      queue = said;
      return this;
    }

    @Override
    public int maxAttempts() {
      return maxAttempts;
    }

    Given maxAttempts(int said) {
      maxAttempts = said;
      return this;
    }

    @Override
    public int priority() {
      return priority;
    }

    Given priority(int said) {
      priority = said;
      return this;
    }

    @Override
    public Duration timeout() {
      return timeout;
    }

    Given timeout(Duration said) {
      timeout = said;
      return this;
    }

    @Override
    public Unique unique() {
      return unique;
    }

    Given unique(Unique said) {
      unique = said;
      return this;
    }

    @Override
    public Set<String> tags() {
      return tags;
    }

    Given tags(Set<String> said) {
      tags = said;
      return this;
    }

    @Override
    public int concurrency() {
      return concurrency;
    }

    Given concurrency(int said) {
      concurrency = said;
      return this;
    }

    @Override
    public List<Middleware> middleware() {
      return middleware;
    }

    Given middleware(List<Middleware> said) {
      middleware = said;
      return this;
    }
  }
}
