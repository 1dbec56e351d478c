package io.shigoto.bench.subject;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryMXBean;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/**
 * The program of a subject's JVM: reads orders, one JSON line each, and answers in lines that begin
 * with {@value #MARK}. Ends with its standard input.
 */
public final class SubjectMain {

  /** What lines meant for the orchestrator begin with. */
  public static final String MARK = "@@";

  private static final JsonMapper JSON = JsonMapper.builder().build();
  private static final MemoryMXBean MEMORY = ManagementFactory.getMemoryMXBean();

  private final PrintStream out = System.out;
  private final Subject subject;
  private Subject.@Nullable Running running;
  private Processor processor = new Processor();

  private SubjectMain(Subject subject) {
    this.subject = subject;
  }

  public static void main(String[] arguments) throws Exception {
    // One that fails is gone: the orchestrator sees it at once.
    Thread.setDefaultUncaughtExceptionHandler(
        (thread, failed) -> {
          failed.printStackTrace();
          Runtime.getRuntime().halt(1);
        });
    new SubjectMain(Subjects.named(arguments[0])).serve();
    // Peers leave threads behind.
    System.exit(0);
  }

  private void serve() throws Exception {
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      Order order = JSON.readValue(line, Order.class);
      if (order.what().equals("stop")) {
        stop();
      } else if (order.what().equals("memory")) {
        System.gc();
        tell("memory", Map.of("heap_kb", MEMORY.getHeapMemoryUsage().getUsed() / 1024));
      } else {
        processor = new Processor();
        running = subject.begin(order, told -> tell("done", told));
        tell("begun", Map.of());
      }
    }
  }

  private void stop() throws Exception {
    Subject.Running ending = running;
    if (ending == null) {
      throw new IllegalStateException("nothing runs");
    }
    double all = processor.seconds();
    double compiler = processor.compilerSeconds();
    Map<String, Object> told = new LinkedHashMap<>(ending.stop());
    told.put("cpu_s", all - compiler);
    told.put("compiler_cpu_s", compiler);
    running = null;
    tell("stopped", told);
  }

  private synchronized void tell(String event, Map<String, Object> told) {
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("event", event);
    line.putAll(told);
    out.println(MARK + JSON.writeValueAsString(line));
    out.flush();
  }
}
