package io.shigoto;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/** Processes whose clock is wrong, where libfaketime is there to give them one. */
final class WrongClock {

  /** Names the library where it stands elsewhere than Debian puts it. */
  private static final String PATH_VARIABLE = "SHIGOTO_FAKETIME";

  private static final List<String> PLACES =
      List.of(
          "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1",
          "/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1",
          "/usr/lib64/faketime/libfaketime.so.1");

  private WrongClock() {}

  /**
   * The environment of a process whose clocks are off from its start, and run as fast as others;
   * the test is skipped where that cannot be had.
   *
   * @param offset such as +1h
   */
  static Map<String, String> environment(String offset) {
    List<String> found =
        Stream.concat(Stream.ofNullable(System.getenv(PATH_VARIABLE)), PLACES.stream())
            .filter(place -> Files.exists(Path.of(place)))
            .toList();
    Assumptions.assumeFalse(found.isEmpty(), "libfaketime is not installed");
    return Map.of("LD_PRELOAD", found.get(0), "FAKETIME", offset);
  }
}
