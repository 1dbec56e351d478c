package io.shigoto.internal.settle;

import io.r2dbc.spi.Connection;
import io.shigoto.internal.flow.GroupCommit;
import io.shigoto.internal.flow.KeepGoing;
import io.shigoto.internal.job.RunKey;
import io.shigoto.internal.job.Settlement;
import io.shigoto.internal.postgres.Database;
import io.shigoto.internal.postgres.Statements;
import io.shigoto.internal.settle.SettleStatements.Settled;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * The way out. Outcomes that arrive while a group is being written are the next group. A group that
 * cannot be written is tried again until it can: writing it twice changes nothing, because the
 * first time moved the rows away from their lease.
 */
public final class Settler {

  private static final int GROUP_SIZE = 1000;
  private static final int WRITERS = 2;
  private static final int CROWD = GROUP_SIZE / 4;
  private static final Comparator<Settlement> IN_ORDER_OF_LOCKS =
      Comparator.<Settlement>comparingLong(settlement -> settlement.run().id())
          .thenComparingLong(settlement -> settlement.run().lease());

  private final Database database;
  private final SettleStatements statements;
  private final Announcer announcer;
  private final KeepGoing keepGoing;
  private final GroupCommit<Settlement, Settlement> completed;
  private final GroupCommit<Settlement, Settlement> others;
  private final GroupCommit<Settlement, Settlement> busy;
  private final AtomicInteger besideGroups = new AtomicInteger();

  /** Those about which a try ended without an answer: it may have been written. */
  private final Set<RunKey> unsure = ConcurrentHashMap.newKeySet();

  /**
   * @param keepGoing what is done when the database does not answer
   * @param aside where groups are taken; it has a thread for each task
   */
  public Settler(
      Database database,
      Statements sql,
      Announcer announcer,
      KeepGoing keepGoing,
      Scheduler aside) {
    this.database = database;
    this.statements = new SettleStatements(sql);
    this.announcer = announcer;
    this.keepGoing = keepGoing;
    this.completed =
        new GroupCommit<>(
                this::writeCompleted, Database::isRefusal, Settlement::weight, GROUP_SIZE, WRITERS)
            .besidesForCrowds(CROWD)
            .takenOn(aside);
    this.others = oneByOne(this::writeOthers);
    this.busy = oneByOne(this::writeFree);
  }

  private static GroupCommit<Settlement, Settlement> oneByOne(
      Function<List<Settlement>, Mono<List<Settlement>>> commit) {
    return new GroupCommit<>(commit, Database::isRefusal, Settlement::weight, GROUP_SIZE, 1);
  }

  /**
   * Emits, once committed, what was written; fails only when the node stops. It is the settlement
   * itself, another if the database refused it, the job was {@link Settlement#calledOff called off}
   * meanwhile or another job has its unique key, or one that is not {@link Settlement#isWritten
   * written} because the run had lost its lease or the database refuses whatever is tried.
   */
  public Mono<Settlement> settle(Settlement settlement) {
    return (SettleStatements.isPlain(settlement) ? completed : others)
        .submit(settlement)
        .flatMap(written -> written.isDecided() ? Mono.just(written) : settleBusy(settlement));
  }

  /** Those that wait for transactions of others wait beside all that do not. */
  private Mono<Settlement> settleBusy(Settlement settlement) {
    return counted(keepGoing.afterPause(busy.submit(settlement).filter(Settlement::isDecided)));
  }

  /**
   * As {@link #settle}, in a statement of its own: if that has to wait for a lock, no other
   * settlement waits with it.
   */
  Mono<Settlement> settleAlone(Settlement settlement) {
    return counted(
        keepGoing.whileEmpty(
            writeFree(List.of(settlement))
                .map(written -> written.get(0))
                .filter(Settlement::isDecided)));
  }

  /** They are in no group while they pause. */
  private Mono<Settlement> counted(Mono<Settlement> settlement) {
    return settlement
        .doOnSubscribe(begin -> besideGroups.incrementAndGet())
        .doFinally(end -> besideGroups.decrementAndGet());
  }

  /** As {@link SettleStatements#complete}. */
  Mono<Boolean> complete(Connection connection, RunKey run, @Nullable String result) {
    return statements.complete(connection, run, result);
  }

  /** A run was completed by its worker. */
  void completedElsewhere(RunKey run) {
    announcer.over(run);
  }

  /** How a run stands; tried until the database tells. */
  Mono<Standing> standing(RunKey run) {
    return keepGoing
        .until(statements.standings(database, List.of(run)))
        .map(standings -> standings.get(0));
  }

