package io.shigoto.support;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * One connection through a {@link TcpProxy}. Its methods are for actions of {@link
 * TcpProxy#onStatement}, in the thread of the proxy.
 */
public final class Link {

  private final TcpProxy proxy;
  private final Channel client;
  private final InetSocketAddress target;
  private final FrontendScanner frontend;
  private final BackendScanner backend = new BackendScanner();
  private @Nullable Channel server;
  private @Nullable Pipe toServer;
  private @Nullable Pipe toClient;
  private boolean frozen = true;
  private boolean losesAnswer;
  private int unanswered;

  Link(TcpProxy proxy, Channel client, InetSocketAddress target, StatementCounts counts) {
    this.proxy = proxy;
    this.client = client;
    this.target = target;
    this.frontend =
        new FrontendScanner(counts, sql -> proxy.traps().passes(sql, this), () -> unanswered++);
    client.closeFuture().addListener(closed -> proxy.closed(this));
  }

  /** Resets both ends of this connection. */
  public void cut() {
    reset(client);
    if (server != null) {
      reset(server);
    }
  }

  /** Forwards nothing and closes nothing, until the proxy thaws. */
  public void freeze() {
    frozen = true;
    refresh();
  }

  /**
   * Lets the server hear and finish the statement, drops its answer, and resets this connection
   * when the answer is complete: a statement that is its own transaction is committed by then, and
   * the client does not know. A client may send a statement when it has read all that matters of
   * the last answer, so the rest of that is lost too.
   */
  public void loseAnswer() {
    losesAnswer = true;
  }

  void thaw() {
    frozen = false;
    if (server == null) {
      connect();
    }
    refresh();
  }

  private void connect() {
    server =
        new Bootstrap()
            .group(client.eventLoop())
            .channel(NioSocketChannel.class)
            .option(ChannelOption.TCP_NODELAY, true)
            .option(ChannelOption.AUTO_READ, false)
            .handler(
                new ChannelInitializer<>() {
                  @Override
                  protected void initChannel(Channel made) {
                    join(made);
                  }
                })
            .connect(target)
            .addListener(
                connected -> {
                  if (connected.isSuccess()) {
                    refresh();
                  } else {
                    reset(client);
                  }
                })
            .channel();
  }

  private void join(Channel made) {
    toServer = new Pipe(proxy, client, made, this::scanFromClient);
    toClient = new Pipe(proxy, made, client, this::scanFromServer);
    client.pipeline().addLast(toServer);
    made.pipeline().addLast(toClient);
  }

  private boolean scanFromClient(ByteBuf bytes) {
    frontend.scan(bytes);
    return client.isOpen();
  }

  private boolean scanFromServer(ByteBuf bytes) {
    unanswered -= backend.answersEnded(bytes);
    if (losesAnswer && unanswered == 0) {
      cut();
    }
    return !losesAnswer && !proxy.deaf();
  }

  private void refresh() {
    if (toServer != null && toClient != null) {
      toServer.frozen(frozen);
      toClient.frozen(frozen);
    }
  }

  private static void reset(Channel channel) {
    if (channel.isOpen()) {
      channel.config().setOption(ChannelOption.SO_LINGER, 0);
      channel.close();
    }
  }
}
