package io.shigoto;

import io.r2dbc.spi.ConnectionFactory;
import java.util.function.Supplier;

/** A transaction of somebody else's that holds the row of a job. */
final class RowLock {

  private RowLock() {}

  /** Does something while the row is held. */
  static <T> T held(ConnectionFactory factory, long id, Supplier<T> work) {
    return Open.transaction(
        factory, "SELECT id FROM shigoto.jobs WHERE id = %d FOR UPDATE".formatted(id), work);
  }
}
