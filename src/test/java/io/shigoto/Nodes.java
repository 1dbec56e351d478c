package io.shigoto;

import io.r2dbc.spi.ConnectionFactories;
import io.r2dbc.spi.ConnectionFactory;
import io.r2dbc.spi.ConnectionFactoryOptions;
import io.shigoto.support.TcpProxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** The nodes of one test and their networks. They end with the test, however it ends. */
final class Nodes implements AfterEachCallback {

  /** Whoever breaks the library on purpose need not wait as long. */
  private static final int SECONDS = Integer.getInteger("io.shigoto.patience", 30);

  /** How long a test waits for a fact before it fails. */
  static final Duration LIMIT = Duration.ofSeconds(SECONDS);

  private final List<Shigoto> nodes = new ArrayList<>();
  private final List<TcpProxy> networks = new ArrayList<>();
  private final List<ChildNode> children = new ArrayList<>();

  Shigoto build(ShigotoBuilder builder) {
    return kept(builder.build());
  }

  private Shigoto kept(Shigoto node) {
    nodes.add(node);
    return node;
  }

  /** A slow machine may need more than one try when the node's time-outs are short. */
  Shigoto start(ShigotoBuilder builder) {
    return started(build(builder));
  }

  /** The same, with a clock of its own for elapsed time. */
  Shigoto start(ShigotoBuilder builder, LongSupplier nanos) {
    return started(kept(builder.build(nanos)));
  }

  private static Shigoto started(Shigoto node) {
    node.start().retry(10).block(LIMIT);
    return node;
  }

  /** A network of its own between a node and the server. */
  TcpProxy network(ConnectionFactoryOptions server) {
    TcpProxy network = TcpProxy.to(server);
    networks.add(network);
    return network;
  }

  /** Starts a node in a JVM of its own. */
  ChildNode child(ConnectionFactoryOptions server, String role) {
    return child(server, role, Map.of());
  }

  /** Starts one with these variables in its environment. */
  ChildNode child(ConnectionFactoryOptions server, String role, Map<String, String> environment) {
    ChildNode child = ChildNode.start(server, role, environment);
    children.add(child);
    return child;
  }

  /** Connects by way of a network. */
  static ConnectionFactory through(TcpProxy network, ConnectionFactoryOptions server) {
    return ConnectionFactories.get(network.options(server));
  }

  @Override
  public void afterEach(ExtensionContext context) {
    children.forEach(ChildNode::kill);
    networks.forEach(TcpProxy::restore);
    nodes.forEach(node -> node.stop(Duration.ZERO).block(LIMIT));
    networks.forEach(TcpProxy::close);
  }
}
