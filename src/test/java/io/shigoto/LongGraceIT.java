package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.support.DatabaseExtension;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import reactor.core.publisher.Mono;

/** Whoever stops a node may wait as long as can be said. */
class LongGraceIT {

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  static Stream<Duration> longGraces() {
    return Stream.of(ChronoUnit.FOREVER.getDuration(), Duration.ofDays(365_000));
  }

  @ParameterizedTest
  @MethodSource("longGraces")
  void aVeryLongGraceIsNoLimit(Duration grace) {
    Shigoto node =
        nodes.start(
            Shigoto.builder(db.connectionFactory())
                .worker(new Scripted("work", job -> Mono.empty()))
                .queue("default", 10));

    node.queues().remove("default", grace).block(LIMIT);
    node.stop(grace).block(LIMIT);
    node.stop(Duration.ZERO).block(LIMIT);

    assertThat(node.health().block(LIMIT).phase()).isEqualTo(Health.Phase.STOPPED);
  }
}
