package io.shigoto.internal.settings;

import io.r2dbc.spi.ConnectionFactory;
import io.shigoto.control.LoadShedding;
import io.shigoto.control.QueueOptions;
import io.shigoto.event.JobListener;
import io.shigoto.internal.history.Retention;
import io.shigoto.job.ContextEntry;
import io.shigoto.worker.Middleware;
import io.shigoto.worker.ReactiveWorker;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import reactor.core.scheduler.Scheduler;
import tools.jackson.databind.json.JsonMapper;

/** What the builder was told, complete and checked. */
public record Settings(
    ConnectionFactory connectionFactory,
    String schema,
    String name,
    List<ReactiveWorker<?>> workers,
    List<Middleware> middleware,
    List<ContextEntry<?>> travelling,
    Map<String, QueueOptions> queues,
    int concurrency,
    LoadShedding shedding,
    Duration lease,
    Duration pollInterval,
    boolean listen,
    boolean migrate,
    Retention retention,
    Broadcasting broadcasts,
    int maxPayload,
    int connections,
    Duration statementTimeout,
    JsonMapper json,
    List<JobListener> listeners,
    @Nullable Scheduler workerScheduler,
    LongSupplier nanos) {

  public Settings {
    workers = List.copyOf(workers);
    middleware = List.copyOf(middleware);
    travelling = List.copyOf(travelling);
    listeners = List.copyOf(listeners);
  }
}
