package io.shigoto.demo;

import java.util.function.IntConsumer;

/** Reads UTF-8 a byte at a time, across the borders of pieces. */
final class Utf8 {

  private final IntConsumer characters;
  private int character;
  private int least;
  private int missing;

  /**
   * @param characters takes each character, and {@link WordRule#BROKEN} for what is none
   */
  Utf8(IntConsumer characters) {
    this.characters = characters;
  }

  void add(byte next) {
    int b = next & 0xff;
    if (missing > 0) {
      if ((b & 0xc0) == 0x80) {
        follow(b & 0x3f);
        return;
      }
      missing = 0;
      characters.accept(WordRule.BROKEN);
    }
    if (b < 0x80) {
      characters.accept(b);
    } else if (b >= 0xc2 && b < 0xe0) {
      begin(b & 0x1f, 1, 0x80);
    } else if (b >= 0xe0 && b < 0xf0) {
      begin(b & 0x0f, 2, 0x800);
    } else if (b >= 0xf0 && b < 0xf5) {
      begin(b & 0x07, 3, 0x10000);
    } else {
      characters.accept(WordRule.BROKEN);
    }
  }

  private void begin(int bits, int following, int smallest) {
    character = bits;
    missing = following;
    least = smallest;
  }

  private void follow(int bits) {
    character = character << 6 | bits;
    missing--;
    if (missing == 0) {
      boolean real =
          character >= least
              && character <= Character.MAX_CODE_POINT
              && (character < Character.MIN_SURROGATE || character > Character.MAX_SURROGATE);
      characters.accept(real ? character : WordRule.BROKEN);
    }
  }
}
