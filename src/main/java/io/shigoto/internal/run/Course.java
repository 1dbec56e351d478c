package io.shigoto.internal.run;

import io.shigoto.internal.job.Settlement;
import io.shigoto.internal.thread.Crew;
import io.shigoto.worker.Outcome;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Operators;
import reactor.util.context.Context;

/**
 * From the call of a worker to what is to be written about it: how that ended, or that the run was
 * cut before. Emits exactly once, and never fails but when the node has stopped.
 */
final class Course extends Mono<Settlement> {

  private final Run run;
  private final Mono<Outcome> work;
  private final Function<Outcome, Settlement> judgement;
  private final Crew aside;

  /**
   * @param judgement what an outcome means; asked aside if it is a failure, because it calls code
   *     of the application then, on whatever thread the failure came
   */
  Course(Run run, Mono<Outcome> work, Function<Outcome, Settlement> judgement, Crew aside) {
    this.run = run;
    this.work = work;
    this.judgement = judgement;
    this.aside = aside;
  }

  @Override
  public void subscribe(CoreSubscriber<? super Settlement> actual) {
    UnderWay underWay = new UnderWay(this, actual);
    actual.onSubscribe(underWay);
    run.onCut(underWay::cut);
    if (!underWay.isOver()) {
      work.subscribe(underWay);
    }
  }

  private enum Stage {
    RUNNING,
    /** It has failed, and what that means is being asked. */
    FAILED,
    OVER
  }

  private static final class UnderWay implements CoreSubscriber<Outcome>, Subscription {

    private final Course course;
    private final CoreSubscriber<? super Settlement> actual;
    private final AtomicReference<Stage> stage = new AtomicReference<>(Stage.RUNNING);
    private volatile boolean unwanted;
    private volatile @Nullable Subscription source;
    private volatile @Nullable Disposable asking;

    UnderWay(Course course, CoreSubscriber<? super Settlement> actual) {
      this.course = course;
      this.actual = actual;
    }

    @Override
    public Context currentContext() {
      return actual.currentContext();
    }

    @Override
    public void onSubscribe(Subscription subscription) {
      source = subscription;
      if (unwanted) {
        subscription.cancel();
      } else {
        subscription.request(Long.MAX_VALUE);
      }
    }

    /** The subscribers of runs ask for all that they can get. */
    @Override
    public void request(long more) {
      Operators.validate(more);
    }

    @Override
    public void onNext(Outcome outcome) {
      if (outcome instanceof Outcome.Failed) {
        failed(outcome);
      } else {
        judge(outcome, Stage.RUNNING);
      }
    }

    @Override
    public void onError(Throwable error) {
      if (stage.get() != Stage.RUNNING) {
        Operators.onErrorDropped(error, currentContext());
      } else {
        endedWith(Outcome.failed(error));
      }
    }

    @Override
    public void onComplete() {
      if (stage.get() == Stage.RUNNING) {
        endedWith(Outcome.done());
      }
    }

    /** A run that no thread has taken in time, or that was too late to begin, has not failed. */
    private void endedWith(Outcome outcome) {
      if (course.run.isDecided()) {
        onNext(outcome);
      } else {
        cut();
      }
    }

    private void failed(Outcome outcome) {
      if (!stage.compareAndSet(Stage.RUNNING, Stage.FAILED)) {
        return;
      }
      course.run.end();
      course.run.permit().ended(outcome);
      try {
        asking = course.aside.schedule(() -> judge(outcome, Stage.FAILED));
      } catch (RejectedExecutionException theNodeHasStopped) {
        broken(theNodeHasStopped);
      }
      if (unwanted) {
        leaveOff();
      }
    }

    private void judge(Outcome outcome, Stage now) {
      Settlement settlement;
      try {
        settlement = course.judgement.apply(outcome);
      } catch (Throwable thrown) {
        broken(thrown);
        return;
      }
      if (stage.compareAndSet(now, Stage.OVER)) {
        emit(settlement);
      }
    }

    private void broken(Throwable error) {
      if (stage.getAndSet(Stage.OVER) != Stage.OVER) {
        actual.onError(error);
      }
    }

    private void emit(Settlement settlement) {
      actual.onNext(settlement);
      actual.onComplete();
    }

    void cut() {
      if (stage.getAndSet(Stage.OVER) != Stage.OVER) {
        leaveOff();
        emit(course.run.settlement());
      }
    }

    boolean isOver() {
      return stage.get() == Stage.OVER;
    }

    @Override
    public void cancel() {
      if (stage.getAndSet(Stage.OVER) != Stage.OVER) {
        leaveOff();
      }
    }

    /** What goes on to ask, or to subscribe, is not to. */
    private void leaveOff() {
      unwanted = true;
      Subscription present = source;
      if (present != null) {
        present.cancel();
      }
      Disposable task = asking;
      if (task != null) {
        task.dispose();
      }
    }
  }
}
