package io.shigoto.sql;

import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.internal.postgres.Connector;
import io.shigoto.internal.postgres.Sql;
import io.shigoto.support.TestDatabase;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) says of one run of a statement: on a connection such
 * as a pooler gives, which is set as the server is, and on one of the library's own. Whatever is
 * said of it holds for both.
 */
final class Plan {

  private static final JsonMapper MAPPER = JsonMapper.builder().build();

  private static final String AS_THE_SERVER_IS = "SET plan_cache_mode = force_generic_plan";

  private final JsonNode root;
  private final @Nullable Plan other;
  private final List<JsonNode> nodes = new ArrayList<>();

  private Plan(JsonNode root, @Nullable Plan other) {
    this.root = root;
    this.other = other;
    collect(root);
  }

  /** Makes the database able to answer {@link #of}. */
  static void prepare(TestDatabase database) {
    database.sql(
        """
        CREATE FUNCTION public.explain(statement text, arguments text, settings text) RETURNS json
        LANGUAGE plpgsql AS $body$
        DECLARE
          plan json;
        BEGIN
          EXECUTE settings;
          EXECUTE 'PREPARE hot AS ' || statement;
          BEGIN
            EXECUTE 'EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) EXECUTE hot ('
              || arguments || ')' INTO plan;
            RAISE EXCEPTION 'taken back' USING ERRCODE = 'TBACK';
          EXCEPTION WHEN SQLSTATE 'TBACK' THEN
            EXECUTE 'DEALLOCATE hot';
          END;
          RETURN plan;
        END $body$
        """);
  }

  /**
   * Runs a statement as a prepared one whose plan is made without a look at its arguments, and
   * takes back what it did.
   *
   * @param arguments SQL expressions
   */
  static Plan of(TestDatabase database, Sql statement, String... arguments) {
    String expressions = String.join(", ", arguments);
    JsonNode own = explain(database, statement, expressions, Connector.ONE_PLAN_BY_INDEX);
    JsonNode standard = explain(database, statement, expressions, AS_THE_SERVER_IS);
    return new Plan(standard, new Plan(own, null));
  }

  private static JsonNode explain(
      TestDatabase database, Sql statement, String arguments, String settings) {
    Object plan =
        database
            .sql(
                "SELECT public.explain($1, $2, $3)::text AS plan",
                statement.text(),
                arguments,
                settings)
            .get(0)
            .get("plan");
    return MAPPER.readTree(String.valueOf(plan)).get(0).get("Plan");
  }

  /** No table of jobs is walked from end to end. */
  Plan readsJobsByIndexOnly() {
    boolean walked =
        nodes.stream()
            .anyMatch(
                node ->
                    text(node, "Node Type").contains("Seq Scan")
                        && text(node, "Relation Name").equals("jobs"));
    assertThat(walked).as("a sequential scan of jobs in%n%s", this).isFalse();
    if (other != null) {
      other.readsJobsByIndexOnly();
    }
    return this;
  }

  /** No step looks at more rows than these, in all its loops together. */
  Plan looksAtNoMoreThan(long rows) {
    assertThat(nodes.stream().mapToDouble(Plan::rowsOf).max().orElseThrow())
        .as("rows that one step looks at in%n%s", this)
        .isLessThanOrEqualTo(rows);
    if (other != null) {
      other.looksAtNoMoreThan(rows);
    }
    return this;
  }

  /** The whole statement touches no more pages than these, counted as often as they are touched. */
  Plan touchesNoMorePagesThan(long pages) {
    assertThat(pages()).as("pages touched in%n%s", this).isLessThanOrEqualTo(pages);
    if (other != null) {
      other.touchesNoMorePagesThan(pages);
    }
    return this;
  }

  private long pages() {
    return (long) (number(root, "Shared Hit Blocks") + number(root, "Shared Read Blocks"));
  }

  private static double rowsOf(JsonNode node) {
    double perLoop =
        number(node, "Actual Rows")
            + number(node, "Rows Removed by Filter")
            + number(node, "Rows Removed by Index Recheck")
            + number(node, "Rows Removed by Join Filter");
    return perLoop * number(node, "Actual Loops");
  }

  private void collect(JsonNode node) {
    nodes.add(node);
    JsonNode below = node.get("Plans");
    if (below != null) {
      below.forEach(this::collect);
    }
  }

  private static double number(JsonNode node, String key) {
    JsonNode value = node.get(key);
    return value == null ? 0 : value.asDouble();
  }

  private static String text(JsonNode node, String key) {
    JsonNode value = node.get(key);
    return value == null ? "" : value.asString();
  }

  /** One line per step: what it is, how many rows in how many loops, what it threw away. */
  @Override
  public String toString() {
    StringBuilder lines = new StringBuilder();
    lines.append(pages()).append(" pages\n");
    print(root, 0, lines);
    return lines.toString();
  }

  private static void print(JsonNode node, int depth, StringBuilder lines) {
    lines.append("  ".repeat(depth)).append(text(node, "Node Type"));
    for (String key :
        List.of("Relation Name", "Index Name", "Subplan Name", "Index Cond", "Filter")) {
      if (node.get(key) != null) {
        lines.append(' ').append(key.toLowerCase(Locale.ROOT)).append('=').append(text(node, key));
      }
    }
    lines.append(
        String.format(
            Locale.ROOT,
            " rows=%.0f loops=%.0f looked at=%.0f%n",
            number(node, "Actual Rows"),
            number(node, "Actual Loops"),
            rowsOf(node)));
    JsonNode below = node.get("Plans");
    if (below != null) {
      below.forEach(child -> print(child, depth + 1, lines));
    }
  }
}
