package io.shigoto.bench.subject;

/** All subjects, by name. */
final class Subjects {

  private Subjects() {}

  static Subject named(String name) {
    return switch (name) {
      case "limit" -> new LimitDrain();
      case "shigoto" -> new ShigotoDrain();
      default -> throw new IllegalArgumentException("no subject is called '" + name + "'");
    };
  }
}
