package io.shigoto.rules;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * Who may import whom: a package sees the floors below its own, never its neighbours. So there are
 * no cycles, and a line of code knows its room.
 */
class FloorsTest {

  /** From the roof to the ground; names are relative to {@code io.shigoto}. */
  private static final List<Set<String>> FLOORS =
      List.of(
          Set.of("spring", "dashboard", "testing"),
          Set.of(""),
          Set.of("internal.node"),
          Set.of("internal.settings"),
          Set.of(
              "internal.queue",
              "internal.cancel",
              "internal.upkeep",
              "internal.group",
              "internal.broadcast"),
          Set.of(
              "internal.enqueue",
              "internal.await",
              "internal.wake",
              "internal.claim",
              "internal.permit",
              "internal.seats",
              "internal.shed",
              "internal.run",
              "internal.settle",
              "internal.history",
              "internal.explain",
              "internal.control"),
          Set.of("internal.find"),
          Set.of("internal.job", "internal.postgres", "internal.context"),
          Set.of("internal.known"),
          Set.of("internal.json", "internal.flow", "internal.thread", "internal.limit"),
          Set.of("batch", "workflow", "control", "broadcast"),
          Set.of("job"),
          Set.of("worker", "event"));

  @Test
  void everyPackageStandsOnAFloor() {
    Set<String> found =
        Library.CLASSES.stream()
            .map(JavaClass::getPackageName)
            .collect(Collectors.toCollection(TreeSet::new));
    Set<String> known =
        FLOORS.stream().flatMap(Set::stream).map(FloorsTest::full).collect(Collectors.toSet());

    assertThat(found).isNotEmpty().isSubsetOf(known);
  }

  /** What makes a node is inside; at the front door stands only what users call. */
  @Test
  void theFrontDoorHasOnlyWhatUsersSee() {
    classes()
        .that()
        .resideInAPackage(Library.ROOT)
        .and()
        .areTopLevelClasses()
        .and()
        .doNotHaveSimpleName("package-info")
        .should()
        .bePublic()
        .check(Library.CLASSES);
  }

  @TestFactory
  Stream<DynamicTest> eachPackageSeesOnlyTheFloorsBelow() {
    List<DynamicTest> tests = new ArrayList<>();
    Set<String> above = new TreeSet<>();
    for (Set<String> floor : FLOORS) {
      above.addAll(floor.stream().map(FloorsTest::full).toList());
      Set<String> hidden = Set.copyOf(above);
      for (String room : floor) {
        tests.add(DynamicTest.dynamicTest(full(room), () -> seesNoneOf(full(room), hidden)));
      }
    }
    return tests.stream();
  }

  private static void seesNoneOf(String room, Set<String> aboveAndBeside) {
    String[] others =
        aboveAndBeside.stream().filter(name -> !name.equals(room)).toArray(String[]::new);
    noClasses()
        .that()
        .resideInAPackage(room)
        .should()
        .dependOnClassesThat(resideInAnyPackage(others))
        .allowEmptyShould(true)
        .check(Library.CLASSES);
  }

  private static String full(String room) {
    return room.isEmpty() ? Library.ROOT : Library.ROOT + "." + room;
  }
}
