package io.shigoto.bench;

import io.r2dbc.spi.ConnectionFactoryOptions;
import io.shigoto.bench.subject.Order;
import io.shigoto.bench.subject.Target;
import io.shigoto.support.TcpProxy;
import java.util.LinkedHashMap;
import java.util.Map;

/** What a node costs that has nothing to do: statements sent, counted on the wire. */
final class IdleBench {

  private static final int SETTLE_MILLIS = 1_000;

  private final Stage stage;

  IdleBench(Stage stage) {
    this.stage = stage;
  }

  void run() {
    if (!stage.options.wants("shigoto")) {
      return;
    }
    for (int queues : stage.options.quick() ? new int[] {20} : new int[] {1, 20}) {
      measure(queues, stage.options.quick() ? 2_000 : 20_000);
    }
    stage.figures.print("idle");
  }

  private void measure(int queues, int millis) {
    SubjectProcess subject = stage.subject("shigoto");
    try (Database database = Tables.SHIGOTO.waiting(stage, 0);
        TcpProxy proxy = TcpProxy.to(database.target().options())) {
      subject.begin(
          Order.of("idle", through(proxy, database.target())).concurrency(queues).jobs(-1));
      Pause.millis(SETTLE_MILLIS);
      proxy.counts().reset();
      Pause.millis(millis);
      double statements = proxy.counts().statements();
      System.err.println("  idle: " + proxy.counts().byText().values() + " in " + millis + " ms");
      int connections = proxy.connections();
      double cpu = subject.stop().path("cpu_s").asDouble();
      Map<String, Double> values = new LinkedHashMap<>();
      values.put("statements_per_s", statements * 1000 / millis);
      values.put("connections", (double) connections);
      values.put("client_cpu_percent", cpu * 100_000 / (millis + SETTLE_MILLIS));
      stage.figures.add("idle", "shigoto", Map.of("queues", queues), values);
    }
  }

  private static Target through(TcpProxy proxy, Target direct) {
    ConnectionFactoryOptions options = proxy.options(direct.options());
    return new Target(
        options.getRequiredValue(ConnectionFactoryOptions.HOST).toString(),
        Integer.parseInt(options.getRequiredValue(ConnectionFactoryOptions.PORT).toString()),
        direct.user(),
        direct.password(),
        direct.database());
  }
}
