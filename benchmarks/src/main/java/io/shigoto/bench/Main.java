package io.shigoto.bench;

import io.shigoto.support.PostgresServer;
import java.nio.file.Path;
import java.util.Map;

/** The program: see benchmarks/README.md. */
public final class Main {

  private Main() {}

  public static void main(String[] arguments) {
    Options options = Options.parse(arguments);
    long began = System.nanoTime();
    try (PostgresServer server = server();
        Stage stage = new Stage(options, new Databases(server, options.quietWait()))) {
      System.err.println(
          "server " + stage.databases.version() + ", " + options.rounds() + " rounds");
      for (String bench : options.only()) {
        long benchBegan = System.nanoTime();
        run(bench, stage);
        System.err.println(bench + " took " + seconds(benchBegan) + " s");
      }
      if (options.write()) {
        new Report(stage).write(Path.of(System.getProperty("shigoto.bench.docs")));
      }
    }
    System.err.println("took " + seconds(began) + " s");
  }

  private static long seconds(long began) {
    return (System.nanoTime() - began) / 1_000_000_000;
  }

  private static void run(String bench, Stage stage) {
    switch (bench) {
      case "drain" -> new DrainBench(stage).run();
      case "enqueue" -> new EnqueueBench(stage).run();
      case "latency" -> new LatencyBench(stage).run();
      case "deep" -> new DeepBench(stage).run();
      case "batch" -> new BatchBench(stage).run();
      case "limited" -> new LimitedBench(stage).run();
      case "pinned" -> new PinnedBench(stage).run();
      case "nodes" -> new NodesBench(stage).run();
      case "soak" -> new SoakBench(stage).run();
      case "idle" -> new IdleBench(stage).run();
      default -> throw new IllegalArgumentException(bench);
    }
  }

  /**
   * With segments of the log that are used again: where none is ready, some commit each second
   * waits until 16 MB of zeros are on the disk.
   */
  private static PostgresServer server() {
    boolean named = System.getenv(PostgresServer.URL_VARIABLE) != null;
    return named
        ? PostgresServer.namedOrStart()
        : PostgresServer.start(Map.of("shared_buffers", "512MB", "min_wal_size", "1GB"));
  }
}
