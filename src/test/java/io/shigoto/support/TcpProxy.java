package io.shigoto.support;

import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import io.r2dbc.postgresql.PostgresqlConnectionFactoryProvider;
import io.r2dbc.postgresql.client.SSLMode;
import io.r2dbc.spi.ConnectionFactoryOptions;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A network between a client and PostgreSQL that fails on command.
 *
 * <p>Everything happens in one thread, so a command is in force for every connection when its
 * method returns, and an action of {@link #onStatement} is in force before its statement goes on.
 * Safe for any thread.
 */
public final class TcpProxy implements AutoCloseable {

  private static final long COMMAND_LIMIT_SECONDS = 10;

  private final EventLoopGroup group =
      new MultiThreadIoEventLoopGroup(
          1, new DefaultThreadFactory("tcp-proxy", true), NioIoHandler.newFactory());
  private final EventLoop loop = group.next();
  private final InetSocketAddress target;
  private final InetSocketAddress address =
      new InetSocketAddress(InetAddress.getLoopbackAddress(), FreePort.find());
  private final Door door = new Door(loop, address, this::accept);
  private final StatementCounts counts = new StatementCounts();

  // Below: touched by the thread of the loop only.
  private final Set<Link> links = new LinkedHashSet<>();
  private final Traps traps = new Traps();
  private boolean frozen;
  private boolean deaf;
  private long oneWayNanos;

  private TcpProxy(InetSocketAddress target) {
    this.target = target;
  }

  /** Starts a proxy to the server that {@code options} name. */
  public static TcpProxy to(ConnectionFactoryOptions options) {
    Object host = options.getRequiredValue(ConnectionFactoryOptions.HOST);
    @Nullable Object port = options.getValue(ConnectionFactoryOptions.PORT);
    int number = port == null ? 5432 : Integer.parseInt(port.toString());
    TcpProxy proxy = new TcpProxy(new InetSocketAddress(host.toString(), number));
    proxy.restore();
    return proxy;
  }

  /** The same options by way of this proxy, without TLS, since the proxy must read along. */
  public ConnectionFactoryOptions options(ConnectionFactoryOptions direct) {
    return direct
        .mutate()
        .option(ConnectionFactoryOptions.HOST, address.getAddress().getHostAddress())
        .option(ConnectionFactoryOptions.PORT, address.getPort())
        .option(ConnectionFactoryOptions.SSL, false)
        .option(PostgresqlConnectionFactoryProvider.SSL_MODE, SSLMode.DISABLE)
        .build();
  }

  /** What went to the server since the start, or since {@link StatementCounts#reset()}. */
  public StatementCounts counts() {
    return counts;
  }

  /** How many clients are connected now. */
  public int connections() {
    int[] size = new int[1];
    inLoop(() -> size[0] = links.size());
    return size[0];
  }

  /** Resets all connections and refuses new ones until {@link #restore()}. */
  public void cut() {
    inLoop(
        () -> {
          door.close();
          resetAll();
        });
  }

  /** Resets all connections; new ones are welcome. */
  public void cutConnections() {
    inLoop(this::resetAll);
  }

  /** Ends what {@link #cut()}, {@link #freeze()} and {@link #swallowAnswers()} began. */
  public void restore() {
    Promise<Void> opened = loop.newPromise();
    inLoop(
        () -> {
          deaf = false;
          setFrozen(false);
          door.open(opened);
        });
    if (!loop.inEventLoop()) {
      await(opened);
    }
  }

  /**
   * Forwards nothing and closes nothing, in both directions, until {@link #thaw()}: neither side
   * can tell. New connections are accepted and hear nothing.
   */
  public void freeze() {
    inLoop(() -> setFrozen(true));
  }

  /** Forwards what waited, and all that comes. */
  public void thaw() {
    inLoop(() -> setFrozen(false));
  }

  /** Makes every round trip longer by {@code roundTrip}; zero ends it. */
  public void delay(Duration roundTrip) {
    long nanos = roundTrip.dividedBy(2).toNanos();
    inLoop(() -> oneWayNanos = nanos);
  }

  /**
   * Drops what the server says and forwards what clients say, until {@link #cut()}; a dropped
   * answer cannot be made up for, so a {@link #restore()} alone leaves connections that wait for
   * ever.
   */
  public void swallowAnswers() {
    inLoop(() -> deaf = true);
  }

  /** As {@link #onStatement(String, int, Consumer)}, at the next run. */
  public void onStatement(String fragment, Consumer<Link> action) {
    onStatement(fragment, 1, action);
  }

  /**
   * Calls {@code action} once, when a client runs a statement that contains {@code fragment} for
   * the {@code nth} time from now, before the server hears of that run.
   *
   * <p>Also finds runs of statements that were prepared before. The action runs in the thread of
   * the proxy: it may command this proxy or the {@link Link} and must not block.
   */
  public void onStatement(String fragment, int nth, Consumer<Link> action) {
    if (nth < 1) {
      throw new IllegalArgumentException("nth must be at least 1, is " + nth);
    }
    inLoop(() -> traps.set(fragment, nth, action));
  }

  /** Closes all connections and ends the thread of the proxy. */
  @Override
  public void close() {
    cut();
    group.shutdownGracefully(0, 1, TimeUnit.SECONDS);
  }

  boolean deaf() {
    return deaf;
  }

  long oneWayNanos() {
    return oneWayNanos;
  }

  Traps traps() {
    return traps;
  }

  void closed(Link link) {
    links.remove(link);
  }

  private void accept(Channel client) {
    Link link = new Link(this, client, target, counts);
    links.add(link);
    if (!frozen) {
      link.thaw();
    }
  }

  private void setFrozen(boolean freeze) {
    frozen = freeze;
    for (Link link : List.copyOf(links)) {
      if (freeze) {
        link.freeze();
      } else {
        link.thaw();
      }
    }
  }

  private void resetAll() {
    List.copyOf(links).forEach(Link::cut);
  }

  private void inLoop(Runnable command) {
    if (loop.inEventLoop()) {
      command.run();
      return;
    }
    await(loop.submit(command));
  }

  private static void await(Future<?> done) {
    if (!done.awaitUninterruptibly(COMMAND_LIMIT_SECONDS, TimeUnit.SECONDS)) {
      throw new IllegalStateException("the proxy hangs: does an action of onStatement block?");
    }
    if (!done.isSuccess()) {
      throw new IllegalStateException("the command failed", done.cause());
    }
  }
}
