package io.shigoto.spring;

import io.r2dbc.spi.ConnectionFactory;
import io.shigoto.internal.job.CallerTransaction;
import java.util.List;

/**
 * Spring, if spring-tx and spring-r2dbc are there. Found by itself, as a service; nothing for
 * applications to call. Refers to no class of Spring's, so that it loads without them.
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
  public CallerTransaction transactions(ConnectionFactory factory) {
    return new SpringTransaction(factory);
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
