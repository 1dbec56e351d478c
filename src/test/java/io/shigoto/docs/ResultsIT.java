package io.shigoto.docs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.shigoto.Schemas;
import io.shigoto.Shigoto;
import io.shigoto.job.Job;
import io.shigoto.job.JobNotCompleted;
import io.shigoto.job.JobState;
import io.shigoto.job.NewJob;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.worker.JobContext;
import io.shigoto.worker.Outcome;
import io.shigoto.worker.ReactiveWorker;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import tools.jackson.core.type.TypeReference;

/** The code of docs/results.md. */
class ResultsIT {

  private static final Duration LIMIT = Duration.ofSeconds(20);

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  // shown
  record Month(int year, int month) {}

  record Report(int orders, long cents) {}

  static final class MakeReport implements ReactiveWorker<Month> {

    private final Orders orders;

    MakeReport(Orders orders) {
      this.orders = orders;
    }

    @Override
    public Mono<Outcome> perform(JobContext<Month> job) {
      return orders
          .of(job.args())
          .map(list -> new Report(list.size(), list.stream().mapToLong(Long::longValue).sum()))
          .map(Outcome::done);
    }
  }

  // end

  static final class PrintPages implements ReactiveWorker<Integer> {

    // shown
    @Override
    public Mono<Outcome> perform(JobContext<Integer> job) {
      int pages = job.args();
      return Flux.range(1, pages)
          .concatMap(page -> print(page).then(job.progress(100 * page / pages)))
          .then(Mono.just(Outcome.done()));
    }

    // end

    private static Mono<Void> print(int page) {
      return Mono.empty();
    }
  }

  interface Orders {
    Mono<List<Long>> of(Month month);
  }

  private Shigoto shigoto;

  @BeforeEach
  void start() {
    Orders orders =
        month ->
            month.month() > 12
                ? Mono.error(new IllegalArgumentException("no such month"))
                : Mono.just(IntStream.range(0, month.month()).mapToObj(i -> 100L).toList());
    shigoto =
        Shigoto.builder(db.connectionFactory())
            .worker(new MakeReport(orders))
            .worker(new PrintPages())
            .queue("default", 5)
            .build();
    shigoto.start().block(LIMIT);
  }

  @AfterEach
  void stop() {
    shigoto.stop(Duration.ZERO).block(LIMIT);
  }

  @Test
  void aResultIsAwaited() {
    // shown
    Mono<Report> report =
        shigoto
            .enqueueAndAwait(NewJob.of(MakeReport.class, new Month(2026, 11)), Report.class)
            .timeout(Duration.ofSeconds(10));
    // end
    assertThat(report.block(LIMIT)).isEqualTo(new Report(11, 1100));
  }

  @Test
  void progressIsReadWithTheJob() {
    long id = shigoto.enqueue(NewJob.of(PrintPages.class, 3)).block(LIMIT).id();
    shigoto.jobs().await(id).block(LIMIT);
    // shown
    Mono<Integer> percent = shigoto.jobs().find(id).mapNotNull(Job::progress);
    // end
    assertThat(percent.block(LIMIT)).isEqualTo(100);
  }

  @Test
  void anEndIsAwaitedLater() {
    long id = shigoto.enqueue(NewJob.of(MakeReport.class, new Month(2026, 3))).block(LIMIT).id();
    // shown
    Mono<Report> report = shigoto.jobs().await(id, Report.class);
    // end
    assertThat(report.block(LIMIT)).isEqualTo(new Report(3, 300));
    // shown
    Mono<Optional<Report>> found = shigoto.jobs().find(id).map(job -> job.result(Report.class));
    // end
    assertThat(found.block(LIMIT)).contains(new Report(3, 300));
    assertThatThrownBy(
            () -> shigoto.jobs().await(id, new TypeReference<List<Report>>() {}).block(LIMIT))
        .hasMessageContaining("does not fit List at $ ");
  }

  @Test
  void aJobThatIsNotCompletedIsAnError() {
    long id =
        shigoto
            .enqueue(NewJob.of(MakeReport.class, new Month(2026, 13)).maxAttempts(1))
            .block(LIMIT)
            .id();
    // shown
    Mono<Report> orNone =
        shigoto
            .jobs()
            .await(id, Report.class)
            .onErrorResume(
                JobNotCompleted.class,
                ended ->
                    ended.state() == JobState.CANCELLED
                        ? Mono.empty()
                        : Mono.just(new Report(0, 0)));
    // end
    assertThat(orNone.block(LIMIT)).isEqualTo(new Report(0, 0));
  }
}
