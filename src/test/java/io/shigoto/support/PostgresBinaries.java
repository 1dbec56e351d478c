package io.shigoto.support;

import io.zonky.test.db.postgres.embedded.DefaultPostgresBinaryResolver;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.compressors.xz.XZCompressorInputStream;

/**
 * The programs {@code initdb}, {@code postgres} and {@code pg_ctl} of the embedded PostgreSQL,
 * unpacked once per machine and version below the temporary directory.
 */
final class PostgresBinaries {

  private static final String PROGRAM = "rwxr-xr-x";
  private static final String DATA = "rw-r--r--";

  private PostgresBinaries() {}

  /** The directory that holds {@code bin}, {@code lib} and {@code share}. */
  static synchronized Path directory() {
    try {
      byte[] archive = archive();
      Path parent = Path.of(System.getProperty("java.io.tmpdir"), "shigoto-postgres");
      Path target = parent.resolve(digest(archive));
      if (!Files.isDirectory(target)) {
        Files.createDirectories(parent);
        publish(archive, target);
      }
      return target;
    } catch (IOException e) {
      throw new UncheckedIOException("PostgreSQL could not be unpacked", e);
    }
  }

  private static byte[] archive() throws IOException {
    String os = System.getProperty("os.name").toLowerCase(Locale.ROOT);
    String arch = System.getProperty("os.arch");
    String system = os.startsWith("mac") ? "Darwin" : os.startsWith("win") ? "Windows" : "Linux";
    String machine = arch.equals("amd64") ? "x86_64" : arch;
    try (InputStream in = DefaultPostgresBinaryResolver.INSTANCE.getPgBinary(system, machine)) {
      return in.readAllBytes();
    }
  }

  /** Several JVMs may unpack at once: each into its own directory, and the first rename wins. */
  private static void publish(byte[] archive, Path target) throws IOException {
    Path own = Files.createTempDirectory(target.getParent(), "unpacking");
    unpack(archive, own);
    try {
      Files.move(own, target);
    } catch (IOException e) {
      Trees.delete(own);
      if (!Files.isDirectory(target)) {
        throw e;
      }
    }
  }

  private static void unpack(byte[] archive, Path target) throws IOException {
    Files.setPosixFilePermissions(target, PosixFilePermissions.fromString(PROGRAM));
    try (TarArchiveInputStream tar =
        new TarArchiveInputStream(new XZCompressorInputStream(new ByteArrayInputStream(archive)))) {
      TarArchiveEntry entry;
      while ((entry = tar.getNextEntry()) != null) {
        Path file = target.resolve(entry.getName()).normalize();
        if (entry.isDirectory()) {
          Files.createDirectories(file);
          continue;
        }
        Files.createDirectories(file.getParent());
        if (entry.isSymbolicLink() || entry.isLink()) {
          Files.createSymbolicLink(file, Path.of(entry.getLinkName()));
          continue;
        }
        Files.copy(tar, file);
        boolean program = file.getParent().endsWith("bin");
        Files.setPosixFilePermissions(
            file, PosixFilePermissions.fromString(program ? PROGRAM : DATA));
      }
    }
  }

  private static String digest(byte[] archive) {
    try {
      byte[] sum = MessageDigest.getInstance("SHA-256").digest(archive);
      return HexFormat.of().formatHex(sum, 0, 8);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }
}
