package io.shigoto.bench;

import io.shigoto.bench.subject.Order;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * One, two and four nodes, each a process, wait on an empty queue; then many jobs are committed at
 * once. Statements are counted by the transactions of the server: the nodes send one each.
 */
final class NodesBench {

  private static final int CONCURRENCY = 50;
  private static final String TRANSACTIONS =
      "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()";

  private final Stage stage;
  private final int jobs;

  NodesBench(Stage stage) {
    this.stage = stage;
    this.jobs = stage.options.quick() ? 50_000 : 200_000;
  }

  void run() {
    if (!stage.options.wants("shigoto")) {
      return;
    }
    for (int round = 0; round < stage.options.rounds(); round++) {
      for (int nodes : new int[] {1, 2, 4}) {
        Map<String, Object> setting = new LinkedHashMap<>();
        setting.put("nodes", nodes);
        setting.put("jobs", jobs);
        stage.figures.add("nodes", "shigoto", setting, drain(subjects(nodes)));
      }
    }
    stage.figures.print("nodes");
  }

  private List<SubjectProcess> subjects(int n) {
    List<SubjectProcess> subjects = new ArrayList<>();
    for (int i = 0; i < n; i++) {
      String name = i == 0 ? "shigoto" : "shigoto#" + i;
      subjects.add(stage.subject(name, "nodes", fresh -> drain(List.of(fresh))));
    }
    return subjects;
  }

  private Map<String, Double> drain(List<SubjectProcess> nodes) {
    try (Database database = Tables.SHIGOTO.waiting(stage, 0)) {
      for (SubjectProcess node : nodes) {
        node.begin(Order.of("drain", database.target()).concurrency(CONCURRENCY).jobs(-1));
      }
      double before = database.number(TRANSACTIONS);
      Tables.insert(database, jobs);
      Load load = new Load();
      database.row("SELECT pg_notify('shigoto', 'qdefault')");
      int looks = 0;
      // A look for the last job alone costs the server next to nothing.
      while (database.number(
              "SELECT count(*) FROM shigoto.jobs WHERE id = (SELECT last_value FROM"
                  + " shigoto.jobs_id_seq)")
          > 0) {
        Pause.millis(20);
        looks++;
      }
      double statements = database.number(TRANSACTIONS) - before - looks;
      double end = Tables.SHIGOTO.untilNoneIsLeft(database);
      double foreign = load.foreign();
      double cpu = 0;
      for (SubjectProcess node : nodes) {
        cpu += node.stop().path("cpu_s").asDouble();
      }
      Map<String, Double> values = new LinkedHashMap<>();
      values.put("jobs_per_s", jobs / (end - Drain.firstClaim(database, jobs)));
      values.put("statements_per_job", statements / jobs);
      values.put("client_cpu_s_per_10k", cpu * 10_000 / jobs);
      values.put("foreign_cpu", foreign);
      return values;
    }
  }
}
