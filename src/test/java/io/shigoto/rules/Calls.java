package io.shigoto.rules;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.codeUnits;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.AccessTarget.CodeUnitAccessTarget;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.domain.JavaMethod;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import java.time.Duration;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Predicate;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/** What one piece of code does to another; a method reference does it too. */
final class Calls {

  static final DescribedPredicate<JavaAccess<?>> BLOCK =
      call(
          "wait for a publisher",
          access ->
              isReactive(access)
                  && (name(access).startsWith("block")
                      || Set.of("toIterable", "toStream", "toFuture").contains(name(access))));

  static final DescribedPredicate<JavaAccess<?>> WAIT =
      call(
          "let a thread wait",
          access ->
              Set.of("sleep", "join", "wait", "await", "park", "parkNanos", "get")
                      .contains(name(access))
                  && Set.of(
                          "Thread",
                          "Object",
                          "TimeUnit",
                          "LockSupport",
                          "CountDownLatch",
                          "Future",
                          "CompletableFuture")
                      .contains(owner(access).getSimpleName()));

  static final DescribedPredicate<JavaAccess<?>> ASK_THE_WALL_CLOCK =
      call(
          "ask the wall clock",
          access ->
              fullName(access).equals("java.lang.System.currentTimeMillis")
                  || fullName(access).equals("java.util.Date.<init>")
                  || fullName(access).startsWith("java.time.Clock.system")
                  || owner(access).getPackageName().equals("java.time")
                      && name(access).equals("now"));

  static final DescribedPredicate<JavaAccess<?>> USE_TIME_WITHOUT_A_TIMER =
      call(
          "use time without passing the timer",
          access ->
              isReactive(access)
                  && takes(access, Duration.class)
                  && !takes(access, Scheduler.class));

  static final DescribedPredicate<JavaAccess<?>> USE_A_SHARED_SCHEDULER =
      call(
          "use a scheduler that belongs to everybody",
          access ->
              owner(access).getFullName().equals("reactor.core.scheduler.Schedulers")
                  && Set.of("parallel", "single", "boundedElastic", "immediate")
                      .contains(name(access)));

  static final DescribedPredicate<JavaAccess<?>> SUBSCRIBE =
      call(
          "subscribe",
          access ->
              owner(access).isAssignableTo(Publisher.class)
                  && Set.of("subscribe", "subscribeWith", "connect").contains(name(access)));

  static final DescribedPredicate<JavaAccess<?>> SEND_A_STATEMENT =
      call(
          "send a statement",
          access ->
              owner(access).getPackageName().startsWith("io.r2dbc")
                  && Set.of(
                          "createStatement",
                          "createBatch",
                          "execute",
                          "beginTransaction",
                          "commitTransaction",
                          "rollbackTransaction")
                      .contains(name(access)));

  static final DescribedPredicate<JavaAccess<?>> REFUSE_AS_UNSUPPORTED =
      call(
          "refuse as unsupported",
          access -> fullName(access).equals("java.lang.UnsupportedOperationException.<init>"));

  static final DescribedPredicate<JavaAccess<?>> PRINT =
      call(
          "print",
          access ->
              fullName(access).matches("java\\.lang\\.System\\.(out|err)")
                  || fullName(access).equals("java.lang.Throwable.printStackTrace")
                      && !takesAnything(access));

  static final DescribedPredicate<JavaAccess<?>> LOG_WITHOUT_KEYS =
      call(
          "log a text without keys",
          access ->
              fullName(access).matches("org\\.slf4j\\.Logger\\.(trace|debug|info|warn|error)"));

  private Calls() {}

  /** First half of a rule about two calls that belong together. */
  static Half whoCalls(Class<?> owner, String method) {
    return new Half(owner, method);
  }

  /** Parameters and return types, with their type arguments, are of other types. */
  static ArchCondition<JavaMethod> nameNoType(DescribedPredicate<JavaClass> forbidden) {
    return condition(
        "name no type that " + forbidden.getDescription(),
        (method, events) ->
            method.getAllInvolvedRawTypes().stream()
                .filter(forbidden)
                .forEach(type -> violated(events, method, "names " + type.getFullName())));
  }

  /** The first half of a rule: who calls this. */
  record Half(Class<?> owner, String method) {

    ArchRule also(Class<?> otherOwner, String otherMethod) {
      return codeUnits()
          .should(
              condition(
                  "call " + otherMethod + " if they call " + method,
                  (caller, events) -> {
                    if (calls(caller, owner, method) && !calls(caller, otherOwner, otherMethod)) {
                      violated(events, caller, "does not call " + otherMethod);
                    }
                  }));
    }
  }

  private static boolean calls(JavaCodeUnit caller, Class<?> owner, String method) {
    return caller.getAccessesFromSelf().stream()
        .anyMatch(access -> owner(access).isEquivalentTo(owner) && name(access).equals(method));
  }

  private static <T extends JavaCodeUnit> ArchCondition<T> condition(
      String says, BiConsumer<T, ConditionEvents> check) {
    return new ArchCondition<>(says) {
      @Override
      public void check(T codeUnit, ConditionEvents events) {
        check.accept(codeUnit, events);
      }
    };
  }

  private static void violated(ConditionEvents events, JavaCodeUnit by, String what) {
    events.add(SimpleConditionEvent.violated(by, by.getFullName() + " " + what));
  }

  private static DescribedPredicate<JavaAccess<?>> call(
      String does, Predicate<JavaAccess<?>> predicate) {
    return DescribedPredicate.describe(does, predicate);
  }

  private static boolean isReactive(JavaAccess<?> access) {
    return owner(access).isAssignableTo(Mono.class) || owner(access).isAssignableTo(Flux.class);
  }

  private static boolean takes(JavaAccess<?> access, Class<?> type) {
    return access.getTarget() instanceof CodeUnitAccessTarget target
        && target.getRawParameterTypes().stream().anyMatch(taken -> taken.isAssignableTo(type));
  }

  private static boolean takesAnything(JavaAccess<?> access) {
    return takes(access, Object.class);
  }

  private static JavaClass owner(JavaAccess<?> access) {
    return access.getTargetOwner();
  }

  private static String name(JavaAccess<?> access) {
    return access.getTarget().getName();
  }

  private static String fullName(JavaAccess<?> access) {
    return owner(access).getFullName() + "." + name(access);
  }
}
