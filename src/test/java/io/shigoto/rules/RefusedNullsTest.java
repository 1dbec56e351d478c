package io.shigoto.rules;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaModifier;
import io.shigoto.control.Conditions;
import io.shigoto.control.Page;
import io.shigoto.job.ContextEntry;
import io.shigoto.job.Name;
import io.shigoto.job.Receipt;
import io.shigoto.job.ResultReader;
import io.shigoto.worker.Given;
import io.shigoto.worker.Outcome;
import io.shigoto.worker.Results;
import io.shigoto.worker.Unique;
import io.shigoto.workflow.Workflow;
import java.lang.reflect.Array;
import java.lang.reflect.Constructor;
import java.lang.reflect.Executable;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Parameter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Whatever users call: a null, and a null in an array, a collection or a map, is refused at the
 * call, before there is anything to subscribe to, by a {@link NullPointerException} that names it.
 */
class RefusedNullsTest {

  /** What users make by a constructor; of all else that is public, the methods are theirs. */
  private static final Set<Class<?>> MADE_BY_USERS =
      Set.of(
          Unique.class,
          ContextEntry.class,
          Workflow.After.class,
          Outcome.Failed.class,
          Outcome.Snooze.class,
          Outcome.Cancel.class,
          Outcome.Discard.class,
          Page.class);

  /** Public only because several packages of the library use them. */
  private static final Set<Class<?>> SHARED_INSIDE =
      Set.of(Name.class, Given.class, Conditions.class, ResultReader.class, Receipt.class);

  @AfterAll
  static void stop() {
    Samples.NODE.stop(Duration.ZERO).block(Duration.ofSeconds(30));
  }

  static Stream<Arguments> places() {
    return Library.CLASSES.stream()
        .filter(RefusedNullsTest::isForUsers)
        .map(JavaClass::reflect)
        .flatMap(RefusedNullsTest::calls)
        .flatMap(
            call ->
                Stream.of(call.getParameters())
                    .filter(RefusedNullsTest::mustBeGiven)
                    .flatMap(missing -> places(call, missing)));
  }

  private static Stream<Arguments> places(Executable call, Parameter missing) {
    String where =
        call.getDeclaringClass().getSimpleName() + "." + call.getName() + "." + missing.getName();
    Stream.Builder<Arguments> places = Stream.builder();
    places.add(Arguments.of(where, call, missing, null));
    Class<?> type = missing.getType();
    if (type.isArray() && !type.getComponentType().isPrimitive()) {
      places.add(
          Arguments.of(where + "[]", call, missing, Array.newInstance(type.getComponentType(), 1)));
    } else if (type == Map.class) {
      places.add(Arguments.of(where + "[]", call, missing, Collections.singletonMap("a", null)));
      places.add(Arguments.of(where + "[]", call, missing, Collections.singletonMap(null, "a")));
    } else if (type == Set.class) {
      places.add(Arguments.of(where + "[]", call, missing, Collections.singleton(null)));
    } else if (Collection.class.isAssignableFrom(type)) {
      places.add(Arguments.of(where + "[]", call, missing, Collections.singletonList(null)));
    }
    return places.build();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("places")
  void aNullIsRefusedByName(
      String where, Executable call, Parameter missing, @Nullable Object given) {
    List<Object> values = new ArrayList<>();
    for (Parameter parameter : call.getParameters()) {
      values.add(parameter.equals(missing) ? given : Samples.valueOf(parameter.getType()));
    }

    Throwable refusal = catchThrowable(() -> call(call, values.toArray()));

    assertThat(refusal).as(where).isInstanceOf(NullPointerException.class);
    assertThat(refusal.getStackTrace()[0].getMethodName()).as(where).isEqualTo("requireNonNull");
    assertThat(refusal.getMessage().toLowerCase(Locale.ROOT)).containsAnyOf(names(call, missing));
  }

  /** The parameter, one of several, or what the method is about. */
  private static String[] names(Executable call, Parameter missing) {
    return Stream.of(
            missing.getName(),
            missing.getName().replaceAll("s$", ""),
            call.getName().replaceAll("s$", ""),
            call.getDeclaringClass().getSimpleName())
        .map(name -> name.toLowerCase(Locale.ROOT))
        .toArray(String[]::new);
  }

  private static boolean isForUsers(JavaClass type) {
    return type.getModifiers().contains(JavaModifier.PUBLIC)
        && !type.getPackageName().contains(".internal")
        && !type.getPackageName().contains(".spring")
        && !SHARED_INSIDE.contains(type.reflect());
  }

  private static Stream<? extends Executable> calls(Class<?> type) {
    Stream<Method> methods =
        Stream.of(type.getDeclaredMethods())
            .filter(method -> Modifier.isPublic(method.getModifiers()) && !method.isSynthetic())
            .filter(method -> !type.isEnum() && !method.getName().equals("equals"))
            .filter(
                method ->
                    !type.isInterface()
                        || Modifier.isStatic(method.getModifiers())
                        || type == Results.class);
    return MADE_BY_USERS.contains(type)
        ? Stream.concat(methods, Stream.of(type.getConstructors()))
        : methods;
  }

  private static boolean mustBeGiven(Parameter parameter) {
    return !parameter.getType().isPrimitive()
        && !parameter.getAnnotatedType().isAnnotationPresent(Nullable.class);
  }

  private static @Nullable Object call(Executable call, Object[] values) throws Throwable {
    try {
      return call instanceof Constructor<?> constructor
          ? constructor.newInstance(values)
          : ((Method) call).invoke(subject(call), values);
    } catch (InvocationTargetException refused) {
      throw refused.getCause();
    }
  }

  private static @Nullable Object subject(Executable call) {
    return Modifier.isStatic(call.getModifiers())
        ? null
        : Samples.valueOf(call.getDeclaringClass());
  }
}
