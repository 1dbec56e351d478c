package io.shigoto;

import static java.util.stream.Collectors.counting;
import static java.util.stream.Collectors.groupingBy;

import io.shigoto.event.JobEvent;
import io.shigoto.event.JobListener;
import io.shigoto.support.Await;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/** What nodes told, in order. */
final class Told implements JobListener {

  private final Queue<JobEvent> events = new ConcurrentLinkedQueue<>();

  @Override
  public void on(JobEvent event) {
    events.add(event);
  }

  List<JobEvent> all(JobEvent.Kind kind) {
    return events.stream().filter(event -> event.kind() == kind).toList();
  }

  int count(JobEvent.Kind kind) {
    return all(kind).size();
  }

  /** Returns when an event of this kind was told; the first one. */
  JobEvent await(JobEvent.Kind kind) {
    return await(kind, 1).get(0);
  }

  /** Returns when so many events of this kind were told. */
  List<JobEvent> await(JobEvent.Kind kind, int count) {
    try {
      Await.until(count + " events " + kind, Nodes.LIMIT, () -> count(kind) >= count);
    } catch (AssertionError late) {
      throw new AssertionError(late.getMessage() + "; told were " + counts(), late);
    }
    return all(kind);
  }

  private Map<JobEvent.Kind, Long> counts() {
    return events.stream()
        .collect(groupingBy(JobEvent::kind, () -> new EnumMap<>(JobEvent.Kind.class), counting()));
  }
}
