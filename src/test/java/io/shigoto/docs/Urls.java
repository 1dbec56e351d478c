package io.shigoto.docs;

import io.r2dbc.spi.ConnectionFactoryOptions;

/** The URL that users write for what tests have as options. */
final class Urls {

  private Urls() {}

  static String of(ConnectionFactoryOptions options) {
    Object port = options.getValue(ConnectionFactoryOptions.PORT);
    return "r2dbc:postgresql://%s:%s@%s:%s/%s"
        .formatted(
            options.getRequiredValue(ConnectionFactoryOptions.USER),
            options.getRequiredValue(ConnectionFactoryOptions.PASSWORD),
            options.getRequiredValue(ConnectionFactoryOptions.HOST),
            port == null ? 5432 : port,
            options.getRequiredValue(ConnectionFactoryOptions.DATABASE));
  }
}
