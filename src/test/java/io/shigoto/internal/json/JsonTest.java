package io.shigoto.internal.json;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.shigoto.worker.JobContext;
import io.shigoto.worker.Outcome;
import io.shigoto.worker.ReactiveWorker;
import io.shigoto.worker.Worker;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import reactor.core.publisher.Mono;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.JavaType;
import tools.jackson.databind.json.JsonMapper;

class JsonTest {

  private static final String SECRET = "hunter2";

  record Order(String customer, List<Line> lines) {}

  record Line(String item, int count) {}

  private final JsonMapper mapper = JsonMapper.builder().build();
  private final Json json = new Json(mapper, 100);

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "{\"customer\":\"a\",\"lines\":[{\"item\":\"b\",\"count\":\"hunter2\"}]} | $.lines[0].count",
        "{\"customer\":\"a\",\"lines\":[{\"item\":\"b\",\"count\":1},{\"item\":\"hunter2\",\"count\":{}}]} | $.lines[1].count",
        "{\"customer\":[\"hunter2\"],\"lines\":[]} | $.customer",
        "{\"customer\":\"a\",\"lines\":\"hunter2\"} | $.lines",
        "\"hunter2\" | $ ",
        "[\"hunter2\"] | $ ",
        "null | $ "
      })
  void argsThatDoNotFitNameThePathAndNeverTheValue(String text, String path) {
    assertThatThrownBy(() -> json.read(text, mapper.readerFor(Order.class)))
        .isInstanceOf(ArgsDoNotFit.class)
        .hasMessageStartingWith("args do not fit Order at " + path + " (")
        .hasMessageNotContaining(SECRET)
        .hasNoCause();
  }

  @Test
  void aPayloadThatDoesNotFitNamesThePathAndNeverTheValue() {
    assertThatThrownBy(
            () -> json.readPayload("{\"lines\":\"hunter2\"}", mapper.readerFor(Order.class)))
        .isInstanceOf(PayloadDoesNotFit.class)
        .hasMessageStartingWith("payload does not fit Order at $.lines (")
        .hasMessageNotContaining(SECRET)
        .hasNoCause();
  }

  @Test
  void argsThatFitAreRead() {
    Order order = new Order("Ada", List.of(new Line("book", 2)));

    String text = json.write("args", order);

    assertThat(json.read(text, mapper.readerFor(Order.class))).isEqualTo(order);
  }

  @Test
  void whatJacksonCannotWriteIsNamedByItsPath() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> json.write("args", Map.of("key", List.of(new Opaque()))))
        .withMessageMatching("args cannot be written as JSON: \\w+ at \\$\\.key\\[0]\\.secret");
  }

  @Test
  void aCycleIsRefused() {
    Map<String, Object> cycle = new HashMap<>();
    cycle.put("self", cycle);

    assertThatIllegalArgumentException()
        .isThrownBy(() -> json.write("args", cycle))
        .withMessageStartingWith("args cannot be written as JSON: ");
  }

  @Test
  void aNumberThatIsNoneIsRefusedWhateverTheMapperSays() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> json.write("args", List.of(Double.NaN)))
        .withMessageContaining("NaN or Infinity");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> json.write("args", Map.of("x", Float.NEGATIVE_INFINITY)))
        .withMessageContaining("NaN or Infinity");
  }

  @Test
  void aPayloadOverTheLimitIsRefusedWithItsSize() {
    assertThat(json.write("args", "é".repeat(49))).hasSize(51);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> json.write("args", "é".repeat(50)))
        .withMessage("args has 102 bytes as JSON; the limit is 100 (maxPayload)");
  }

  @Test
  void theArgsTypeIsWhatTheClassOfTheWorkerSays() {
    assertThat(argsType(new OrderWorker()).getRawClass()).isEqualTo(Order.class);
    assertThat(argsType(new Inherits()).getRawClass()).isEqualTo(Order.class);
    JavaType list =
        argsType(Worker.of("w", new TypeReference<List<Line>>() {}.getType(), job -> Mono.empty()));
    assertThat(list.toCanonical()).contains("List<").contains("Line");
  }

  @Test
  void aWorkerThatDoesNotSayItsArgsTypeIsRefused() {
    ReactiveWorker<Order> lambda = job -> Mono.empty();

    assertThatIllegalArgumentException()
        .isThrownBy(() -> json.reader(lambda))
        .withMessageContaining("does not say what its arguments are");
  }

  private JavaType argsType(ReactiveWorker<?> worker) {
    return json.reader(worker).getValueType();
  }

  static class OrderWorker implements ReactiveWorker<Order> {
    @Override
    public Mono<Outcome> perform(JobContext<Order> job) {
      return Mono.empty();
    }
  }

  static class Inherits extends OrderWorker {}

  static final class Opaque {
    public String getSecret() {
      throw new IllegalStateException(SECRET);
    }
  }
}
