package io.shigoto.bench.subject;

import io.r2dbc.postgresql.PostgresqlConnectionFactoryProvider;
import io.r2dbc.postgresql.client.SSLMode;
import io.r2dbc.spi.ConnectionFactories;
import io.r2dbc.spi.ConnectionFactory;
import io.r2dbc.spi.ConnectionFactoryOptions;

/** A database, in the form in which it travels to another process. */
public record Target(String host, int port, String user, String password, String database) {

  /** For the reactive driver, unpooled. */
  public ConnectionFactory connectionFactory() {
    return ConnectionFactories.get(options());
  }

  public ConnectionFactoryOptions options() {
    return ConnectionFactoryOptions.builder()
        .option(ConnectionFactoryOptions.DRIVER, "postgresql")
        .option(ConnectionFactoryOptions.HOST, host)
        .option(ConnectionFactoryOptions.PORT, port)
        .option(ConnectionFactoryOptions.USER, user)
        .option(ConnectionFactoryOptions.PASSWORD, password)
        .option(ConnectionFactoryOptions.DATABASE, database)
        .option(PostgresqlConnectionFactoryProvider.SSL_MODE, SSLMode.DISABLE)
        .build();
  }
}
