package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import io.r2dbc.spi.ConnectionFactory;
import io.shigoto.event.JobEvent.Kind;
import io.shigoto.job.NewJob;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.support.Link;
import io.shigoto.support.TcpProxy;
import io.shigoto.worker.JobContext;
import io.shigoto.worker.Outcome;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Effects with completeIn, while everything is cut at random. */
class ExactlyOnceIT {

  private static final int ROUNDS = 35;
  private static final int JOBS_OF_A_ROUND = 30;
  private static final int KILLS = 4;
  private static final List<String> STEPS =
      List.of("BEGIN", Transfers.EFFECT, "shigoto.complete(", "COMMIT", "WITH free AS");
  static final List<String> WORKERS = List.of("honest", "sloppy", "deaf");

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final long seed = System.nanoTime();
  private final Random random = new Random(seed);
  private final List<Site> sites = new ArrayList<>();
  private Shigoto enqueuer;
  private int jobs;

  private record Site(TcpProxy network, Told told) {

    /** A node that is slow may lose its lease without any outage. */
    boolean hasLease() {
      return told.count(Kind.NODE_JOINED) > told.count(Kind.NODE_LOST_LEASE);
    }
  }

  @BeforeEach
  void noEffectYet() {
    Transfers.empty(db);
    enqueuer = nodes.build(Shigoto.builder(db.connectionFactory()));
  }

  @Test
  void whateverIsCutThereIsOneEffect() {
    sites.add(site("a"));
    sites.add(site("b"));
    AtomicInteger hit = new AtomicInteger();

    for (int round = 0; round < ROUNDS; round++) {
      enqueue();
      Site site = sites.get(random.nextInt(sites.size()));
      switch (random.nextInt(10)) {
        case 0 -> outage(site, site.network::cut);
        case 1, 2 -> outage(site, () -> freezeAtAStatement(site));
        case 3 -> site.network.cutConnections();
        default -> cutAStatement(site, hit);
      }
    }
    awaitEnd();

    assertThat(hit.get()).isGreaterThan(ROUNDS / 4);
    assertOneEffectForEach();
  }

  @Test
  void whenItsProcessIsKilledThereIsOneEffect() {
    for (int kill = 0; kill < KILLS; kill++) {
      ChildNode child = nodes.child(db.options(), "transfer");
      enqueue();
      int some = 1 + random.nextInt(JOBS_OF_A_ROUND);
      long before = effects();
      int children = kill + 1;
      Await.until("the child is there", ChildNode.LIMIT, () -> children() == children);
      Await.until("some are done", LIMIT, () -> effects() >= before + some);
      enqueue();
      child.kill();
    }
    sites.add(site("survivor"));
    awaitEnd();

    assertOneEffectForEach();
  }

  /** It has no lease any more, or has just lost it by itself; it goes on as another incarnation. */
  private static void outage(Site site, Runnable begins) {
    begins.run();
    Await.until("the lease is lost", LIMIT, () -> !site.hasLease());
    site.network.restore();
    Await.until("it is back", LIMIT, site::hasLease);
  }

  /**
   * What was on its way then arrives when it is over, and finds the work of others. A statement
   * that comes only later freezes nothing: nobody would end that.
   */
  private void freezeAtAStatement(Site site) {
    AtomicBoolean wanted = new AtomicBoolean(true);
    AtomicBoolean hit = new AtomicBoolean();
    site.network.onStatement(
        step(),
        nth(),
        link -> {
          if (wanted.get()) {
            site.network.freeze();
            hit.set(true);
          }
        });
    Await.until("it is reached, or all is done", LIMIT, () -> hit.get() || isOver());
    wanted.set(false);
    site.network.freeze();
  }

  private void cutAStatement(Site site, AtomicInteger hit) {
    int before = hit.get();
    Consumer<Link> loss = random.nextBoolean() ? Link::cut : Link::loseAnswer;
    site.network.onStatement(
        step(),
        nth(),
        link -> {
          loss.accept(link);
          hit.incrementAndGet();
        });
    Await.until("it is cut, or all is done", LIMIT, () -> hit.get() > before || isOver());
  }

  private String step() {
    return STEPS.get(random.nextInt(STEPS.size()));
  }

  private int nth() {
    return 1 + random.nextInt(JOBS_OF_A_ROUND / 3);
  }

  private Site site(String name) {
    TcpProxy network = nodes.network(db.options());
    Told told = new Told();
    ConnectionFactory factory = Nodes.through(network, db.options());
    ShigotoBuilder builder =
        Shigoto.builder(factory)
            .name(name)
            .lease(Duration.ofSeconds(1))
            .statementTimeout(Duration.ofMillis(500))
            .queue("default", 4)
            .listener(told);
    WORKERS.forEach(
        worker -> builder.worker(new Scripted(worker, job -> work(worker, factory, job))));
    nodes.start(builder);
    return new Site(network, told);
  }

  private static Mono<Outcome> work(String worker, ConnectionFactory factory, JobContext<?> job) {
    Mono<Outcome> work = Transfers.run(factory, job).thenReturn(Outcome.done());
    return switch (worker) {
      case "deaf" -> Mono.fromFuture(work.toFuture(), true);
      case "sloppy" -> sloppy(factory, job);
      default -> work;
    };
  }

  /** Hides every failure of a transaction in which it called completeIn. */
  private static Mono<Outcome> sloppy(ConnectionFactory factory, JobContext<?> job) {
    AtomicBoolean called = new AtomicBoolean();
    return Transfers.inTransaction(
            factory,
            connection ->
                job.completeIn(connection)
                    .doOnSubscribe(begun -> called.set(true))
                    .then(Mono.defer(() -> Transfers.book(connection, job))))
        .thenReturn(Outcome.done())
        .onErrorResume(error -> called.get() ? Mono.just(Outcome.done()) : Mono.error(error));
  }

  private void enqueue() {
    enqueuer
        .enqueueAll(
            Flux.range(0, JOBS_OF_A_ROUND)
                .map(
                    i ->
                        NewJob.of(WORKERS.get(i % WORKERS.size()), Scripted.NOTHING)
                            .maxAttempts(1000)))
        .blockLast(LIMIT);
    jobs += JOBS_OF_A_ROUND;
  }

  private boolean isOver() {
    return db.number("SELECT count(*) FROM shigoto.jobs") == 0;
  }

  private void awaitEnd() {
    Await.until("all jobs have ended", LIMIT.multipliedBy(4), this::isOver);
  }

  private static long children() {
    return db.number("SELECT count(*) FROM shigoto.nodes WHERE name = $1", ChildNode.NAME);
  }

  private static long effects() {
    return db.number("SELECT count(*) FROM public.transfers");
  }

  private void assertOneEffectForEach() {
    assertThat(
            db.sql("SELECT job, count(*) FROM public.transfers GROUP BY job HAVING count(*) > 1"))
        .as("more than one effect, seed %d", seed)
        .isEmpty();
    assertThat(effects()).as("seed %d", seed).isEqualTo(jobs);
    assertThat(db.number("SELECT count(*) FROM shigoto.job_history WHERE state = 'completed'"))
        .isEqualTo(jobs);
  }
}
