package io.shigoto.rules;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackage;
import static com.tngtech.archunit.lang.conditions.ArchConditions.accessTargetWhere;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.methods;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noCodeUnits;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.lang.ArchRule;
import io.shigoto.internal.flow.Detached;
import io.shigoto.internal.flow.Slots;
import java.util.LinkedHashMap;
import java.util.Map;
import reactor.core.publisher.MonoOperator;
import reactor.pool.PoolBuilder;
import reactor.util.retry.Retry;
import reactor.util.retry.RetryBackoffSpec;

/** The rules, by the fact that each of them states. */
final class HouseRules {

  private HouseRules() {}

  static Map<String, ArchRule> all() {
    Map<String, ArchRule> rules = new LinkedHashMap<>();
    rules.put("nothing blocks", nobody(Calls.BLOCK));
    rules.put("no thread waits", nobody(Calls.WAIT));
    rules.put("no method locks", noCodeUnits().should().haveModifier(JavaModifier.SYNCHRONIZED));
    rules.put("there are no locks", nobodyUses("java.util.concurrent.locks"));
    rules.put("there is no JDBC", nobodyUses("java.sql", "javax.sql"));
    rules.put("the clock is the database's", nobody(Calls.ASK_THE_WALL_CLOCK));
    rules.put("timers are passed", nobody(Calls.USE_TIME_WITHOUT_A_TIMER));
    rules.put("schedulers are passed", nobody(Calls.USE_A_SHARED_SCHEDULER));
    rules.put(
        "retries get the timer",
        Calls.whoCalls(Retry.class, "backoff").also(RetryBackoffSpec.class, "scheduler"));
    rules.put(
        "pools get the timer",
        Calls.whoCalls(PoolBuilder.class, "buildPool")
            .also(PoolBuilder.class, "pendingAcquireTimer"));
    rules.put("only Detached subscribes", onlyDetachedSubscribes());
    rules.put("one package issues statements", onePackageIssuesStatements());
    rules.put("nothing is a stub", nobody(Calls.REFUSE_AS_UNSUPPORTED));
    rules.put("nothing is printed", nobody(Calls.PRINT));
    rules.put("what is logged has keys", nobody(Calls.LOG_WITHOUT_KEYS));
    rules.put(
        "names say what a thing is",
        noClasses().should().haveNameMatching(".*(Manager|Helper|Util|Utils|Handler|Impl)"));
    rules.put("one package knows Spring", onePackageKnowsSpring());
    rules.put("what users see is free of what is inside", usersSeeNothingInternal());
    return rules;
  }

  /** Operators pass their subscriber on, which is another thing. */
  private static ArchRule onlyDetachedSubscribes() {
    return noClasses()
        .that()
        .doNotBelongToAnyOf(Detached.class, Slots.class)
        .and()
        .areNotAssignableTo(MonoOperator.class)
        .and()
        .doNotHaveSimpleName("Call")
        .and()
        .doNotHaveSimpleName("Course")
        .should(accessTargetWhere(Calls.SUBSCRIBE));
  }

  private static ArchRule onePackageIssuesStatements() {
    return noClasses()
        .that(resideOutsideOfPackage("io.shigoto.internal.postgres"))
        .should(accessTargetWhere(Calls.SEND_A_STATEMENT));
  }

  /** Spring is optional. */
  private static ArchRule onePackageKnowsSpring() {
    return noClasses()
        .that(resideOutsideOfPackage("io.shigoto.spring"))
        .should()
        .dependOnClassesThat()
        .resideInAPackage("org.springframework..");
  }

  private static ArchRule usersSeeNothingInternal() {
    return methods()
        .that()
        .arePublic()
        .and()
        .areDeclaredInClassesThat(resideOutsideOfPackage("io.shigoto.internal.."))
        .and()
        .areDeclaredInClassesThat()
        .arePublic()
        .should(Calls.nameNoType(resideInAPackage("io.shigoto.internal..")));
  }

  private static ArchRule nobody(DescribedPredicate<JavaAccess<?>> call) {
    return noClasses().should(accessTargetWhere(call));
  }

  private static ArchRule nobodyUses(String... packages) {
    return noClasses().should().dependOnClassesThat().resideInAnyPackage(packages);
  }
}
