package io.shigoto.internal.group;

import io.r2dbc.spi.Connection;
import io.shigoto.internal.enqueue.Enqueuer;
import io.shigoto.internal.enqueue.JobRow;
import io.shigoto.internal.flow.Detached;
import io.shigoto.internal.flow.Slices;
import io.shigoto.internal.postgres.Database;
import io.shigoto.job.NewJob;
import io.shigoto.job.Receipt;
import io.shigoto.workflow.Workflow;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.util.context.ContextView;

/**
 * Writes all steps of a workflow in one transaction: first those that wait for nobody, then those
 * that wait for these, and so on, so that each knows the ids of those it waits for.
 */
public final class WorkflowEnqueuer {

  private final Enqueuer enqueuer;
  private final Database database;

  public WorkflowEnqueuer(Enqueuer enqueuer, Database database) {
    this.enqueuer = enqueuer;
    this.database = database;
  }

  /**
   * Checks the steps now and inserts them when subscribed: in the transaction in which the
   * subscriber is, or else in one of its own.
   */
  public Mono<Map<String, Receipt>> enqueue(Workflow workflow) {
    List<Row> plain = rows(workflow);
    return Mono.deferContextual(
        caller -> {
          List<Row> rows = carrying(plain, caller);
          Connection current = enqueuer.current(caller);
          return current == null
              ? commit(rows)
              : write(rows, current).collectList().map(WorkflowEnqueuer::all);
        });
  }

  private Mono<Map<String, Receipt>> commit(List<Row> rows) {
    return Detached.of(
        database
            .inTransaction(connection -> write(rows, connection))
            .map(WorkflowEnqueuer::all)
            .doOnNext(receipts -> committed(rows, receipts)));
  }

  /** Checks the steps now and inserts them, when subscribed, in the caller's transaction. */
  public Mono<Map<String, Receipt>> enqueue(Workflow workflow, Connection connection) {
    List<Row> rows = rows(workflow);
    return Flux.deferContextual(caller -> write(carrying(rows, caller), connection))
        .collectList()
        .map(WorkflowEnqueuer::all);
  }

  private List<Row> carrying(List<Row> rows, ContextView caller) {
    UnaryOperator<JobRow> carrying = enqueuer.carrying(caller);
    return rows.stream().map(row -> new Row(row.step, carrying.apply(row.job))).toList();
  }

  private List<Row> rows(Workflow workflow) {
    return workflow.steps().stream()
        .map(step -> new Row(step, enqueuer.encodeStep(named(step, workflow))))
        .toList();
  }

  /** With the names by which its results are found. */
  private static NewJob named(Workflow.Step step, Workflow workflow) {
    Map<String, String> meta = new HashMap<>(step.job().options().meta());
    meta.put(Workflow.WORKFLOW, workflow.name());
    meta.put(Workflow.STEP, step.name());
    return step.job().meta(meta);
  }

  /** Emits the receipts of each group when it is written. */
  private Flux<Map<String, Receipt>> write(List<Row> rows, Connection connection) {
    Map<String, Written> written = new HashMap<>();
    return groups(rows).concatMap(group -> write(group, written, connection));
  }

  private Mono<Map<String, Receipt>> write(
      List<Row> group, Map<String, Written> written, Connection connection) {
    List<JobRow> jobs = group.stream().map(row -> after(row, written)).toList();
    return enqueuer
        .write(jobs, connection)
        .map(
            receipts -> {
              Map<String, Receipt> byStep = new LinkedHashMap<>();
              for (int i = 0; i < group.size(); i++) {
                String step = group.get(i).step.name();
                byStep.put(step, receipts.get(i));
                written.put(step, Written.of(jobs.get(i), receipts.get(i)));
              }
              return byStep;
            });
  }

  /**
   * A step, with the ids of those that it comes after. A job that one of these met is not of this
   * workflow; so the step knows it by that name.
   */
  private JobRow after(Row row, Map<String, Written> written) {
    Set<Long> ids = new HashSet<>();
    Map<String, String> met = new HashMap<>();
    for (String step : row.step.after()) {
      Written before = Objects.requireNonNull(written.get(step));
      ids.addAll(before.over);
      if (before.receipt instanceof Receipt.Conflict) {
        met.put(Workflow.STEP + "." + step, Long.toString(before.receipt.id()));
      }
    }
    return enqueuer.carrying(row.job, met).after(ids);
  }

  private static Map<String, Receipt> all(List<Map<String, Receipt>> groups) {
    Map<String, Receipt> all = new LinkedHashMap<>();
    groups.forEach(all::putAll);
    return Collections.unmodifiableMap(all);
  }

  private void committed(List<Row> rows, Map<String, Receipt> receipts) {
    enqueuer.committed(
        rows.stream().map(row -> row.job).toList(),
        rows.stream().map(row -> Objects.requireNonNull(receipts.get(row.step.name()))).toList());
  }

  /** Generation by generation: those in a group wait for nobody in it. */
  private static Flux<List<Row>> groups(List<Row> rows) {
    Map<String, Integer> generations = new HashMap<>();
    Map<Integer, List<Row>> members = new TreeMap<>();
    for (Row row : rows) {
      int generation =
          row.step.after().stream()
              .mapToInt(step -> generations.getOrDefault(step, 0) + 1)
              .max()
              .orElse(0);
      generations.put(row.step.name(), generation);
      members.computeIfAbsent(generation, number -> new ArrayList<>()).add(row);
    }
    return Flux.fromIterable(members.values())
        .concatMap(them -> Slices.of(Flux.fromIterable(them), row -> row.job.weight()));
  }

  /** A step and what is written of it. */
  private record Row(Workflow.Step step, JobRow job) {}

  /**
   * What became of a step.
   *
   * @param over the jobs that have ended when the step is over: its own; or the one that it met,
   *     and those that it would have waited for
   */
  private record Written(Receipt receipt, Set<Long> over) {

    static Written of(JobRow job, Receipt receipt) {
      Set<Long> over = new HashSet<>(Set.of(receipt.id()));
      if (receipt instanceof Receipt.Conflict) {
        over.addAll(job.parents());
      }
      return new Written(receipt, over);
    }
  }
}
