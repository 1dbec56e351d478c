package io.shigoto.internal.json;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.json.JsonMapper;

class JsonTextTest {

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "null",
        "[true,false,null,-1.5e3]",
        "{\"N\":\"NaN Infinity\"}",
        "\"a \\\\u0000 that is only a backslash and text\"",
        "\"quote \\\" NaN\"",
        "\"😀 仕事\"",
        "\"\\u0001 \\n \\t\"",
        "\"ends with a backslash \\\\\""
      })
  void whatTheDatabaseHoldsIsLetThrough(String json) {
    assertThatCode(() -> JsonText.requireStorable("args", json)).doesNotThrowAnyException();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "\"a\\u0000b\" | contains \\u0000",
        "{\"k\\u0000\":1} | contains \\u0000",
        "\"\\\\\\u0000\" | contains \\u0000",
        "[NaN] | contains NaN or Infinity",
        "{\"x\":Infinity} | contains NaN or Infinity",
        "[-Infinity] | contains NaN or Infinity",
        "[\"\\\"\",NaN] | contains NaN or Infinity",
        "[\"\\ud800\"] | contains a lone surrogate \\ud800",
        "[\"\\ud800\\ud800\"] | contains a lone surrogate \\ud800",
        "[\"\\udc00\"] | contains a lone surrogate \\udc00",
        "[1e200000] | contains a number out of range",
        "[-0.1E-16383] | contains a number out of range",
        "[0e99999999999999999999] | contains a number out of range"
      })
  void whatItCannotHoldIsRefusedByName(String json, String why) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> JsonText.requireStorable("args of a job for 'mail'", json))
        .withMessageStartingWith("args of a job for 'mail' ")
        .withMessageContaining(why);
  }

  @ParameterizedTest
  @ValueSource(strings = {"\ud800", "\udc00", "a\ud83d", "\ud83dx", "\ude00\ud83d", "😀\ude00"})
  void aLoneSurrogateIsRefused(String text) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> JsonText.requireStorable("args", "\"" + text + "\""))
        .withMessageContaining("a lone surrogate \\u");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "secret",
        "[1 2]",
        "[1,]",
        "{\"a\" 1}",
        "{a:1}",
        "[01]",
        "[1.]",
        "[1e+]",
        "[.5]",
        "[+1]",
        "\"\\x\"",
        "\"\\u00g0\"",
        "\"a\nb\"",
        "{] "
      })
  void whatIsNoJsonIsRefusedByItsPlaceAndNotQuoted(String text) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> JsonText.requireStorable("args", text))
        .satisfies(
            refused ->
                assertThat(refused.getMessage())
                    .matches(
                        "args is not JSON: something does not belong there, near character [1-9]"));
  }

  @Test
  void oneValueIsNotTwo() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> JsonText.requireStorable("args", "{} {}"))
        .withMessage("args is not JSON: it is more than one value");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "[1,2", "{\"a\":", "\"open", "[1e+", "-"})
  void whatEndsTooEarlyIsNoJson(String text) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> JsonText.requireStorable("args", text))
        .withMessage("args is not JSON: it ends too early");
  }

  @Test
  void valuesMayBeDeepInEachOtherButNotAnyhowDeep() {
    int deepest = JsonText.DEEPEST;
    assertThatCode(() -> JsonText.requireStorable("args", nested(deepest)))
        .doesNotThrowAnyException();
    assertThatIllegalArgumentException()
        .isThrownBy(() -> JsonText.requireStorable("args", nested(deepest + 1)))
        .withMessage("args is nested more than 1000 deep");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> JsonText.requireStorable("args", nested(1_000_000)));
  }

  private static String nested(int deep) {
    return "[".repeat(deep) + "]".repeat(deep);
  }

  @Test
  void bytesAreThoseOfUtf8() {
    Random random = new Random(1);
    for (int i = 0; i < 1_000; i++) {
      String text =
          random
              .ints(random.nextInt(40), 0, 0x110000)
              .filter(c -> c < 0xD800 || c > 0xDFFF)
              .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
              .toString();
      assertThat(JsonText.bytes(text)).isEqualTo(text.getBytes(UTF_8).length);
    }
  }

  @Test
  void whateverJacksonWritesOfStorableTextIsLetThrough() {
    Random random = new Random(2);
    JsonMapper mapper = JsonMapper.builder().build();
    for (int i = 0; i < 1_000; i++) {
      String text =
          random
              .ints(random.nextInt(40), 1, 0x110000)
              .filter(c -> c < 0xD800 || c > 0xDFFF)
              .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
              .toString();
      String json = mapper.writeValueAsString(text);
      assertThatCode(() -> JsonText.requireStorable("args", json)).doesNotThrowAnyException();
    }
  }
}
