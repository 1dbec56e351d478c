package io.shigoto.internal.settle;

import java.util.Locale;

/** How a run stands whose worker may have written its completion itself. */
enum Standing {
  /** The worker's transaction has committed. */
  COMPLETED,
  /** The run holds its lease, and no transaction holds its row. */
  FREE,
  /** A transaction holds its row: it is not known yet. */
  HELD,
  /** The run has lost its lease. */
  LOST;

  static Standing ofSqlName(String name) {
    return valueOf(name.toUpperCase(Locale.ROOT));
  }
}
