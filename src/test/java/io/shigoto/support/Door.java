package io.shigoto.support;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.util.concurrent.Promise;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The listening socket of a {@link TcpProxy}. In the thread of the proxy only. */
final class Door {

  private final EventLoop loop;
  private final InetSocketAddress address;
  private final Consumer<Channel> accept;
  private @Nullable Channel listener;

  /**
   * @param accept takes each new connection, which reads nothing until told to
   */
  Door(EventLoop loop, InetSocketAddress address, Consumer<Channel> accept) {
    this.loop = loop;
    this.address = address;
    this.accept = accept;
  }

  void open(Promise<Void> opened) {
    if (listener != null) {
      opened.setSuccess(null);
      return;
    }
    ChannelFuture bound = bind();
    listener = bound.channel();
    bound.addListener(
        done -> {
          if (done.isSuccess()) {
            opened.setSuccess(null);
          } else if (listener != bound.channel()) {
            opened.setFailure(new IllegalStateException("closed while it opened", done.cause()));
          } else {
            // The socket of the last listener lives until the loop comes round to its selector.
            listener = null;
            loop.schedule(() -> open(opened), 1, TimeUnit.MILLISECONDS);
          }
        });
  }

  void close() {
    if (listener != null) {
      listener.close();
      listener = null;
    }
  }

  /** NIO, since it cannot tell that a peer hung up without reading: frozen stays frozen. */
  private ChannelFuture bind() {
    return new ServerBootstrap()
        .group(loop)
        .channel(NioServerSocketChannel.class)
        .option(ChannelOption.SO_REUSEADDR, true)
        .childOption(ChannelOption.AUTO_READ, false)
        .childOption(ChannelOption.TCP_NODELAY, true)
        .childHandler(
            new ChannelInitializer<>() {
              @Override
              protected void initChannel(Channel client) {
                accept.accept(client);
              }
            })
        .bind(address);
  }
}
