package io.shigoto.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class WordRuleTest {

  @ParameterizedTest
  @CsvSource({
    // text, by bytes: printable, anything; as UTF-8: printable, anything
    "'one two\n three', 3, 3, 3, 3",
    "'', 0, 0, 0, 0",
    "'a → b', 2, 3, 3, 3",
    "'a\u2003b\u3000c', 1, 1, 3, 3",
    "'a\u00a0b\u2060c', 1, 1, 3, 3",
    "'a \u0001 b', 2, 3, 2, 3",
    "'a\u0001b', 1, 1, 1, 1",
    "'größe 日本 😀', 1, 3, 3, 3",
    "'a\u2028b', 1, 1, 1, 2",
  })
  void wordsAreCountedByTheRule(
      String text, int printable, int anything, int unicodePrintable, int unicodeAnything) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);

    assertThat(words(bytes, rule(false, false))).isEqualTo(printable);
    assertThat(words(bytes, rule(false, true))).isEqualTo(anything);
    assertThat(words(bytes, rule(true, false))).isEqualTo(unicodePrintable);
    assertThat(words(bytes, rule(true, true))).isEqualTo(unicodeAnything);
  }

  @Test
  void whatIsNotUtf8IsNoCharacter() {
    byte[][] broken = {
      {(byte) 0xc3},
      {(byte) 0xe2, (byte) 0x80},
      {(byte) 0xff},
      {(byte) 0xc0, (byte) 0x80},
      {(byte) 0xed, (byte) 0xa0, (byte) 0x80},
      {(byte) 0xf4, (byte) 0x90, (byte) 0x80, (byte) 0x80}
    };
    for (byte[] bytes : broken) {
      assertThat(words(bytes, rule(true, false))).isZero();
    }
    byte[] cutShort = {'a', ' ', (byte) 0xe2, (byte) 0x80, ' ', 'b'};
    assertThat(words(cutShort, rule(true, false))).isEqualTo(2);
    assertThat(words(cutShort, rule(true, true))).isEqualTo(3);
  }

  @ParameterizedTest
  @ValueSource(strings = {"LC_ALL=C", "LC_ALL=C.UTF-8", ""})
  void aRuleCountsAsItsProgramDoes(String settings) throws IOException {
    WordRule rule = WordRule.of(settings);
    byte[] noise = new byte[1_000_000];
    new Random(11).nextBytes(noise);
    byte[] text = everyCharacter().getBytes(StandardCharsets.UTF_8);

    for (byte[] bytes : List.of(noise, text)) {
      String counted = Shell.run(settings + " wc -w", bytes).strip();
      assertThat(words(bytes, rule)).isEqualTo(Long.parseLong(counted));
    }
  }

  @Test
  void aMachineWithoutTheProgramHasTheRuleOfPosix() {
    WordRule rule = WordRule.of("PATH=/nowhere");

    assertThat(rule.unicode()).isTrue();
    assertThat(rule.anything()).isTrue();
  }

  private static String everyCharacter() {
    StringBuilder text = new StringBuilder();
    for (int c = 1; c <= Character.MAX_CODE_POINT; c++) {
      if (c < Character.MIN_SURROGATE || c > Character.MAX_SURROGATE) {
        text.append("\u0001").appendCodePoint(c).append(' ').appendCodePoint(c).append('a');
      }
    }
    return text.toString();
  }

  private static WordRule rule(boolean unicode, boolean anything) {
    return new WordRule(unicode, anything, c -> Character.getType(c) != Character.LINE_SEPARATOR);
  }

  private static long words(byte[] bytes, WordRule rule) {
    Tally tally = new Tally(rule);
    for (byte b : bytes) {
      tally.add(ByteBuffer.wrap(new byte[] {b}));
    }
    return tally.total().words();
  }
}
