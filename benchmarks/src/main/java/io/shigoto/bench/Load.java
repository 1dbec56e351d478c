package io.shigoto.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.stream.Stream;

/** How busy the machine was in a stretch of time, and how much of that was not ours. Linux only. */
final class Load {

  private static final double TICKS = 100;
  private static final double QUIET = 0.1;
  private static final int SAMPLE_MILLIS = 500;

  private final boolean known = Files.isReadable(Path.of("/proc/stat"));
  private final long began = System.nanoTime();
  private final double busy = known ? busy() : 0;
  private final double own = known ? own() : 0;
  private final double server = known ? server() : 0;

  /** The share of the machine, from 0 to 1, that other programs used since this was made. */
  double foreign() {
    if (!known) {
      return 0;
    }
    double seconds = (System.nanoTime() - began) / 1e9 * Runtime.getRuntime().availableProcessors();
    return Math.max(0, busy() - busy - (own() - own)) / seconds;
  }

  /** The processor seconds that the server used since this was made; 0 if it is not ours. */
  double ofServer() {
    return known ? server() - server : 0;
  }

  /**
   * Waits until other programs leave most of the machine to us, or until the time is over.
   *
   * @param seconds how long at most; 0 does not wait
   */
  static void awaitQuiet(int seconds) {
    long deadline = System.nanoTime() + seconds * 1_000_000_000L;
    while (System.nanoTime() < deadline) {
      Load sample = new Load();
      Pause.millis(SAMPLE_MILLIS);
      if (sample.foreign() < QUIET) {
        return;
      }
    }
  }

  private static double busy() {
    String[] fields = read(Path.of("/proc/stat")).lines().findFirst().orElseThrow().split("\\s+");
    // user, nice, system, idle, iowait, irq, softirq
    return (number(fields[1])
            + number(fields[2])
            + number(fields[3])
            + number(fields[6])
            + number(fields[7]))
        / TICKS;
  }

  /** Of this process and all below it; what ended has been added to its parent. */
  private static double own() {
    ProcessHandle self = ProcessHandle.current();
    return Stream.concat(Stream.of(self), self.descendants())
        .mapToDouble(process -> used(process.pid()))
        .sum();
  }

  /** Of the postmaster that this process started, and of all its backends. */
  private static double server() {
    return ProcessHandle.current()
        .descendants()
        .filter(process -> isPostgres(process.pid()))
        .mapToDouble(process -> used(process.pid()))
        .sum();
  }

  private static boolean isPostgres(long pid) {
    return read(Path.of("/proc", Long.toString(pid), "comm")).startsWith("postgres");
  }

  private static double used(long pid) {
    String line = read(Path.of("/proc", Long.toString(pid), "stat"));
    if (line.isEmpty()) {
      return 0;
    }
    // The name in brackets may hold blanks.
    String[] fields = line.substring(line.lastIndexOf(')') + 2).split(" ");
    return (number(fields[11]) + number(fields[12]) + number(fields[13]) + number(fields[14]))
        / TICKS;
  }

  private static double number(String text) {
    return Double.parseDouble(text);
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (NoSuchFileException gone) {
      return "";
    } catch (IOException e) {
      if (String.valueOf(e.getMessage()).contains("No such process")) {
        return "";
      }
      throw new UncheckedIOException(e);
    }
  }
}
