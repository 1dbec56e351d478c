package io.shigoto;

import static java.util.Objects.requireNonNull;

import io.r2dbc.spi.ConnectionFactory;
import io.shigoto.broadcast.Receiver;
import io.shigoto.control.LoadShedding;
import io.shigoto.control.QueueOptions;
import io.shigoto.event.JobListener;
import io.shigoto.internal.history.Retention;
import io.shigoto.internal.settings.Broadcasting;
import io.shigoto.internal.settings.QueueName;
import io.shigoto.internal.settings.Rhythm;
import io.shigoto.internal.settings.Serving;
import io.shigoto.internal.settings.Settings;
import io.shigoto.internal.settings.Store;
import io.shigoto.internal.settings.Work;
import io.shigoto.job.ContextEntry;
import io.shigoto.job.JobState;
import io.shigoto.job.Name;
import io.shigoto.worker.Given;
import io.shigoto.worker.Middleware;
import io.shigoto.worker.ReactiveWorker;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import reactor.core.scheduler.Scheduler;
import tools.jackson.databind.json.JsonMapper;

/**
 * Everything that can be said about a node before it is built. Errors: each method refuses at once
 * what makes no sense.
 */
public final class ShigotoBuilder {

  /** The default of {@link #schema}. */
  public static final String DEFAULT_SCHEMA = "shigoto";

  /** The default of {@link #lease}. */
  public static final Duration DEFAULT_LEASE = Duration.ofSeconds(20);

  /** The default of {@link #pollInterval}. */
  public static final Duration DEFAULT_POLL_INTERVAL = Duration.ofSeconds(1);

  /** The default of {@link #retention(Duration)}. */
  public static final Duration DEFAULT_RETENTION = Duration.ofDays(14);

  /** The default of {@link #broadcastWindow}. */
  public static final Duration DEFAULT_BROADCAST_WINDOW = Duration.ofMinutes(1);

  /** The default of {@link #broadcastRetention}. */
  public static final Duration DEFAULT_BROADCAST_RETENTION = Duration.ofDays(1);

  /** The default of {@link #maxPayload}. */
  public static final int DEFAULT_MAX_PAYLOAD = 1024 * 1024;

  /** The default of {@link #connections}. */
  public static final int DEFAULT_CONNECTIONS = 4;

  /** The default of {@link #statementTimeout}. */
  public static final Duration DEFAULT_STATEMENT_TIMEOUT = Duration.ofSeconds(10);

  private final List<JobListener> listeners = new ArrayList<>();
  private @Nullable String name;
  private Store store;
  private Work work = Work.none(DEFAULT_MAX_PAYLOAD);
  private Serving serving = Serving.NONE;
  private Rhythm rhythm = new Rhythm(DEFAULT_LEASE, DEFAULT_POLL_INTERVAL);
  private Retention retention = Retention.of(DEFAULT_RETENTION);
  private Broadcasting broadcasts =
      Broadcasting.of(DEFAULT_BROADCAST_WINDOW, DEFAULT_BROADCAST_RETENTION);

  ShigotoBuilder(ConnectionFactory connectionFactory) {
    this.store =
        new Store(
            requireNonNull(connectionFactory, "connectionFactory"),
            DEFAULT_SCHEMA,
            true,
            true,
            DEFAULT_CONNECTIONS,
            DEFAULT_STATEMENT_TIMEOUT);
  }

  /** Adds a worker: its jobs are run here, and can be enqueued by its class. */
  public ShigotoBuilder worker(ReactiveWorker<?> worker) {
    this.work = work.worker(worker);
    return this;
  }

  /** Adds middleware around the runs of all workers, inside of what was added before. */
  public ShigotoBuilder middleware(Middleware inner) {
    this.work = work.middleware(inner);
    return this;
  }

  /**
   * Has these entries of the Reactor Context travel with every job, from its enqueue to its runs.
   * They are texts. Give all nodes the same. The trace context, {@code traceparent} and {@code
   * tracestate}, travels by itself.
   *
   * @param keys in the Context; they are names in the job's meta too
   */
  public ShigotoBuilder propagate(String... keys) {
    for (String key : Given.all("keys", keys)) {
      propagate(ContextEntry.of(key));
    }
    return this;
  }

  /** As {@link #propagate(String...)}, for what is no text. */
  public ShigotoBuilder propagate(ContextEntry<?> entry) {
    this.work = work.propagate(entry);
    return this;
  }

  /**
   * Adds a queue that this node serves. Without any, the node only enqueues.
   *
   * @param queue 1 to 255 characters
   * @param concurrency how many of its jobs run here at the same time, from 1
   */
  public ShigotoBuilder queue(String queue, int concurrency) {
    QueueName.requireConcurrency(queue, concurrency);
    return queue(queue, QueueOptions.concurrency(concurrency));
  }

  /**
   * Adds a queue that this node serves, with all that may be said of how.
   *
   * @param queue 1 to 255 characters
   */
  public ShigotoBuilder queue(String queue, QueueOptions options) {
    this.serving = serving.queue(queue, options);
    return this;
  }

  /**
   * How many jobs of all its queues together the node runs at the same time, from 1. While that
   * keeps jobs waiting, its queues get slots in proportion to their {@link QueueOptions#weight};
   * what a queue does not need goes to the others. Default: as many as its queues may run, each for
   * itself.
   */
  public ShigotoBuilder concurrency(int runs) {
    this.serving = serving.concurrency(runs);
    return this;
  }

  /**
   * Low priorities are not claimed here while a queue is overloaded. Default: none, for then slots
   * stand empty although jobs wait, and only you know how long is too long.
   */
  public ShigotoBuilder shedding(LoadShedding shedding) {
    this.serving = serving.shedding(shedding);
    return this;
  }

