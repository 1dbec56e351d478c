package io.shigoto.bench;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** What all benches share: the server, the JVMs of the subjects, the figures. */
final class Stage implements AutoCloseable {

  final Options options;
  final Databases databases;
  final Figures figures;
  private final Map<String, SubjectProcess> subjects;

  Stage(Options options, Databases databases) {
    this(options, databases, new Figures(), new HashMap<>());
  }

  private Stage(
      Options options, Databases databases, Figures figures, Map<String, SubjectProcess> subjects) {
    this.options = options;
    this.databases = databases;
    this.figures = figures;
    this.subjects = subjects;
  }

  /** The same stage for one subject alone. */
  Stage only(String subject) {
    return new Stage(options.only(subject), databases, figures, subjects);
  }

  /** What the JVMs of the subjects are started with. */
  List<String> jvm() {
    return List.of("-Xms512m", "-Xmx1g");
  }

  /** The JVM of a subject; {@code warmUp} is given it while it is new. */
  SubjectProcess subject(String name, Consumer<SubjectProcess> warmUp) {
    SubjectProcess known = subjects.get(name);
    if (known != null) {
      return known;
    }
    SubjectProcess started =
        SubjectProcess.start(name, name.endsWith("-256m") ? List.of("-Xmx256m") : jvm());
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
