package io.shigoto.internal.json;

/**
 * The range of PostgreSQL's {@code numeric}, as which {@code jsonb} holds numbers: so many digits
 * before the point, and so many after it, zeros at the end too.
 */
final class JsonNumber {

  private static final int MOST_BEFORE_POINT = 131_072;
  private static final int MOST_AFTER_POINT = 16_383;
  private static final long LARGEST_EXPONENT = 1_073_741_822;

  private JsonNumber() {}

  /** Whether this number, as JSON writes it, is in range. */
  static boolean isStorable(String text) {
    int first = text.charAt(0) == '-' ? 1 : 0;
    int end = text.length();
    int exponent = orElse(Math.max(text.indexOf('e'), text.indexOf('E')), end);
    int point = orElse(text.indexOf('.'), exponent);
    if (exponent == end && end - first <= MOST_AFTER_POINT) {
      return true;
    }
    long shift = exponent == end ? 0 : shift(text, exponent + 1, end);
    long after = Math.max(0, exponent - point - 1) - shift;
    return Math.abs(shift) <= LARGEST_EXPONENT
        && after <= MOST_AFTER_POINT
        && before(text, first, point, exponent) + shift <= MOST_BEFORE_POINT;
  }

  private static int orElse(int index, int otherwise) {
    return index < 0 ? otherwise : index;
  }

  /** How many digits stand before the point, without zeros in front; negative if none does. */
  private static long before(String text, int first, int point, int exponent) {
    for (int i = first; i < exponent; i++) {
      char c = text.charAt(i);
      if (c >= '1' && c <= '9') {
        return i < point ? point - i : point - i + 1L;
      }
    }
    return Integer.MIN_VALUE;
  }

  private static long shift(String text, int from, int end) {
    boolean signed = text.charAt(from) == '-' || text.charAt(from) == '+';
    long shift = 0;
    for (int i = signed ? from + 1 : from; i < end && shift <= LARGEST_EXPONENT; i++) {
      shift = shift * 10 + text.charAt(i) - '0';
    }
    return text.charAt(from) == '-' ? -shift : shift;
  }
}
