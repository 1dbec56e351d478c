package io.shigoto.support;

import io.netty.buffer.ByteBuf;

/**
 * Reads what PostgreSQL says to a client, in pieces as they come, and finds the end of each answer.
 *
 * <p>{@code ReadyForQuery} comes after the commit of a statement that is its own transaction.
 */
final class BackendScanner {

  private static final int HEADER = 5;
  private static final int READY_FOR_QUERY = 'Z';

  private int headerRead;
  private int type;
  private int length;
  private int bodyLeft;

  /** Looks at bytes, leaves them unread, and says how many answers ended in them. */
  int answersEnded(ByteBuf bytes) {
    int ended = 0;
    int index = bytes.readerIndex();
    while (index < bytes.writerIndex()) {
      if (headerRead < HEADER) {
        readHeader(bytes.getUnsignedByte(index++));
      } else {
        int step = Math.min(bodyLeft, bytes.writerIndex() - index);
        bodyLeft -= step;
        index += step;
      }
      if (headerRead == HEADER && bodyLeft == 0) {
        ended += type == READY_FOR_QUERY ? 1 : 0;
        headerRead = 0;
      }
    }
    return ended;
  }

  private void readHeader(int octet) {
    if (headerRead == 0) {
      type = octet;
      length = 0;
    } else {
      length = length << Byte.SIZE | octet;
    }
    headerRead++;
    bodyLeft = length - Integer.BYTES;
  }
}
