package io.shigoto.bench.subject;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * The processor time of this JVM since some instant, and how much of it the just-in-time compiler
 * had. It works on for millions of jobs, ever less, and what it costs is no property of a job.
 *
 * <p>Its threads must not come and go ({@code -XX:-UseDynamicNumberOfCompilerThreads}): the system
 * tells of those that are there. A system that is not Linux tells of none; then all of it counts as
 * the client's.
 */
final class Processor {

  private static final OperatingSystemMXBean SYSTEM =
      (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

  private static final Path THREADS = Path.of("/proc/self/task");

  private final long all = SYSTEM.getProcessCpuTime();
  private final long compilers = ofCompilers();

  /** In seconds, of all threads. */
  double seconds() {
    return (SYSTEM.getProcessCpuTime() - all) / 1e9;
  }

  /** In seconds, of the compiler's threads. */
  double compilerSeconds() {
    return (ofCompilers() - compilers) / 1e9;
  }

  private static long ofCompilers() {
    if (!Files.isDirectory(THREADS)) {
      return 0;
    }
    try (Stream<Path> threads = Files.list(THREADS)) {
      return threads.filter(Processor::compiles).mapToLong(Processor::nanos).sum();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static boolean compiles(Path thread) {
    return read(thread.resolve("comm")).matches("C[12] CompilerThre.*");
  }

  /** The first number is for how long it ran. */
  private static long nanos(Path thread) {
    return Long.parseLong(read(thread.resolve("schedstat")).split(" ")[0]);
  }

  private static String read(Path file) {
    try {
      return Files.readString(file).strip();
    } catch (IOException e) {
      // A thread that ended meanwhile.
      return "0";
    }
  }
}