  /**
   * Where the tables are. Lower case letters, digits and _, at most 50. Default: {@value
   * #DEFAULT_SCHEMA}.
   */
  public ShigotoBuilder schema(String schema) {
    this.store = store.schema(schema);
    return this;
  }

  /** What this node is called in logs, events and errors. Default: the host's name. */
  public ShigotoBuilder name(String name) {
    this.name = Name.require("name", name);
    return this;
  }

  /**
   * How long the node's right to run jobs lasts without renewal: after a crash its jobs are rescued
   * so much later. From 1 second to 1 hour. Default: 20 seconds.
   */
  public ShigotoBuilder lease(Duration lease) {
    this.rhythm = rhythm.lease(lease);
    return this;
  }

  /**
   * How often the node looks for work that it was not notified of: one statement for all its
   * queues. From 10 ms to 1 hour. Default: 1 second.
   */
  public ShigotoBuilder pollInterval(Duration interval) {
    this.rhythm = rhythm.poll(interval);
    return this;
  }

  /**
   * Uses nothing that belongs to a database session: no LISTEN. For PgBouncer in transaction mode,
   * where the driver also needs {@code preparedStatementCacheQueries=0}. Work of other nodes is
   * found at the poll interval.
   */
  public ShigotoBuilder pollOnly() {
    this.store = store.pollOnly();
    return this;
  }

  /**
   * Leaves the schema alone: apply {@link Shigoto#ddl} by yourself. start() then refuses any other
   * version than its own. Default: start() applies what is missing.
   */
  public ShigotoBuilder withoutMigrations() {
    this.store = store.withoutMigrations();
    return this;
  }

  /**
   * How long ended jobs are kept, in whole days, from 1: those in states of which nothing else is
   * said. Default: 14 days.
   */
  public ShigotoBuilder retention(Duration retention) {
    this.retention = this.retention.with(retention);
    return this;
  }

  /**
   * How long jobs are kept that ended in this state, in whole days, from 1. A day of history of
   * which no job is kept is dropped in an instant; jobs that are kept for a shorter time than
   * others of their day are deleted from it, a few thousand at a time. Default: as {@link
   * #retention(Duration)} says of all.
   *
   * @param state COMPLETED, DISCARDED or CANCELLED
   */
  public ShigotoBuilder retention(JobState state, Duration retention) {
    this.retention = this.retention.with(state, retention);
    return this;
  }

  /** Adds a receiver: this node handles the messages of its topic. */
  public ShigotoBuilder receiver(Receiver<?> receiver) {
    this.broadcasts = broadcasts.receiver(receiver);
    return this;
  }

  /**
   * How far back the node looks for messages when it starts; at most as far as they are kept. Zero:
   * only for what is committed from then on. Default: 1 minute.
   */
  public ShigotoBuilder broadcastWindow(Duration window) {
    this.broadcasts = broadcasts.window(window);
    return this;
  }

  /**
   * How long messages are kept, from 1 second: a node that does not reach the database for longer
   * misses some. Default: 1 day.
   */
  public ShigotoBuilder broadcastRetention(Duration retention) {
    this.broadcasts = broadcasts.retention(retention);
    return this;
  }

  /** How many bytes args, meta, a result or a message may have as JSON. Default: 1 MiB. */
  public ShigotoBuilder maxPayload(int bytes) {
    this.work = work.maxPayload(bytes);
    return this;
  }

  /**
   * How many connections claims and settlements share, and as many again are for calls of the
   * application. Opened when needed. Beside them: one for LISTEN, one for the lease, two for
   * upkeep. Default: {@value #DEFAULT_CONNECTIONS}.
   */
  public ShigotoBuilder connections(int connections) {
    this.store = store.connections(connections);
    return this;
  }

  /**
   * How long a statement may take before its connection is given up. From 100 ms to 1 hour.
   * Default: 10 seconds.
   */
  public ShigotoBuilder statementTimeout(Duration timeout) {
    this.store = store.timeout(timeout);
    return this;
  }

  /** Writes and reads args and results. Default: a plain JsonMapper. */
  public ShigotoBuilder json(JsonMapper mapper) {
    this.work = work.json(mapper);
    return this;
  }

  /** Adds a listener for events. */
  public ShigotoBuilder listener(JobListener listener) {
    listeners.add(requireNonNull(listener, "listener"));
    return this;
  }

  /**
   * Where workers and receivers are called. It stays the caller's: stop() does not dispose it.
   * Calls of the node are never answered there, so what runs there may wait for them. Default: a
   * parallel scheduler of the node's own, whose threads must not be blocked; for workers that
   * block, give a bounded elastic one. A run that it refuses, or that no thread takes within the
   * worker's timeout, has not begun: it waits in its slot, and then is given back with its attempt.
   */
  public ShigotoBuilder workerScheduler(Scheduler scheduler) {
    this.work = work.on(scheduler);
    return this;
  }

  /**
   * Builds the node; nothing is connected yet.
   *
   * @throws IllegalArgumentException if the workers or receivers contradict each other or
   *     themselves, or the factory is not for PostgreSQL
   */
  public Shigoto build() {
    return build(System::nanoTime);
  }

  /** With a clock for elapsed time. */
  Shigoto build(LongSupplier nanos) {
    return new Shigoto(
        new Settings(
            name != null ? name : hostName(),
            store,
            work,
            serving,
            rhythm,
            retention,
            broadcasts,
            listeners,
            nanos));
  }

  private static String hostName() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException unknown) {
      return "node";
    }
  }
}
