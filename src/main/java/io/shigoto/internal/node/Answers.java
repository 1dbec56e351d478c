package io.shigoto.internal.node;

import io.shigoto.internal.await.Awaits;
import io.shigoto.internal.await.Ending;
import io.shigoto.internal.enqueue.Enqueuer;
import io.shigoto.internal.json.Json;
import io.shigoto.job.JobNotCompleted;
import io.shigoto.job.JobState;
import io.shigoto.job.NewJob;
import java.lang.reflect.Type;
import reactor.core.publisher.Mono;

/** What jobs give back to those who wait for their end. */
public final class Answers {

  private final Enqueuer enqueuer;
  private final Awaits awaits;
  private final Json json;

  Answers(Enqueuer enqueuer, Awaits awaits, Json json) {
    this.enqueuer = enqueuer;
    this.awaits = awaits;
    this.json = json;
  }

  /** Completes when it is completed. */
  public Mono<Void> await(long id) {
    return awaits.end(id).flatMap(Answers::completed).then();
  }

  /** Emits its result, if it has one. */
  public <R> Mono<R> await(long id, Type type) {
    return awaits.end(id).flatMap(Answers::completed).flatMap(ending -> read(ending, type));
  }

  /** Completes when it is completed. */
  public Mono<Void> enqueueAndAwait(NewJob job) {
    return enqueued(job).flatMap(Answers::completed).then();
  }

  /** Emits its result, if it has one. */
  public <R> Mono<R> enqueueAndAwait(NewJob job, Type type) {
    return enqueued(job).flatMap(Answers::completed).flatMap(ending -> read(ending, type));
  }

  private Mono<Ending> enqueued(NewJob job) {
    return enqueuer.enqueueWatched(job).flatMap(receipt -> awaits.endOfKnown(receipt.id()));
  }

  private static Mono<Ending> completed(Ending ending) {
    return ending.state() == JobState.COMPLETED
        ? Mono.just(ending)
        : Mono.error(
            new JobNotCompleted(
                ending.id(), ending.state(), ending.errorType(), ending.errorMessage()));
  }

  @SuppressWarnings("unchecked") // it is read as that type
  private <R> Mono<R> read(Ending ending, Type type) {
    String result = ending.result();
    return result == null
        ? Mono.empty()
        : Mono.justOrEmpty((R) json.read(ending.id(), result, type));
  }
}
