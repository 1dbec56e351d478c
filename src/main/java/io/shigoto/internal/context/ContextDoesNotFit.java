package io.shigoto.internal.context;

/** What came with a job cannot be read. It names the entry and not what it says. */
public final class ContextDoesNotFit extends RuntimeException {

  private static final long serialVersionUID = 1L;

  ContextDoesNotFit(String name, String why) {
    super("Context entry '%s' cannot be read: %s".formatted(name, why));
  }
}
