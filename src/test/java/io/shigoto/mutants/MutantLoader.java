package io.shigoto.mutants;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Loads the library and its tests anew, some files of it changed; all else is as it was, also what
 * supports the tests: they share the server.
 */
final class MutantLoader extends ClassLoader {

  private static final String OURS = "io.shigoto.";
  private static final String SHARED = "io.shigoto.support.";

  private final Map<String, String> resources;
  private final Map<String, byte[]> classes;

  /**
   * @param resources by path
   * @param classes by name
   */
  MutantLoader(Map<String, String> resources, Map<String, byte[]> classes) {
    super(MutantLoader.class.getClassLoader());
    this.resources = resources;
    this.classes = classes;
  }

  @Override
  protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
    synchronized (getClassLoadingLock(name)) {
      Class<?> loaded = findLoadedClass(name);
      if (loaded != null) {
        return loaded;
      }
      return name.startsWith(OURS) && !name.startsWith(SHARED)
          ? findClass(name)
          : super.loadClass(name, resolve);
    }
  }

  @Override
  protected Class<?> findClass(String name) throws ClassNotFoundException {
    byte[] bytes = classes.containsKey(name) ? classes.get(name) : stored(name);
    return defineClass(name, bytes, 0, bytes.length);
  }

  private byte[] stored(String name) throws ClassNotFoundException {
    try (InputStream in = getParent().getResourceAsStream(name.replace('.', '/') + ".class")) {
      if (in == null) {
        throw new ClassNotFoundException(name);
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new ClassNotFoundException(name, e);
    }
  }

  @Override
  public @Nullable InputStream getResourceAsStream(String name) {
    String changed = resources.get(name);
    return changed == null
        ? super.getResourceAsStream(name)
        : new ByteArrayInputStream(changed.getBytes(StandardCharsets.UTF_8));
  }
}
