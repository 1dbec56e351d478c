package io.shigoto.bench.subject;

import java.util.Map;
import java.util.function.Consumer;

/** All subjects, by name. */
final class Subjects {

  private Subjects() {}

  static Subject named(String name) {
    return switch (name) {
      case "limit" -> Subjects::limit;
      case "prototype" -> Subjects::prototype;
      case "shigoto" -> Subjects::shigoto;
      case "db-scheduler" -> new DbSchedulerSubject();
      case "jobrunr" -> new JobRunrSubject();
      default -> throw new IllegalArgumentException("no subject is called '" + name + "'");
    };
  }

  private static Subject.Running limit(Order order, Consumer<Map<String, Object>> done) {
    return switch (order.what()) {
      case "drain" -> new LimitDrain().begin(order, done);
      case "enqueue", "enqueueAll" -> new LimitInserts().begin(order, done);
      default -> throw new IllegalArgumentException(order.what());
    };
  }

  private static Subject.Running prototype(Order order, Consumer<Map<String, Object>> done) {
    return switch (order.what()) {
      case "drain" -> new PrototypeDrain().begin(order, done);
      case "serve" -> new PrototypeServe().begin(order, done);
      default -> throw new IllegalArgumentException(order.what());
    };
  }

  private static Subject.Running shigoto(Order order, Consumer<Map<String, Object>> done) {
    return switch (order.what()) {
      case "drain", "serve", "idle" -> new ShigotoRuns().begin(order, done);
      case "enqueue", "enqueueAll" -> new ShigotoEnqueues().begin(order, done);
      case "soak" -> new ShigotoSoak().begin(order, done);
      case "produce", "serve-and-produce" -> new ShigotoPace().begin(order, done);
      default -> throw new IllegalArgumentException(order.what());
    };
  }
}
