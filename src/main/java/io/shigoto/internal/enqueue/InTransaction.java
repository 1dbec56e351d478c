package io.shigoto.internal.enqueue;

import io.r2dbc.spi.Connection;
import io.r2dbc.spi.R2dbcRollbackException;
import io.shigoto.job.Receipt;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import reactor.core.publisher.Mono;

/**
 * Jobs on their way into a caller's transaction. Who has a key that the snapshot of this is too old
 * to tell of is looked up outside of it, on a connection of the node, while the transaction has let
 * go of all that the statement took. Who is not found there has ended meanwhile: then they are
 * written again, as are all others that were let go.
 */
final class InTransaction {

  /** In each, somebody took a key of theirs and gave it back; or PostgreSQL has given it up. */
  private static final int ROUNDS = 30;

  private static final String SERIALIZATION_FAILURE = "40001";

  private final List<JobRow> rows;
  private final SpecialInserts inserts;
  private final Connection connection;
  private final Receipt[] receipts;
  private List<Integer> left;
  private int rounds;

  private InTransaction(List<JobRow> rows, SpecialInserts inserts, Connection connection) {
    this.rows = rows;
    this.inserts = inserts;
    this.connection = connection;
    this.receipts = new Receipt[rows.size()];
    this.left = IntStream.range(0, rows.size()).boxed().toList();
  }

  /** Emits the receipts, in the order of the rows. Cancel: the transaction is to be rolled back. */
  static Mono<List<Receipt>> write(
      List<JobRow> rows, SpecialInserts inserts, Connection connection) {
    return Mono.defer(() -> new InTransaction(rows, inserts, connection).all());
  }

  private Mono<List<Receipt>> all() {
    return Mono.defer(this::round)
        .repeat(() -> !left.isEmpty())
        .then(Mono.fromSupplier(() -> List.of(receipts)));
  }

  private Mono<Void> round() {
    rounds++;
    return rounds > ROUNDS
        ? Mono.error(
            new R2dbcRollbackException(
                "the unique keys of %d jobs are not as the transaction sees them"
                    .formatted(left.size()),
                SERIALIZATION_FAILURE))
        : inserts.write(left.stream().map(rows::get).toList(), connection).flatMap(this::answered);
  }

  private Mono<Void> answered(List<Answer> answers) {
    List<Integer> next = new ArrayList<>();
    List<Integer> unseen = new ArrayList<>();
    for (int i = 0; i < answers.size(); i++) {
      Answer answer = answers.get(i);
      if (answer instanceof Answer.Refused refused) {
        return Mono.error(refused.why());
      } else if (answer instanceof Answer.Given given) {
        receipts[left.get(i)] = given.receipt();
      } else {
        (answer instanceof Answer.Unseen ? unseen : next).add(left.get(i));
      }
    }
    return unseen.isEmpty()
        ? Mono.fromRunnable(() -> left = next)
        : inserts
            .holders(unseen.stream().map(place -> rows.get(place).key()).distinct().toList())
            .doOnNext(holders -> met(unseen, holders, next))
            .then();
  }

  private void met(List<Integer> unseen, Map<String, Long> holders, List<Integer> next) {
    for (int place : unseen) {
      Long holder = holders.get(rows.get(place).key());
      if (holder == null) {
        next.add(place);
      } else {
        receipts[place] = Receipt.conflict(holder, Set.of());
      }
    }
    left = next.stream().sorted().toList();
  }
}