  /**
   * Those of some runs, in the order of their ids, that hold their lease and whose row no
   * transaction holds: to settle another would be to wait.
   */
  public Mono<List<RunKey>> free(List<RunKey> runs) {
    return runs.isEmpty()
        ? Mono.just(runs)
        : statements
            .standings(database, runs)
            .map(
                standings ->
                    IntStream.range(0, runs.size())
                        .filter(i -> standings.get(i) == Standing.FREE)
                        .mapToObj(runs::get)
                        .toList());
  }

  /** How many outcomes are not yet written. */
  public int waiting() {
    return completed.uncommitted() + others.uncommitted() + besideGroups.get();
  }

  private Mono<List<Settlement>> writeCompleted(List<Settlement> settlements) {
    return orInstead(settlements, write(settlements, statements::completed, false));
  }

  private Mono<List<Settlement>> writeOthers(List<Settlement> settlements) {
    return orInstead(settlements, writeAsTheyAre(settlements, false));
  }

  /**
   * It may take long until others let go of what they hold: whoever tried to write each time would
   * fill the log of the server.
   */
  private Mono<List<Settlement>> writeFree(List<Settlement> settlements) {
    return orInstead(settlements, writeAsTheyAre(settlements, true));
  }

  private Mono<List<Settlement>> writeAsTheyAre(
      List<Settlement> settlements, boolean someMayBeHeld) {
    return write(settlements, statements::others, someMayBeHeld)
        .doOnNext(done -> announcer.becameDue(settlements));
  }

  /** A larger group that is refused is halved, until the one that is to blame stands alone. */
  private Mono<List<Settlement>> orInstead(
      List<Settlement> settlements, Mono<List<Settlement>> written) {
    return settlements.size() > 1
        ? written
        : written.onErrorResume(
            Database::isRefusal,
            refused ->
                new Refused(settlements.get(0), refused)
                    .instead(one -> writeAsTheyAre(List.of(one), false))
                    .map(List::of));
  }

  private Mono<List<Settlement>> write(
      List<Settlement> settlements,
      BiFunction<Database, List<Settlement>, Mono<Settled>> statement,
      boolean someMayBeHeld) {
    List<Settlement> ordered = new ArrayList<>(settlements);
    ordered.sort(IN_ORDER_OF_LOCKS);
    Function<List<Settlement>, Mono<Settled>> once =
        some -> statement.apply(database, some).doOnError(error -> noteUnlessNothing(some, error));
    Mono<Written> attempt =
        Mono.defer(() -> someMayBeHeld ? withoutHeld(ordered, once) : once.apply(ordered))
            .onErrorResume(Database::isLockedOut, held -> withoutHeld(ordered, once))
            .doOnNext(settled -> announcer.written(settled.news(), ordered))
            .flatMap(settled -> withEarlier(settled, ordered))
            .map(settled -> new Written(settled, null))
            .onErrorResume(Database::isRefusal, refused -> Mono.just(new Written(null, refused)));
    return keepGoing
        .until(attempt)
        .flatMap(written -> written.of(settlements))
        .doOnNext(this::forget);
  }

  /** A try that was refused, or waited too long for a lock, has written nothing. */
  private void noteUnlessNothing(List<Settlement> tried, Throwable error) {
    if (!Database.isRefusal(error) && !Database.isLockedOut(error)) {
      tried.forEach(settlement -> unsure.add(settlement.run()));
    }
  }

  private void forget(List<Settlement> settled) {
    if (!unsure.isEmpty()) {
      settled.stream()
          .filter(Settlement::isDecided)
          .forEach(settlement -> unsure.remove(settlement.run()));
    }
  }

  /** Of those that others hold nothing is known yet; the others do not wait for them. */
  private Mono<Settled> withoutHeld(
      List<Settlement> ordered, Function<List<Settlement>, Mono<Settled>> once) {
    return statements
        .standings(database, ordered.stream().map(Settlement::run).toList())
        .flatMap(
            standings -> {
              List<Settlement> held = new ArrayList<>();
              List<Settlement> free = new ArrayList<>();
              for (int i = 0; i < standings.size(); i++) {
                (standings.get(i) == Standing.HELD ? held : free).add(ordered.get(i));
              }
              Settled busy = Settled.busy(held);
              return free.isEmpty() ? Mono.just(busy) : once.apply(free).map(busy::and);
            });
  }

  /**
   * A try that nobody heard of may have been written all the same, and it may have been that very
   * try which held a row for a while. What others wrote about a run is not ours.
   */
  private Mono<Settled> withEarlier(Settled settled, List<Settlement> ordered) {
    if (unsure.isEmpty() || settled.ids().size() == ordered.size()) {
      return Mono.just(settled);
    }
    List<Settlement> missing =
        settled.missing(ordered).filter(one -> unsure.contains(one.run())).toList();
    return missing.isEmpty()
        ? Mono.just(settled)
        : statements.found(database, missing).map(settled::and);
  }
}
