package io.shigoto.mutants;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A table of mutants, {@code mutants()}: each with what is broken and the test that is to see it.
 */
abstract class Mutants {

  @ParameterizedTest(name = "{0}")
  @MethodSource("mutants")
  void isCaught(String what, Mutant mutant, String test, String method) {
    assertThat(mutant.failuresOf("io.shigoto." + test, method))
        .as(what)
        .isNotEmpty()
        .allMatch(failure -> failure instanceof AssertionError);
  }

  static Mutant sql(String statement, String part, String by) {
    return new Mutant().replace(file(statement), part, by);
  }

  static String file(String statement) {
    return "resources/io/shigoto/sql/" + statement + ".sql";
  }

  static Mutant java(String type, String part, String by) {
    return new Mutant().replace("java/io/shigoto/" + type + ".java", part, by);
  }
}
