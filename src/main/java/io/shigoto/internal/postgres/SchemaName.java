package io.shigoto.internal.postgres;

import java.util.Objects;
import java.util.Set;
import java.util.regex.Pattern;

/** What may stand as a schema's name, in SQL and in PL/pgSQL, without quotes. */
public final class SchemaName {

  private static final Pattern PLAIN = Pattern.compile("[a-z_][a-z0-9_]{0,49}");

  /** Of PostgreSQL 14 to 18: all that {@code pg_get_keywords()} does not call unreserved. */
  private static final String RESERVED =
      """
      all analyse analyze and any array as asc asymmetric authorization between bigint binary bit
      boolean both case cast char character check coalesce collate collation column concurrently
      constraint create cross current_catalog current_date current_role current_schema
      current_time current_timestamp current_user dec decimal default deferrable desc distinct do
      else end except exists extract false fetch float for foreign freeze from full grant greatest
      group grouping having ilike in initially inner inout int integer intersect interval into is
      isnull join json json_array json_arrayagg json_exists json_object json_objectagg json_query
      json_scalar json_serialize json_table json_value lateral leading least left like limit
      localtime localtimestamp merge_action national natural nchar none normalize not notnull null
      nullif numeric offset on only or order out outer overlaps overlay placing position precision
      primary real references returning right row select session_user setof similar smallint some
      substring symmetric system_user table tablesample then time timestamp to trailing treat trim
      true union unique user using values varchar variadic verbose when where window with
      xmlattributes xmlconcat xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot
      xmlserialize xmltable""";

  private static final String RESERVED_IN_FUNCTIONS =
      "begin by declare execute foreach if loop strict while";

  private static final Set<String> WORDS =
      Set.of((RESERVED + " " + RESERVED_IN_FUNCTIONS).split("\\s+"));

  private SchemaName() {}

  /**
   * Refuses what would need quotes, and what the server keeps for itself.
   *
   * @throws IllegalArgumentException naming the value
   */
  public static String require(String schema) {
    Objects.requireNonNull(schema, "schema");
    if (!PLAIN.matcher(schema).matches()) {
      throw new IllegalArgumentException(
          "schema must match "
              + PLAIN
              + ": lower case letters, digits and _, at most 50, but is '"
              + schema
              + "'");
    }
    if (WORDS.contains(schema) || schema.startsWith("pg_")) {
      throw new IllegalArgumentException(
          "schema must not be a word of SQL or begin with pg_, but is '" + schema + "'");
    }
    return schema;
  }
}
