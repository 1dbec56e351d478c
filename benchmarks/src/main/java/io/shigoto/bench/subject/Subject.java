package io.shigoto.bench.subject;

import java.util.Map;
import java.util.function.Consumer;

/** One way to do the work of a queue. */
interface Subject {

  /**
   * Begins what was ordered and returns how to end it.
   *
   * @param done to be called once, with what is to be told, when so many jobs were worked off
   */
  Running begin(Order order, Consumer<Map<String, Object>> done) throws Exception;

  /** Work that was begun. */
  interface Running {

    /** Ends it; tells more, or nothing. */
    Map<String, Object> stop() throws Exception;
  }
}
