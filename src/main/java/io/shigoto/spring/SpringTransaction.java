package io.shigoto.spring;

import io.r2dbc.spi.Connection;
import io.r2dbc.spi.ConnectionFactory;
import io.r2dbc.spi.Wrapped;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.r2dbc.connection.ConnectionHolder;
import org.springframework.transaction.reactive.TransactionContext;
import org.springframework.transaction.reactive.TransactionSynchronizationManager;
import reactor.util.context.ContextView;

/**
 * The current transaction of Spring's for a factory. The transaction manager may have been given
 * another layer than the library was: pools and proxies are looked through on both sides.
 *
 * <p>The connection is read where the transaction manager keeps it, and neither requested nor
 * released: what is counted down to zero there takes the connection away from the transaction.
 */
final class SpringTransaction {

  private SpringTransaction() {}

  /** Its connection, or null if the caller is in none. */
  static @Nullable Connection connection(ConnectionFactory factory, ContextView caller) {
    TransactionContext context = caller.getOrDefault(TransactionContext.class, null);
    ConnectionHolder holder = context == null ? null : holder(factory, context);
    if (holder == null) {
      return null;
    }
    Connection connection = holder.getConnection();
    // It is in none after the commit, and where Spring keeps it in another factory's transaction.
    return connection.isAutoCommit() ? null : connection;
  }

  private static @Nullable ConnectionHolder holder(
      ConnectionFactory factory, TransactionContext context) {
    Object own = new TransactionSynchronizationManager(context).getResource(factory);
    if (own instanceof ConnectionHolder holder) {
      return holder;
    }
    ConnectionFactory innermost = innermost(factory);
    for (Map.Entry<Object, Object> resource : context.getResources().entrySet()) {
      if (resource.getKey() instanceof ConnectionFactory other
          && resource.getValue() instanceof ConnectionHolder holder
          && innermost(other).equals(innermost)) {
        return holder;
      }
    }
    return null;
  }

  private static ConnectionFactory innermost(ConnectionFactory factory) {
    ConnectionFactory current = factory;
    while (current instanceof Wrapped<?> wrapper
        && wrapper.unwrap() instanceof ConnectionFactory inner) {
      current = inner;
    }
    return current;
  }
}
