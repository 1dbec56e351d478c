package io.shigoto.rules;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.source.tree.ClassTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.ModifiersTree;
import com.sun.source.tree.Tree;
import com.sun.source.tree.VariableTree;
import com.sun.source.util.DocTrees;
import com.sun.source.util.JavacTask;
import com.sun.source.util.TreePath;
import com.sun.source.util.TreePathScanner;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Stream;
import javax.lang.model.element.Modifier;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whatever users see says what it is: every public type, member and constant has a comment. */
class JavadocTest {

  private static final Path SOURCES = Path.of("src/main/java/io/shigoto");

  @Test
  void everythingPublicHasAComment() throws IOException {
    List<Path> files;
    try (Stream<Path> all = Files.walk(SOURCES)) {
      files =
          all.filter(file -> file.toString().endsWith(".java"))
              .filter(file -> !file.startsWith(SOURCES.resolve("internal")))
              .toList();
    }
    assertThat(files).hasSizeGreaterThan(50);

    assertThat(uncommented(files)).isEmpty();
  }

  @Test
  void whatHasNoneIsFound(@TempDir Path folder) throws IOException {
    Path sinner = folder.resolve("Sinner.java");
    Files.writeString(
        sinner,
        """
        /** Has one. */
        public class Sinner {
          public static final int CONSTANT = 1;
          public Sinner() {}
          public void act() {}
          protected void say() {}
          private void hide() {}
          void keep() {}
          @Override public String toString() { return ""; }
          public enum Kind { ONE }
          /** Has one. */
          public interface Face { void show(); }
          /** Has one. */
          public record Pair(int a) { public Pair { } }
          static class Hidden { public void act() {} }
        }
        """);

    assertThat(uncommented(List.of(sinner)))
        .containsExactly(
            "Sinner.CONSTANT",
            "Sinner.<init>",
            "Sinner.act",
            "Sinner.say",
            "Sinner.Kind",
            "Sinner.Kind.ONE",
            "Sinner.Face.show");
  }

  private static List<String> uncommented(List<Path> files) throws IOException {
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    try (StandardJavaFileManager manager =
        compiler.getStandardFileManager(null, Locale.ROOT, null)) {
      JavacTask task =
          (JavacTask)
              compiler.getTask(
                  null, manager, null, null, null, manager.getJavaFileObjectsFromPaths(files));
      Uncommented uncommented = new Uncommented(DocTrees.instance(task));
      for (CompilationUnitTree unit : task.parse()) {
        uncommented.scan(unit, null);
      }
      return uncommented.found;
    }
  }

  /** Looks at what is public, and at nothing inside of what is not. */
  private static final class Uncommented extends TreePathScanner<Void, Void> {

    private final DocTrees comments;
    private final List<String> found = new ArrayList<>();

    Uncommented(DocTrees comments) {
      this.comments = comments;
    }

    @Override
    public Void visitClass(ClassTree type, Void nothing) {
      if (!isSeen(type.getModifiers())) {
        return null;
      }
      look("");
      return super.visitClass(type, nothing);
    }

    @Override
    public Void visitMethod(MethodTree method, Void nothing) {
      boolean overrides =
          method.getModifiers().getAnnotations().stream()
              .anyMatch(annotation -> annotation.getAnnotationType().toString().equals("Override"));
      if (isSeen(method.getModifiers()) && !overrides && !isOfARecord(method)) {
        look("." + method.getName());
      }
      return null;
    }

    @Override
    public Void visitVariable(VariableTree field, Void nothing) {
      if (isSeen(field.getModifiers()) && owner().getKind() != Tree.Kind.RECORD) {
        look("." + field.getName());
      }
      return null;
    }

    private void look(String member) {
      if (comments.getDocComment(getCurrentPath()) == null) {
        found.add(nameOfOwner() + member);
      }
    }

    /** In an interface, and among the constants of an enum, everything is public. */
    private boolean isSeen(ModifiersTree modifiers) {
      Set<Modifier> flags = modifiers.getFlags();
      boolean always = owner() != null && owner().getKind() == Tree.Kind.INTERFACE;
      return flags.contains(Modifier.PUBLIC)
          || flags.contains(Modifier.PROTECTED)
          || (always && !flags.contains(Modifier.PRIVATE));
    }

    /** What it makes of its components is said of these. */
    private boolean isOfARecord(MethodTree method) {
      return owner().getKind() == Tree.Kind.RECORD && method.getName().contentEquals("<init>");
    }

    private ClassTree owner() {
      TreePath parent = getCurrentPath().getParentPath();
      return parent.getLeaf() instanceof ClassTree type ? type : null;
    }

    private String nameOfOwner() {
      StringBuilder name = new StringBuilder();
      for (Tree tree : getCurrentPath()) {
        if (tree instanceof ClassTree type) {
          name.insert(0, (name.isEmpty() ? "" : ".")).insert(0, type.getSimpleName());
        }
      }
      return name.toString();
    }
  }
}
