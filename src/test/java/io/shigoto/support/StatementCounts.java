package io.shigoto.support;

import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/** How many messages, and which statements, went to PostgreSQL. Safe for any thread. */
public final class StatementCounts {

  private final LongAdder parses = new LongAdder();
  private final LongAdder binds = new LongAdder();
  private final LongAdder executes = new LongAdder();
  private final LongAdder queries = new LongAdder();
  private final Map<String, LongAdder> byText = new ConcurrentHashMap<>();

  StatementCounts() {}

  /** Statements that the server was asked to run: every Execute and every simple Query. */
  public long statements() {
    return executes.sum() + queries.sum();
  }

  /** As {@link #statements()}, of those whose text contains {@code fragment}. */
  public long statements(String fragment) {
    return byText.entrySet().stream()
        .filter(entry -> entry.getKey().contains(fragment))
        .mapToLong(entry -> entry.getValue().sum())
        .sum();
  }

  /** How often each text was run: tells what an idle system does. */
  public Map<String, Long> byText() {
    Map<String, Long> snapshot = new TreeMap<>();
    byText.forEach((sql, count) -> snapshot.put(sql, count.sum()));
    return snapshot;
  }

  /** Parse messages: texts sent to be prepared. */
  public long parses() {
    return parses.sum();
  }

  /** Bind messages: arguments sent for a prepared text. */
  public long binds() {
    return binds.sum();
  }

  /** Execute messages: runs of bound statements. */
  public long executes() {
    return executes.sum();
  }

  /** Query messages: texts without arguments. */
  public long queries() {
    return queries.sum();
  }

  /** Forgets everything counted so far. */
  public void reset() {
    parses.reset();
    binds.reset();
    executes.reset();
    queries.reset();
    byText.clear();
  }

  @Override
  public String toString() {
    return statements() + " statements: " + byText();
  }

  void parsed() {
    parses.increment();
  }

  void bound() {
    binds.increment();
  }

  void executed(String sql) {
    executes.increment();
    count(sql);
  }

  void queried(String sql) {
    queries.increment();
    count(sql);
  }

  private void count(String sql) {
    byText.computeIfAbsent(sql, text -> new LongAdder()).increment();
  }
}
