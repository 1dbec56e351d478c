package io.shigoto.support;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * One direction of a {@link Link}: a queue of bytes, each due when the delay of the proxy is over.
 */
final class Pipe extends ChannelInboundHandlerAdapter {

  private final TcpProxy proxy;
  private final Channel from;
  private final Channel to;
  private final Predicate<ByteBuf> lookAndForward;
  private final Deque<Piece> queue = new ArrayDeque<>();
  private boolean frozen = true;

  /**
   * @param lookAndForward sees all bytes in order and says whether they may pass
   */
  Pipe(TcpProxy proxy, Channel from, Channel to, Predicate<ByteBuf> lookAndForward) {
    this.proxy = proxy;
    this.from = from;
    this.to = to;
    this.lookAndForward = lookAndForward;
    to.closeFuture().addListener(closed -> releaseAll());
  }

  void frozen(boolean freeze) {
    frozen = freeze;
    adjustReading();
    forwardDue();
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    ByteBuf bytes = (ByteBuf) message;
    if (lookAndForward.test(bytes)) {
      add(new Piece(bytes, due()));
    } else {
      bytes.release();
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    add(new Piece(null, due()));
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext context) {
    // This channel is also where the other direction writes: it reads no faster than we take.
    if (!frozen) {
      to.config().setAutoRead(from.isWritable());
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    // A reset by either side; channelInactive follows and closes the other side.
  }

  private void add(Piece piece) {
    queue.add(piece);
    long wait = piece.due - System.nanoTime();
    if (wait > 0) {
      from.eventLoop().schedule(this::forwardDue, wait, TimeUnit.NANOSECONDS);
    } else {
      forwardDue();
    }
  }

  private void forwardDue() {
    while (!frozen && !queue.isEmpty() && queue.peek().due - System.nanoTime() <= 0) {
      forward(queue.remove());
    }
  }

  private void forward(Piece piece) {
    if (piece.bytes != null) {
      to.writeAndFlush(piece.bytes);
    } else if (to.isOpen()) {
      to.writeAndFlush(to.alloc().buffer(0)).addListener(ChannelFutureListener.CLOSE);
    }
  }

  private void releaseAll() {
    queue.stream().map(Piece::bytes).filter(Objects::nonNull).forEach(ByteBuf::release);
    queue.clear();
  }

  private long due() {
    return System.nanoTime() + proxy.oneWayNanos();
  }

  private void adjustReading() {
    from.config().setAutoRead(!frozen && from.isActive() && to.isActive() && to.isWritable());
  }

  /** Bytes, or the end of the stream. */
  private record Piece(@Nullable ByteBuf bytes, long due) {}
}
