package io.shigoto.demo;

import io.r2dbc.spi.ConnectionFactory;
import io.shigoto.support.PostgresServer;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.nio.charset.StandardCharsets;
import java.util.Objects;

/**
 * {@code ./mvnw -Pdemo -Dinput=DIR}: counts the files below a folder with jobs.
 *
 * <p>Ends with 0 only if every file was counted exactly once, with 2 if the folder is of no use,
 * and with 1 otherwise.
 */
public final class Main {

  private static final int INCOMPLETE = 1;
  private static final int REFUSED = 2;

  private Main() {}

  public static void main(String[] args) {
    PrintStream out =
        new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
    System.exit(run(System.getProperty("input", "."), out, isTerminal()));
  }

  /** Runs the demo and returns its exit code; blocks until it has ended. */
  static int run(String folder, PrintStream out, boolean terminal) {
    try {
      Inventory inventory = Objects.requireNonNull(Inventory.of(folder).block());
      out.printf("%n  folder  %s%n", inventory.folder());
      out.printf("  files   %,d (without .git and target)%n", inventory.size());
      out.print("  server  ");
      out.flush();
      try (PostgresServer server = PostgresServer.namedOrStart()) {
        return count(inventory, server.connectionFactory(), out, terminal) ? 0 : INCOMPLETE;
      }
    } catch (InputRefused refused) {
      out.println("demo: " + refused.getMessage());
      return REFUSED;
    } catch (RuntimeException broken) {
      out.printf("%ndemo: %s: %s%n", broken.getClass().getSimpleName(), broken.getMessage());
      return INCOMPLETE;
    }
  }

  /** Counts with a live line and the summary; tells whether every file was counted once. */
  static boolean count(
      Inventory inventory, ConnectionFactory factory, PrintStream out, boolean terminal) {
    WordRule rule = WordRule.ofThisMachine();
    Demo demo = new Demo(factory, rule);
    out.println(demo.server().block());
    out.printf(
        "  nodes   %s and %s, each with room for %d small and %d large files%n%n",
        Cluster.LEFT, Cluster.RIGHT, Cluster.SMALL_AT_ONCE, Cluster.LARGE_AT_ONCE);
    Progress progress = new Progress(out, terminal, inventory.size());
    Report report = Objects.requireNonNull(demo.count(inventory, progress).block());
    progress.end();
    out.print(new Summary(inventory, rule, report, progress));
    return report.isComplete();
  }

  /** Since JDK 22 there is a console without a terminal too. */
  private static boolean isTerminal() {
    Object console = System.console();
    if (console == null) {
      return false;
    }
    try {
      return (boolean) console.getClass().getMethod("isTerminal").invoke(console);
    } catch (NoSuchMethodException older) {
      return true;
    } catch (IllegalAccessException | InvocationTargetException unknown) {
      return false;
    }
  }
}
