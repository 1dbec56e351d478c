package io.shigoto.bench;

import io.shigoto.bench.subject.Order;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/**
 * How long a job waits: from the instant at which its producer knows of the commit to the call of
 * its worker. Both processes read the same monotonic clock.
 *
 * <p>Each measurement has nodes of its own, whose connections, and the server's processes behind
 * them, are cold: the first jobs are told of apart. Beside the library the bare loop is measured,
 * with the same producer: what that takes is the machine's and the producer's.
 */
final class LatencyBench {

  private static final Duration LIMIT = Duration.ofMinutes(2);
  private static final String SHIGOTO = "shigoto";
  private static final String PROTOTYPE = "prototype";
  private static final String PRODUCER = "shigoto#producer";
  private static final int TICK_MICROS = 10_000;
  private static final int DUE_IN_MILLIS = 300;

  /** Two JVMs that work as hard as this compile for longer than one measurement takes. */
  private static final int WARM_UP = 3;

  /** Of an idle system: so many jobs come before those that count. */
  private static final int COLD = 50;

  /**
   * A stream of jobs.
   *
   * @param cold so many of its first jobs do not count
   * @param warmUp how often it is offered before it is measured
   */
  private record Entry(
      String name, boolean sameProcess, int concurrency, Order pace, int cold, int warmUp) {}

  private final Stage stage;
  private final boolean quick;

  LatencyBench(Stage stage) {
    this.stage = stage;
    this.quick = stage.options.quick();
  }

  void run() {
    if (!stage.options.wants(SHIGOTO)) {
      return;
    }
    List<Entry> entries = entries();
    for (int round = 0; round < stage.options.rounds(); round++) {
      for (Entry entry : entries) {
        for (String subject : subjects(entry, round)) {
          for (int before = 0; before < entry.warmUp && round == 0; before++) {
            measure(subject, entry);
          }
          add(subject, entry, measure(subject, entry));
        }
      }
    }
    relate();
    stage.figures.print("latency");
  }

  /** Who comes first has a producer that was at work for less long: they take turns. */
  private List<String> subjects(Entry entry, int round) {
    boolean comparable = !entry.sameProcess && entry.pace.delayMillis() == 0;
    return comparable && !stage.options.brief() && stage.options.wants(PROTOTYPE)
        ? round % 2 == 0 ? List.of(PROTOTYPE, SHIGOTO) : List.of(SHIGOTO, PROTOTYPE)
        : List.of(SHIGOTO);
  }

  private void relate() {
    List<Figure> all = stage.figures.of("latency");
    for (Figure shigoto : all) {
      all.stream()
          .filter(other -> shigoto.subject().equals(SHIGOTO))
          .filter(other -> other.subject().equals(PROTOTYPE))
          .filter(other -> other.setting().equals(shigoto.setting()))
          .forEach(
              other -> {
                shigoto.ratioByRound("p50_ratio_to_prototype", "p50_ms", other);
                shigoto.ratioByRound("p99_ratio_to_prototype", "p99_ms", other);
              });
    }
  }

  private List<Entry> entries() {
    Order nothing = Order.of("", stage.databases.server());
    Order slow = nothing.pace(20_000, 1).jobs(COLD + (quick ? 100 : 1000));
    List<Entry> entries = new ArrayList<>();
    entries.add(new Entry("idle, from another process", false, 10, slow, COLD, 0));
    entries.add(new Entry("idle, from the same process", true, 10, slow, COLD, 0));
    entries.add(
        new Entry(
            "idle, due in " + DUE_IN_MILLIS + " ms",
            false,
            10,
            slow.delayMillis(DUE_IN_MILLIS),
            COLD,
            0));
    double rate = drainRate() / 2;
    int group = Math.max(1, (int) Math.round(rate * TICK_MICROS / 1e6));
    int second = group * 1_000_000 / TICK_MICROS;
    int seconds = quick ? 2 : 10;
    entries.add(
        new Entry(
            "at half of the drain rate",
            false,
            200,
            nothing.pace(TICK_MICROS, group).jobs(second + second * seconds),
            second,
            quick ? 0 : WARM_UP));
    return entries;
  }

