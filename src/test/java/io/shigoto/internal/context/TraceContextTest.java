package io.shigoto.internal.context;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TraceContextTest {

  private static final String EXAMPLE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  private static final String FRAGMENTS = "0123456789abcdefABCDEFg- ,\u0000\u00e9\ud83d";

  @ParameterizedTest
  @ValueSource(
      strings = {
        EXAMPLE,
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-ff",
        "00-00000000000000000000000000000001-0000000000000001-03",
        "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-",
        "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-the-future-will-be.like"
      })
  void validParent(String text) {
    assertThat(TraceParent.isValid(text)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "00",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\n",
        "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01.more",
        "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-m\u0000re",
        "0-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        " 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
      })
  void noParent(String text) {
    assertThat(TraceParent.isValid(text)).isFalse();
  }

  /** Against the words of the standard, spelled out field by field. */
  @Test
  void parentIsValidWhereTheStandardSaysSo() {
    Random random = new Random(17);
    int valid = 0;
    for (int i = 0; i < 200_000; i++) {
      String text = mutated(random);
      boolean expected = isByTheStandard(text);
      valid += expected ? 1 : 0;
      assertThat(TraceParent.isValid(text)).as(text).isEqualTo(expected);
    }
    assertThat(valid).isBetween(10_000, 190_000);
  }

  private static String mutated(Random random) {
    StringBuilder text = new StringBuilder(EXAMPLE);
    if (random.nextInt(3) == 0) {
      text.replace(0, 2, random.nextBoolean() ? "cc" : "ff");
    }
    if (random.nextInt(10) == 0) {
      text.replace(3, 35, "0".repeat(32));
    }
    if (random.nextInt(10) == 0) {
      text.replace(36, 52, "0".repeat(16));
    }
    for (int changes = random.nextInt(3); changes > 0; changes--) {
      char c = FRAGMENTS.charAt(random.nextInt(FRAGMENTS.length()));
      int at = random.nextInt(text.length());
      switch (random.nextInt(4)) {
        case 0 -> text.insert(at, c);
        case 1 -> text.deleteCharAt(at);
        case 2 -> text.append(random.nextBoolean() ? '-' : c);
        default -> text.setCharAt(at, c);
      }
    }
    return text.toString();
  }

  private static boolean isByTheStandard(String text) {
    String[] fields = text.split("-", 5);
    if (fields.length < 4
        || !isHex(fields[0], 2)
        || fields[0].equals("ff")
        || !isHex(fields[1], 32)
        || fields[1].equals("0".repeat(32))
        || !isHex(fields[2], 16)
        || fields[2].equals("0".repeat(16))
        || !isHex(fields[3], 2)) {
      return false;
    }
    return fields.length == 4
        || (!fields[0].equals("00") && fields[4].chars().allMatch(c -> c > 32 && c < 127));
  }

  private static boolean isHex(String field, int length) {
    return field.length() == length
        && Arrays.stream(field.split("")).allMatch("0123456789abcdef"::contains);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "rojo=00f067aa0ba902b7",
        "rojo=1,congo=t61rcWkgMzE",
        "rojo=1 , \t congo=2,,",
        "fw529a3039@dt=FfAAABwA;1",
        "1tenant@sys=a b c",
        "a*/_-0=!#$%&'()*+-./:;<>?@[]^_`{|}~"
      })
  void validState(String text) {
    assertThat(TraceState.isValid(text)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " , ",
        "rojo",
        "rojo=",
        "=1",
        "Rojo=1",
        "1rojo=1",
        "rojo=1,rojo=2",
        "rojo=a=b",
        "rojo=a\u0000",
        "rojo=\u00e9",
        "a@1sys=1",
        "a@waytoolongasystem=1"
      })
  void noState(String text) {
    assertThat(TraceState.isValid(text)).isFalse();
  }

  @Test
  void stateHasAtMost32Members() {
    assertThat(TraceState.isValid(members(32))).isTrue();
    assertThat(TraceState.isValid(members(33))).isFalse();
    assertThat(TraceState.isValid("a=" + "x".repeat(256))).isTrue();
    assertThat(TraceState.isValid("a=" + "x".repeat(257))).isFalse();
    assertThat(TraceState.isValid("a".repeat(256) + "=x")).isTrue();
    assertThat(TraceState.isValid("a".repeat(257) + "=x")).isFalse();
  }

  private static String members(int count) {
    return IntStream.range(0, count).mapToObj(i -> "k" + i + "=v").collect(Collectors.joining(","));
  }
}
