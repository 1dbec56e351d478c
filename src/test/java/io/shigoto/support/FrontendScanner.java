package io.shigoto.support;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Reads what a client says to PostgreSQL, in pieces as they come, and tells which statements it
 * runs.
 *
 * <p>A prepared statement passes with its text once and is run by name afterwards, so the texts are
 * kept by name. Without TLS only.
 */
final class FrontendScanner {

  private static final int HEADER = 5;
  private static final int STARTUP_HEADER = 8;
  private static final int SSL_REQUEST = 80877103;
  private static final int GSS_REQUEST = 80877104;

  private final StatementCounts counts;
  private final Consumer<String> onStatement;
  private final Runnable onQuestion;
  private final Map<String, String> statements = new HashMap<>();
  private final Map<String, String> portals = new HashMap<>();
  private final ByteBuf pending = Unpooled.buffer();
  private boolean started;

  /**
   * @param onQuestion called for whatever the server answers with {@code ReadyForQuery}
   */
  FrontendScanner(StatementCounts counts, Consumer<String> onStatement, Runnable onQuestion) {
    this.counts = counts;
    this.onStatement = onStatement;
    this.onQuestion = onQuestion;
  }

  /** Looks at bytes that will be forwarded; leaves them unread. */
  void scan(ByteBuf bytes) {
    pending.writeBytes(bytes, bytes.readerIndex(), bytes.readableBytes());
    while (started ? readMessage() : readStartup()) {
      pending.discardSomeReadBytes();
    }
  }

  private boolean readStartup() {
    if (pending.readableBytes() < STARTUP_HEADER) {
      return false;
    }
    int length = pending.getInt(pending.readerIndex());
    if (pending.readableBytes() < length) {
      return false;
    }
    int code = pending.getInt(pending.readerIndex() + Integer.BYTES);
    started = code != SSL_REQUEST && code != GSS_REQUEST;
    if (started) {
      onQuestion.run();
    }
    pending.skipBytes(length);
    return true;
  }

  private boolean readMessage() {
    if (pending.readableBytes() < HEADER) {
      return false;
    }
    int length = pending.getInt(pending.readerIndex() + 1);
    if (pending.readableBytes() < 1 + length) {
      return false;
    }
    char type = (char) pending.readByte();
    ByteBuf body = pending.readSlice(length).skipBytes(Integer.BYTES);
    switch (type) {
      case 'P' -> parse(text(body), text(body));
      case 'B' -> bind(text(body), text(body));
      case 'E' -> execute(text(body));
      case 'S' -> onQuestion.run();
      case 'Q' -> {
        query(text(body));
        onQuestion.run();
      }
      default -> {}
    }
    return true;
  }

  private void parse(String name, String sql) {
    counts.parsed();
    statements.put(name, sql);
  }

  private void bind(String portal, String statement) {
    counts.bound();
    portals.put(portal, statements.getOrDefault(statement, ""));
  }

  private void execute(String portal) {
    String sql = portals.getOrDefault(portal, "");
    counts.executed(sql);
    onStatement.accept(sql);
  }

  private void query(String sql) {
    counts.queried(sql);
    onStatement.accept(sql);
  }

  private static String text(ByteBuf body) {
    int length = body.bytesBefore((byte) 0);
    String text = body.readCharSequence(length, StandardCharsets.UTF_8).toString();
    body.skipBytes(1);
    return text;
  }
}