  /** As measured in this run, or else now. */
  private double drainRate() {
    if (stage.figures.of("drain").stream().noneMatch(LatencyBench::isShigotoAt50)) {
      new DrainBench(stage.only("shigoto")).run();
    }
    return stage.figures.of("drain").stream()
        .filter(LatencyBench::isShigotoAt50)
        .mapToDouble(figure -> figure.median("jobs_per_s"))
        .findFirst()
        .orElseThrow();
  }

  private static boolean isShigotoAt50(Figure figure) {
    return figure.subject().equals("shigoto")
        && Integer.valueOf(50).equals(figure.setting().get("concurrency"));
  }

  private Map<String, Double> measure(String subject, Entry entry) {
    SubjectProcess server = stage.subject(subject, "latency", fresh -> warmUp(subject, fresh));
    SubjectProcess producer = stage.subject(PRODUCER, "latency", fresh -> warmUp(SHIGOTO, fresh));
    try (Database database = Tables.SHIGOTO.waiting(stage, 0)) {
      Order order = entry.pace.on(database.target()).concurrency(entry.concurrency);
      Load load = new Load();
      JsonNode done;
      if (entry.sameProcess) {
        server.begin(order.what("serve-and-produce"));
        done = server.await("done", LIMIT);
      } else {
        server.begin(order.what("serve"));
        producer.begin(order.what("produce"));
        done = producer.await("done", LIMIT);
        producer.stop();
      }
      Tables.SHIGOTO.untilNoneIsLeft(database);
      double foreign = load.foreign();
      JsonNode stopped = server.stop();
      double[] waits =
          order.delayMillis() > 0
              ? array(stopped.path("late_us"), 1e-3)
              : waits(done.path("commits"), stopped.path("starts"));
      Map<String, Double> values = percentiles(Arrays.copyOfRange(waits, entry.cold, waits.length));
      if (entry.cold > 0) {
        values.put("cold_max_ms", Arrays.stream(waits, 0, entry.cold).max().orElseThrow());
      }
      values.put("jobs_per_s", order.jobs() / done.path("seconds").asDouble());
      values.put("foreign_cpu", foreign);
      return values;
    }
  }

  private void add(String subject, Entry entry, Map<String, Double> values) {
    Map<String, Object> setting = new LinkedHashMap<>();
    setting.put("load", entry.name);
    setting.put("concurrency", entry.concurrency);
    stage.figures.add("latency", subject, setting, values);
  }

  private void warmUp(String subject, SubjectProcess fresh) {
    Order much = Order.of("", stage.databases.server()).jobs(quick ? 3_000 : 30_000).pace(1_000, 3);
    if (subject.equals(PROTOTYPE)) {
      measure(subject, new Entry("warm-up", false, 10, much, 0, 0));
      return;
    }
    try (Database database = Tables.SHIGOTO.waiting(stage, 0)) {
      fresh.begin(much.what("serve-and-produce").on(database.target()).concurrency(10));
      fresh.await("done", LIMIT);
      Tables.SHIGOTO.untilNoneIsLeft(database);
      fresh.stop();
    }
  }

  private static double[] waits(JsonNode commits, JsonNode starts) {
    double[] from = array(commits, 1e-6);
    double[] to = array(starts, 1e-6);
    double[] waits = new double[from.length];
    for (int i = 0; i < waits.length; i++) {
      if (to[i] == 0) {
        throw new IllegalStateException("job " + i + " was never started");
      }
      waits[i] = to[i] - from[i];
    }
    return waits;
  }

  private static double[] array(JsonNode numbers, double scale) {
    double[] array = new double[numbers.size()];
    for (int i = 0; i < array.length; i++) {
      array[i] = numbers.get(i).asDouble() * scale;
    }
    return array;
  }

  private static Map<String, Double> percentiles(double[] waits) {
    Arrays.sort(waits);
    Map<String, Double> values = new LinkedHashMap<>();
    values.put("p50_ms", waits[waits.length / 2]);
    values.put("p95_ms", waits[(int) (waits.length * 0.95)]);
    values.put("p99_ms", waits[(int) (waits.length * 0.99)]);
    values.put("max_ms", waits[waits.length - 1]);
    return values;
  }
}
