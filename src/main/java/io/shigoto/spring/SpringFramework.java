package io.shigoto.spring;

import io.r2dbc.spi.Connection;
import io.r2dbc.spi.ConnectionFactory;
import io.shigoto.internal.job.CallerTransaction;
import java.util.List;
import org.jspecify.annotations.Nullable;
import reactor.util.context.ContextView;

/**
 * Spring, if spring-tx and spring-r2dbc are there. Found by itself, as a service; nothing for
 * applications to call. Loads without Spring, whose classes it meets only at the first look.
 */
public final class SpringFramework implements CallerTransaction.Framework {

  private static final List<String> NEEDED =
      List.of(
          "org.springframework.transaction.reactive.TransactionContext",
          "org.springframework.r2dbc.connection.ConnectionHolder");

  /** For the service loader. */
  public SpringFramework() {}

  @Override
  public boolean isPresent() {
    return NEEDED.stream().allMatch(SpringFramework::isPresent);
  }

  @Override
  public @Nullable Connection connection(ConnectionFactory factory, ContextView caller) {
    return SpringTransaction.connection(factory, caller);
  }

  private static boolean isPresent(String type) {
    try {
      Class.forName(type, false, SpringFramework.class.getClassLoader());
      return true;
    } catch (ClassNotFoundException absent) {
      return false;
    }
  }
}
