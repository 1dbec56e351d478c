package io.shigoto.internal.context;

import io.micrometer.context.ContextRegistry;
import io.micrometer.context.ThreadLocalAccessor;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Hooks;

/**
 * Those that were registered with Micrometer's context-propagation. They count while Reactor's
 * automatic propagation is on: then they and the Context say the same. Without it, the Context
 * alone is true, and {@code contextCapture()} fills it.
 */
final class RegisteredThreadLocals implements ThreadLocals {

  @Override
  public @Nullable Object get(Object key) {
    if (!Hooks.isAutomaticContextPropagationEnabled()) {
      return null;
    }
    for (ThreadLocalAccessor<?> accessor :
        ContextRegistry.getInstance().getThreadLocalAccessors()) {
      if (accessor.key().equals(key)) {
        return accessor.getValue();
      }
    }
    return null;
  }
}
