package io.shigoto.internal.json;

import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.exc.StreamConstraintsException;
import tools.jackson.core.exc.UnexpectedEndOfInputException;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.json.JsonReadFeature;

/**
 * What PostgreSQL's {@code jsonb} can hold, seen on the text in one pass: JSON by its grammar,
 * which raw values may break, less what the server refuses. Whoever gave a value hears of it with
 * its name, before it shares a statement with others. What is refused is never quoted.
 */
final class JsonText {

  /** Far below what the server's stack holds, and above what Jackson reads by default. */
  static final int DEEPEST = 1_000;

  // Lengths are bounded elsewhere; numbers that JSON does not have are refused by their name.
  private static final JsonFactory TOKENS =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(DEEPEST)
                  .maxNumberLength(Integer.MAX_VALUE)
                  .maxStringLength(Integer.MAX_VALUE)
                  .maxNameLength(Integer.MAX_VALUE)
                  .build())
          .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
          .build();

  private JsonText() {}

  /** Refuses what jsonb cannot hold. */
  static void requireStorable(String what, String json) {
    try (JsonParser parser = TOKENS.createParser(ObjectReadContext.empty(), json)) {
      boolean ended = false;
      for (JsonToken token = parser.nextToken(); token != null; token = parser.nextToken()) {
        require(!ended, what + " is not JSON: it is more than one value");
        requireStorable(what, token, parser);
        ended = parser.streamReadContext().inRoot();
      }
      require(ended, what + " is not JSON: it ends too early");
    } catch (StreamConstraintsException refused) {
      throw new IllegalArgumentException(what + " is nested more than " + DEEPEST + " deep");
    } catch (UnexpectedEndOfInputException refused) {
      throw new IllegalArgumentException(what + " is not JSON: it ends too early");
    } catch (JacksonException refused) {
      throw new IllegalArgumentException(
          "%s is not JSON: something does not belong there, near character %d"
              .formatted(what, refused.getLocation().getCharOffset() + 1));
    }
  }

  private static void requireStorable(String what, JsonToken token, JsonParser parser) {
    switch (token) {
      case PROPERTY_NAME, VALUE_STRING ->
          requireStorable(
              what,
              parser.getStringCharacters(),
              parser.getStringOffset(),
              parser.getStringOffset() + parser.getStringLength());
      case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> {
        String number = parser.getString();
        require(
            Character.isDigit(number.charAt(number.length() - 1)),
            what + " contains NaN or Infinity: JSON does not have it");
        require(
            JsonNumber.isStorable(number),
            what + " contains a number out of range: PostgreSQL's numeric cannot hold it");
      }
      default -> {}
    }
  }

  private static void requireStorable(String what, char[] text, int from, int end) {
    for (int i = from; i < end; i++) {
      char c = text[i];
      require(c != '\0', what + " contains \\u0000: PostgreSQL cannot hold it");
      if (Character.isSurrogate(c)) {
        i++;
        if (i == end || !Character.isSurrogatePair(c, text[i])) {
          throw new IllegalArgumentException(
              "%s contains a lone surrogate \\u%04x: it is not Unicode".formatted(what, (int) c));
        }
      }
    }
  }

  private static void require(boolean storable, String refusal) {
    if (!storable) {
      throw new IllegalArgumentException(refusal);
    }
  }

  /** How many bytes the text has in UTF-8. */
  static long bytes(String text) {
    long bytes = text.length();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c >= 0x800) {
        bytes += Character.isSurrogate(c) ? 1 : 2;
      } else if (c >= 0x80) {
        bytes += 1;
      }
    }
    return bytes;
  }
}
