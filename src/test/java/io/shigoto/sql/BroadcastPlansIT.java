package io.shigoto.sql;

import io.shigoto.Schemas;
import io.shigoto.internal.postgres.Statements;
import io.shigoto.support.PostgresServer;
import io.shigoto.support.TestDatabase;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is done for messages to all nodes costs what is new, however many are kept. */
@ParameterizedClass
@ValueSource(booleans = {true, false})
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class BroadcastPlansIT {

  private static final int MESSAGES = 200_000;
  private static final int OF_ONE_TRANSACTION = 400;
  private static final int TRANSACTIONS = MESSAGES / OF_ONE_TRANSACTION;
  private static final String TOPICS = "ARRAY['topic1','topic2']";

  private final Statements statements = new Statements("shigoto");

  /** Otherwise statistics say that the table is empty. */
  @Parameter boolean counted;

  private TestDatabase database;

  /** One message a second, in transactions that the server had long before this test. */
  @BeforeParameterizedClassInvocation
  void fill() {
    database = TestDatabase.create(PostgresServer.shared(), "jobs", Schemas::migrate);
    Plan.prepare(database);
    database.sql("ALTER TABLE shigoto.broadcasts SET (autovacuum_enabled = false)");
    database.sql("ANALYZE shigoto.broadcasts");
    database.sql(
        """
        INSERT INTO shigoto.broadcasts (topic, payload, xact, published_at)
        SELECT 'topic' || n % 4, '{"some": "payload"}', (3 + n / $2)::text::xid8, now() - ($1 - n) * interval '1 second'
          FROM generate_series(1, $1) AS n
        """,
        MESSAGES, OF_ONE_TRANSACTION);
    if (counted) {
      database.sql("ANALYZE shigoto.broadcasts");
    }
  }

  @AfterParameterizedClassInvocation
  void drop() {
    database.drop();
  }

  /** Transactions that stay open for long keep the horizon far behind: that costs nothing. */
  @Test
  void aLookLooksAtWhatIsNewAndAtWhatWasOpen() {
    explain("find_broadcasts", TOPICS, snapshot(TRANSACTIONS - 1), "" + (MESSAGES - 11))
        .looksAtNoMoreThan(7 * OF_ONE_TRANSACTION);
  }

  @Test
  void aLookAtNothingNewLooksAtNothing() {
    explain("find_broadcasts", TOPICS, "'3:9999999:'", "" + MESSAGES).looksAtNoMoreThan(4);
  }

  @Test
  void theFirstLookLooksAtItsWindow() {
    explain("open_broadcasts", TOPICS, "60000").looksAtNoMoreThan(65);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 32})
  void aPageIsReadById(int size) {
    String ids =
        IntStream.rangeClosed(1, size)
            .mapToObj(String::valueOf)
            .collect(Collectors.joining(",", "ARRAY[", "]"));

    explain("read_broadcasts", ids).looksAtNoMoreThan(size);
  }

  @Test
  void messagesAreForgottenGroupByGroup() {
    explain("forget_broadcasts", "100", "60000").looksAtNoMoreThan(200);
  }

  /** Two old transactions had not ended, nor had any from this number on begun. */
  private static String snapshot(int next) {
    return "'5:%d:5,100'".formatted(next);
  }

  private Plan explain(String name, String... arguments) {
    return Plan.of(database, statements.get(name), arguments);
  }
}
