package io.shigoto.bench;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What all benches share: the server, the JVMs of the subjects, the figures. */
final class Stage implements AutoCloseable {

  private static final List<String> JVM = List.of("-Xms512m", "-Xmx1g");

  final Options options;
  final Databases databases;
  final Figures figures = new Figures();
  private final Map<String, SubjectProcess> subjects = new HashMap<>();

  Stage(Options options, Databases databases) {
    this.options = options;
    this.databases = databases;
  }

  /** The JVM of a subject; {@code warmUp} is told when it is new. */
  SubjectProcess subject(String name, java.util.function.Consumer<SubjectProcess> warmUp) {
    SubjectProcess known = subjects.get(name);
    if (known != null) {
      return known;
    }
    SubjectProcess started = SubjectProcess.start(name, JVM);
    subjects.put(name, started);
    warmUp.accept(started);
    return started;
  }

  /** Ends the JVMs of all subjects. */
  void clear() {
    subjects.values().forEach(SubjectProcess::close);
    subjects.clear();
  }

  @Override
  public void close() {
    clear();
    databases.close();
  }
}
