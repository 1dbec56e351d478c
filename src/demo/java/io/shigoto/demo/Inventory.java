package io.shigoto.demo;

import java.io.IOException;
import java.net.URI;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/**
 * What is to be counted: the regular files below a folder. Links are not followed, and folders
 * below it called {@code .git} or {@code target} are left out.
 *
 * @param folder absolute
 * @param entries in the order in which they were found
 */
record Inventory(Path folder, List<Entry> entries) {

  private static final Set<String> LEFT_OUT = Set.of(".git", "target");

  Inventory {
    entries = List.copyOf(entries);
  }

  /**
   * Walks the folder when subscribed. Errors: {@link InputRefused} if there is nothing to count.
   */
  static Mono<Inventory> of(Path folder) {
    return Mono.fromCallable(() -> walk(folder)).subscribeOn(Schedulers.boundedElastic());
  }

  /** As {@link #of(Path)}, for a name as its user typed it. */
  static Mono<Inventory> of(String folder) {
    if (folder.isBlank()) {
      return Mono.error(new InputRefused("no folder was given: -Dinput=DIR"));
    }
    try {
      return of(Path.of(folder));
    } catch (InvalidPathException broken) {
      return Mono.error(new InputRefused("not a folder's name: " + broken.getReason()));
    }
  }

  int size() {
    return entries.size();
  }

  /** The command that counts the same files by the same rule. */
  String check(WordRule rule) {
    return "cd '"
        + folder.toString().replace("'", "'\\''")
        + "' && find . -mindepth 1 \\( -name .git -o -name target \\) -type d -prune"
        + " -o -type f -print0 | "
        + rule.wc()
        + " -lwc --files0-from=- | tail -n 1";
  }

  private static Inventory walk(Path folder) {
    Path absolute = folder.toAbsolutePath().normalize();
    if (!Files.exists(absolute)) {
      throw new InputRefused("there is no folder " + absolute);
    }
    if (!Files.isDirectory(absolute)) {
      throw new InputRefused(absolute + " is not a folder");
    }
    Walk walk = new Walk(absolute);
    try {
      Files.walkFileTree(absolute, walk);
    } catch (IOException broken) {
      throw new InputRefused("the folder cannot be read: " + why(broken));
    }
    if (walk.found.isEmpty()) {
      throw new InputRefused(absolute + " has no files to count (.git and target are left out)");
    }
    return new Inventory(absolute, walk.found);
  }

  private static String why(IOException error) {
    if (error instanceof AccessDeniedException denied) {
      return denied.getFile() + ": permission denied";
    }
    return error instanceof FileSystemException told
        ? told.getMessage()
        : error.getClass().getSimpleName() + ": " + error.getMessage();
  }

  /** A file as it was when it was found. */
  record Entry(URI file, long size) {}

  private static final class Walk extends SimpleFileVisitor<Path> {

    private final Path folder;
    private final List<Entry> found = new ArrayList<>();

    Walk(Path folder) {
      this.folder = folder;
    }

    @Override
    public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes) {
      boolean leftOut =
          !directory.equals(folder) && LEFT_OUT.contains(directory.getFileName().toString());
      return leftOut ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
      if (attributes.isRegularFile()) {
        found.add(new Entry(file.toUri(), attributes.size()));
      }
      return FileVisitResult.CONTINUE;
    }
  }
}
