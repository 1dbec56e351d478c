package io.shigoto.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class WordRuleTest {

  @TempDir Path folder;

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

    assertThat(words(bytes, new WordRule(false, false))).isEqualTo(printable);
    assertThat(words(bytes, new WordRule(false, true))).isEqualTo(anything);
    assertThat(words(bytes, new WordRule(true, false))).isEqualTo(unicodePrintable);
    assertThat(words(bytes, new WordRule(true, true))).isEqualTo(unicodeAnything);
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
      assertThat(words(bytes, new WordRule(true, false))).isZero();
    }
    byte[] cutShort = {'a', ' ', (byte) 0xe2, (byte) 0x80, ' ', 'b'};
    assertThat(words(cutShort, new WordRule(true, false))).isEqualTo(2);
    assertThat(words(cutShort, new WordRule(true, true))).isEqualTo(3);
  }

  @ParameterizedTest
  @ValueSource(strings = {"LC_ALL=C wc", "LC_ALL=C.UTF-8 wc", "wc"})
  void aRuleCountsAsItsProgramDoes(String wc) throws IOException {
    WordRule rule = WordRule.of(wc);
    byte[] noise = new byte[1_000_000];
    new Random(11).nextBytes(noise);
    byte[] text =
        "Größe → 日本 –\u2003é\u00a0là\u2060x\u3000😀 \u0001 y".getBytes(StandardCharsets.UTF_8);

    for (byte[] bytes : List.of(noise, text)) {
      Path file = Files.write(folder.resolve("file"), bytes);
      String counted = Shell.run(wc + " -w < \"$1\"", file).strip();
      assertThat(words(bytes, rule)).isEqualTo(Long.parseLong(counted));
    }
  }

  @Test
  void aMachineWithoutTheProgramHasTheRuleOfPosix() {
    assertThat(WordRule.of("no-such-program")).isEqualTo(new WordRule(true, true));
  }

  private static long words(byte[] bytes, WordRule rule) {
    Tally tally = new Tally(rule);
    for (byte b : bytes) {
      tally.add(ByteBuffer.wrap(new byte[] {b}));
    }
    return tally.total().words();
  }
}
