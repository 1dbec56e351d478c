package io.shigoto.worker;

import java.lang.reflect.Type;
import java.util.Objects;
import java.util.function.Function;
import reactor.core.publisher.Mono;

/** Workers from functions. */
public final class Worker {

  private Worker() {}

  /**
   * A worker with all defaults.
   *
   * @param name stored with each of its jobs
   * @param argsType what its arguments are read as
   * @param perform see {@link ReactiveWorker#perform}
   */
  public static <A> ReactiveWorker<A> of(
      String name, Class<A> argsType, Function<JobContext<A>, Mono<Outcome>> perform) {
    return new OfFunction<>(name, argsType, perform);
  }

  /**
   * A worker whose arguments have a generic type, such as {@code new TypeReference<List<Order>>()
   * {}.getType()}.
   */
  public static <A> ReactiveWorker<A> of(
      String name, Type argsType, Function<JobContext<A>, Mono<Outcome>> perform) {
    return new OfFunction<>(name, argsType, perform);
  }

  /** A worker, or a receiver of messages, that says itself what it reads: its class does not. */
  public interface Typed {

    /** What the arguments are read as. */
    Type argsType();
  }

  private record OfFunction<A>(
      String name, Type argsType, Function<JobContext<A>, Mono<Outcome>> function)
      implements ReactiveWorker<A>, Typed {

    OfFunction {
      Objects.requireNonNull(name, "name");
      Objects.requireNonNull(argsType, "argsType");
      Objects.requireNonNull(function, "perform");
    }

    @Override
    public Mono<Outcome> perform(JobContext<A> job) {
      return function.apply(job);
    }
  }
}
