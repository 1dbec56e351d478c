package io.shigoto.internal.json;

import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.support.PostgresServer;
import io.shigoto.support.TestDatabase;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is refused here is what the server would refuse, no more and no less. */
class JsonTextIT {

  private static final int ROUNDS = 3_000;

  /** What JSON is made of, and what breaks it. */
  private static final String[] PIECES = {
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\"k\":",
    "\"\\ud83d\\ude00\"",
    "\\ud800",
    "\\udc00",
    "\\u0000",
    "\\u0001",
    "\\n",
    "\\x",
    "true",
    "false",
    "null",
    "nul",
    "NaN",
    "-",
    "0",
    "7",
    "12",
    "0.5",
    ".",
    "1e5",
    "E-3",
    "e",
    " ",
    "\n",
    "é",
    "😀",
    "+"
  };

  private final TestDatabase db = TestDatabase.createEmpty(PostgresServer.shared());
  private final Random random = new Random(7);

  @BeforeEach
  void aFunctionThatTries() {
    db.sql(
        """
        CREATE FUNCTION holds(candidate text) RETURNS boolean LANGUAGE plpgsql AS $$
        BEGIN
          PERFORM candidate::jsonb;
          RETURN true;
        EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
          RETURN false;
        END $$
        """);
  }

  @AfterEach
  void drop() {
    db.drop();
  }

  @Test
  void numbersAreHeldInTheRangeOfTheServer() {
    List<String> numbers = new ArrayList<>();
    for (String mantissa : List.of("1", "9.99", "0", "0.0", "0.001", "-12345.678900", "1.50")) {
      for (int edge : List.of(131_072, -16_383, 1_073_741_900, 1_000_000_000)) {
        for (int off = -8; off <= 8; off++) {
          numbers.add(mantissa + "e" + (edge + off));
        }
      }
    }
    for (int digits : List.of(131_071, 131_072, 131_073)) {
      numbers.add("9".repeat(digits));
      numbers.add("9".repeat(digits) + ".5e-1");
    }
    for (int digits : List.of(16_382, 16_383, 16_384)) {
      numbers.add("0." + "0".repeat(digits));
      numbers.add("1." + "7".repeat(digits));
    }
    numbers.addAll(List.of("1e99999999999", "0e99999999999", "1e+0000000000000001", "0E-16384"));

    assertThat(numbers.stream().filter(this::isLetThrough)).isNotEmpty();
    assertAgreed(numbers);
  }

  @Test
  void textsAreHeldIfTheServerHoldsThem() {
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < ROUNDS; i++) {
      StringBuilder text = new StringBuilder();
      for (int piece = random.nextInt(9); piece >= 0; piece--) {
        text.append(PIECES[random.nextInt(PIECES.length)]);
      }
      texts.add(text.toString());
      texts.add("[" + text + "]");
      texts.add("\"" + text + "\"");
      texts.add("{\"k\":" + text + "}");
    }

    assertThat(texts.stream().filter(this::isLetThrough)).hasSizeGreaterThan(ROUNDS / 10);
    assertAgreed(texts);
  }

  @Test
  void theDeepestFitsAQuarterOfTheStackThatAServerHasByDefault() {
    String deepest = "[".repeat(JsonText.DEEPEST) + "]".repeat(JsonText.DEEPEST);
    db.sql("ALTER DATABASE " + db.name() + " SET max_stack_depth = '512kB'");

    assertThat(isLetThrough(deepest)).isTrue();
    assertThat(db.sql("SELECT holds($1) AS holds", deepest).get(0)).containsEntry("holds", true);
  }

  private void assertAgreed(List<String> texts) {
    List<String> held =
        db
            .sql(
                "SELECT t FROM unnest($1::text[]) WITH ORDINALITY AS u(t, n) WHERE holds(t) ORDER BY n",
                (Object) texts.toArray(String[]::new))
            .stream()
            .map(row -> (String) row.get("t"))
            .toList();
    assertThat(texts.stream().filter(this::isLetThrough).toList()).isEqualTo(held);
  }

  private boolean isLetThrough(String text) {
    try {
      JsonText.requireStorable("args", text);
      return true;
    } catch (IllegalArgumentException refused) {
      return false;
    }
  }
}
