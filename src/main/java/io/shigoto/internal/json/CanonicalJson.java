package io.shigoto.internal.json;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * One text for each JSON value, however it was written: keys in the order of their characters, no
 * white space, numbers by their value.
 */
final class CanonicalJson {

  private CanonicalJson() {}

  static void write(JsonNode value, JsonMapper mapper, StringBuilder to) {
    if (value.isObject()) {
      writeFields(value, value.propertyNames(), mapper, to);
    } else if (value.isArray()) {
      char before = '[';
      for (JsonNode element : value) {
        to.append(before);
        write(element, mapper, to);
        before = ',';
      }
      to.append(before == '[' ? "[]" : "]");
    } else if (value.isNumber()) {
      to.append(number(value.decimalValue()));
    } else {
      to.append(mapper.writeValueAsString(value));
    }
  }

  /** Those fields of an object; one that is missing is null. */
  static void writeFields(
      JsonNode object, Collection<String> names, JsonMapper mapper, StringBuilder to) {
    List<String> sorted = new ArrayList<>(names);
    Collections.sort(sorted);
    char before = '{';
    for (String name : sorted) {
      to.append(before).append(mapper.writeValueAsString(name)).append(':');
      JsonNode field = object.get(name);
      if (field == null) {
        to.append("null");
      } else {
        write(field, mapper, to);
      }
      before = ',';
    }
    to.append(before == '{' ? "{}" : "}");
  }

  /** Never longer than the number was: a plain form of 1e999999999 would have a billion digits. */
  private static String number(BigDecimal number) {
    if (number.signum() == 0) {
      return "0";
    }
    BigDecimal stripped = number.stripTrailingZeros();
    return stripped.unscaledValue() + "e" + -(long) stripped.scale();
  }
}
