package io.shigoto.docs;

import static org.assertj.core.api.Assertions.assertThatCode;

import io.shigoto.Schemas;
import io.shigoto.support.DatabaseExtension;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every SQL statement that a page shows runs as it stands, in the order of the page. */
class SqlOnPagesIT {

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  static List<Path> pagesWithSql() {
    return Pages.all().stream().filter(page -> !Pages.blocks(page, "sql").isEmpty()).toList();
  }

  @ParameterizedTest
  @MethodSource("pagesWithSql")
  void sqlOnAPageRuns(Path page) {
    for (String sql : Pages.blocks(page, "sql")) {
      assertThatCode(() -> db.sql(sql)).as(sql).doesNotThrowAnyException();
    }
  }
}
