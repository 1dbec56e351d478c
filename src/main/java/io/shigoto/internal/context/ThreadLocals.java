package io.shigoto.internal.context;

import org.jspecify.annotations.Nullable;

/** What stands in thread locals under the keys of the Context, if the application wants that. */
interface ThreadLocals {

  /** What the current thread has under this key, or null. */
  @Nullable Object get(Object key);

  /**
   * Those that Micrometer's context-propagation knows, if it is on the class path; none otherwise.
   */
  static ThreadLocals find() {
    try {
      Class.forName(
          "io.micrometer.context.ContextRegistry", false, ThreadLocals.class.getClassLoader());
    } catch (ClassNotFoundException absent) {
      return key -> null;
    }
    return new RegisteredThreadLocals();
  }
}
