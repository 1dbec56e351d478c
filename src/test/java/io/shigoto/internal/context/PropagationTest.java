package io.shigoto.internal.context;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.shigoto.internal.json.Json;
import io.shigoto.internal.json.OwnJson;
import io.shigoto.job.ContextEntry;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import reactor.util.context.Context;
import tools.jackson.databind.json.JsonMapper;

class PropagationTest {

  private static final String PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

  private final Json json = new Json(JsonMapper.builder().build(), 1_000_000);
  private final Propagation propagation =
      new Propagation(
          List.of(
              ContextEntry.of("tenant"),
              ContextEntry.of(Number.class, "number", String::valueOf, Integer::valueOf)),
          json);

  @Test
  void nothingIsNothing() {
    assertThat(propagation.fields(Context.empty())).isNull();
    assertThat(propagation.fields(Context.of("other", "x", "tracestate", "a=b"))).isNull();
    assertThat(propagation.read(Map.of()).isEmpty()).isTrue();
    assertThat(propagation.read(Map.of("shigoto.context.other", "x", "tenant", "x")).isEmpty())
        .isTrue();
  }

  @Test
  void whatIsWrittenIsRead() {
    Context before =
        Context.of(
            "tenant",
            "\u00e4 \"\\ \ud83d\ude00 }",
            Number.class,
            7,
            "traceparent",
            PARENT,
            "tracestate",
            "a=b");

    Context after = propagation.read(OwnJson.readMeta(1, "{" + propagation.fields(before) + "}"));

    assertThat(after.stream()).containsExactlyInAnyOrderElementsOf(before.stream().toList());
  }

  @Test
  void traceContextThatIsNoneIsLeftOut() {
    assertThat(propagation.fields(Context.of("traceparent", "00-x", "tracestate", "a=b"))).isNull();
    assertThat(propagation.fields(Context.of("traceparent", 1))).isNull();
    assertThat(propagation.fields(Context.of("traceparent", PARENT, "tracestate", "?")))
        .isEqualTo("\"shigoto.context.traceparent\":\"" + PARENT + "\"");
    assertThat(propagation.read(Map.of("shigoto.context.traceparent", "00-x")).isEmpty()).isTrue();
  }

  static Stream<Arguments> unfit() {
    return Stream.of(
        Arguments.of(of("secret\0", "x"), "Context entry 'tenant' contains \\u0000"),
        Arguments.of(of("secret\ud800", "x"), "Context entry 'tenant' contains a lone surrogate"),
        Arguments.of(of("secret".repeat(1000), "x"), "Context entry 'tenant' has 6000 characters"),
        Arguments.of(of(5, "x"), "Context entry 'tenant' cannot be written: ClassCastException"),
        Arguments.of(of("x", "null"), "Context entry 'odd' is written as null"),
        Arguments.of(of("x", "throw"), "Context entry 'odd' cannot be written: IllegalState"));
  }

  private static Context of(Object tenant, String odd) {
    return Context.of("tenant", tenant, "odd", odd);
  }

  @ParameterizedTest
  @MethodSource("unfit")
  void whatDoesNotFitIsRefusedByName(Context caller, String message) {
    Propagation odd =
        new Propagation(
            List.of(
                ContextEntry.of("tenant"),
                ContextEntry.of("odd", "odd", PropagationTest::odd, text -> text)),
            json);

    assertThatIllegalArgumentException()
        .isThrownBy(() -> odd.fields(caller))
        .withMessageStartingWith(message)
        .withMessageNotContaining("secret")
        .withNoCause();
  }

  private static String odd(Object value) {
    if (value.equals("throw")) {
      throw new IllegalStateException("secret");
    }
    return value.equals("null") ? null : value.toString();
  }

  @Test
  void whatCannotBeReadIsToldByNameOrLeftOut() {
    Map<String, String> meta =
        Map.of("shigoto.context.number", "secret", "shigoto.context.tenant", "acme");

    assertThatThrownBy(() -> propagation.read(meta))
        .isInstanceOf(ContextDoesNotFit.class)
        .hasMessage("Context entry 'number' cannot be read: NumberFormatException")
        .hasNoCause();
    assertThat(propagation.readWhatFits(meta).stream().toList())
        .isEqualTo(Context.of("tenant", "acme").stream().toList());
  }
}
