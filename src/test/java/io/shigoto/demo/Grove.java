package io.shigoto.demo;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;

/** A folder with whatever makes counting hard. */
final class Grove {

  private Grove() {}

  static void plant(Path folder) throws IOException {
    for (int i = 0; i < 40; i++) {
      write(folder, "notes/" + i % 3 + "/page " + i + ".TXT", "line one\nand  two\t\n".repeat(i));
    }
    write(folder, "empty", "");
    write(folder, "no end.txt", "one\ntwo");
    write(folder, "blank.txt", " \t\r\n\f\u000b\n  ");
    // Written as a URI: in some locales Java takes no such name for a path.
    Path foreign =
        Path.of(URI.create(folder.toUri() + "gr%C3%B6%C3%9Fe%20%E2%80%93%20%E6%97%A5%E6%9C%AC.md"));
    Path broken = Path.of(URI.create(folder.toUri() + "not%FFutf8%C3.txt"));
    Files.writeString(broken, "k l m\n");
    Files.writeString(foreign, "Größe → 日本 – é\nvoilà\u00a0là\u2003weit\u3000fern\n");
    write(folder, "it's \"quoted\".txt", "a b c");
    write(folder, "new\nline.txt", "d e");
    write(folder, ".hidden", "f g\n");
    write(folder, "-dash", "h\n");
    write(folder, "a.b.c/.d.e", "i j\n");
    byte[] noise = new byte[3_000_000];
    new Random(7).nextBytes(noise);
    Files.write(folder.resolve("noise.bin"), noise);
    Files.write(folder.resolve("piece.bin"), new byte[64 * 1024]);
    write(folder, "large.log", "x".repeat(65_535) + " y\n" + "word ".repeat(200_000));

    write(folder, ".git/config", "left out\n");
    write(folder, "module/target/classes/A.class", "left out\n");
    write(folder, "module/.git/HEAD", "left out\n");
    write(folder, "module/src/target", "a file of that name is counted\n");
    Files.createSymbolicLink(folder.resolve("link"), folder.resolve("no end.txt"));
    Files.createSymbolicLink(folder.resolve("loop"), folder);
    Files.createSymbolicLink(folder.resolve("nowhere"), Path.of("does-not-exist"));
    Files.createDirectories(folder.resolve("nothing/in/here"));
  }

  private static void write(Path folder, String name, String text) throws IOException {
    Path file = folder.resolve(name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
  }
}
