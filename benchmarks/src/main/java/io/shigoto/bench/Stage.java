package io.shigoto.bench;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/** What all benches share: the server, the JVMs of the subjects, the figures. */
final class Stage implements AutoCloseable {

  /** Their processor time is told apart. */
  private static final String COMPILERS_STAY = "-XX:-UseDynamicNumberOfCompilerThreads";

  final Options options;
  final Databases databases;
  final Figures figures;
  private final Map<String, SubjectProcess> subjects;
  private final Set<String> warm;

  Stage(Options options, Databases databases) {
    this(options, databases, new Figures(), new HashMap<>(), new HashSet<>());
  }

  private Stage(
      Options options,
      Databases databases,
      Figures figures,
      Map<String, SubjectProcess> subjects,
      Set<String> warm) {
    this.options = options;
    this.databases = databases;
    this.figures = figures;
    this.subjects = subjects;
    this.warm = warm;
  }

  /** The same stage for one subject alone. */
  Stage only(String subject) {
    return new Stage(options.only(subject), databases, figures, subjects, warm);
  }

  /** What the JVMs of the subjects are started with. */
  List<String> jvm() {
    return List.of("-Xms512m", "-Xmx1g", COMPILERS_STAY);
  }

  /** The JVM of a subject. */
  SubjectProcess subject(String name) {
    return subjects.computeIfAbsent(
        name,
        key ->
            SubjectProcess.start(
                key, key.endsWith("-256m") ? List.of("-Xmx256m", COMPILERS_STAY) : jvm()));
  }

  /** The JVM of a subject, warm for a kind of work. */
  SubjectProcess subject(String name, String work, Consumer<SubjectProcess> warmUp) {
    SubjectProcess subject = subject(name);
    if (warm.add(name + " for " + work)) {
      warmUp.accept(subject);
    }
    return subject;
  }

  /** Ends the JVMs of all subjects. */
  void clear() {
    subjects.values().forEach(SubjectProcess::close);
    subjects.clear();
    warm.clear();
  }

  @Override
  public void close() {
    clear();
    databases.close();
  }
}
