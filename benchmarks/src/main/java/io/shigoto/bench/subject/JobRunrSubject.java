package io.shigoto.bench.subject;

import com.zaxxer.hikari.HikariDataSource;
import java.time.Duration;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;
import org.jobrunr.configuration.JobRunr;
import org.jobrunr.jobs.lambdas.JobRequest;
import org.jobrunr.jobs.lambdas.JobRequestHandler;
import org.jobrunr.scheduling.JobRequestScheduler;
import org.jobrunr.server.BackgroundJobServerConfiguration;
import org.jobrunr.storage.sql.postgres.PostgresStorageProvider;

/**
 * JobRunr set up for throughput: jobs as requests, which spares it the analysis of bytecode, and
 * the shortest poll that it accepts, 5 s.
 */
final class JobRunrSubject implements Subject {

  private static volatile IntConsumer run = i -> {};

  /** A job. JobRunr reads and writes it by its fields. */
  public static final class Request implements JobRequest {

    private int i;

    public Request() {}

    public Request(int i) {
      this.i = i;
    }

    public int getI() {
      return i;
    }

    @Override
    public Class<Runs> getJobRequestHandler() {
      return Runs.class;
    }
  }

  /** Runs it. */
  public static final class Runs implements JobRequestHandler<Request> {

    @Override
    public void run(Request request) {
      run.accept(request.getI());
    }
  }

  @Override
  public Running begin(Order order, Consumer<Map<String, Object>> done) {
    HikariDataSource pool = PeerRuns.pool(order, order.concurrency() + 5, "");
    PostgresStorageProvider storage = new PostgresStorageProvider(pool);
    if (order.what().equals("drain")) {
      run = PeerRuns.counting(order, done);
      JobRunr.configure()
          .useStorageProvider(storage)
          .useBackgroundJobServer(
              BackgroundJobServerConfiguration.usingStandardBackgroundJobServerConfiguration()
                  .andWorkerCount(order.concurrency())
                  .andPollInterval(Duration.ofSeconds(5))
                  .andInterruptJobsAwaitDurationOnStopBackgroundJobServer(Duration.ofSeconds(3)))
          .initialize();
    } else {
      JobRequestScheduler scheduler =
          JobRunr.configure().useStorageProvider(storage).initialize().getJobRequestScheduler();
      if (order.what().equals("fill")) {
        if (order.jobs() > 0) {
          scheduler.enqueue(IntStream.range(0, order.jobs()).mapToObj(Request::new));
        }
        done.accept(Map.of());
      } else {
        PeerRuns.enqueue(order, i -> scheduler.enqueue(new Request(i)), done);
      }
    }
    return () -> {
      JobRunr.destroy();
      pool.close();
      return Map.of();
    };
  }
}
