package io.shigoto.internal.job;

import io.r2dbc.spi.Connection;
import io.r2dbc.spi.ConnectionFactory;
import java.util.ServiceLoader;
import org.jspecify.annotations.Nullable;
import reactor.util.context.ContextView;

/** The transaction in which a caller is, as far as a framework tells of it in the Context. */
public interface CallerTransaction {

  /**
   * The connection of that transaction, which stays the framework's to close; null if the caller is
   * in none.
   *
   * @throws IllegalStateException if there is a transaction, but it has lost its connection
   */
  @Nullable Connection connection(ContextView caller);

  /**
   * The transactions of the first framework that is on the class path; without any, nobody is ever
   * in one.
   *
   * @param factory as the application gave it
   */
  static CallerTransaction on(ConnectionFactory factory) {
    ClassLoader loader = CallerTransaction.class.getClassLoader();
    return ServiceLoader.load(Framework.class, loader).stream()
        .map(ServiceLoader.Provider::get)
        .filter(Framework::isPresent)
        .findFirst()
        .<CallerTransaction>map(framework -> caller -> framework.connection(factory, caller))
        .orElse(caller -> null);
  }

  /** A framework that may or may not be there. */
  interface Framework {

    /** Whether all that is needed of it is on the class path. */
    boolean isPresent();

    /** As {@link CallerTransaction#connection}, for this factory or one around or inside it. */
    @Nullable Connection connection(ConnectionFactory factory, ContextView caller);
  }
}
