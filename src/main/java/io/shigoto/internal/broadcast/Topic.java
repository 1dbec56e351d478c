package io.shigoto.internal.broadcast;

import io.shigoto.broadcast.Receiver;
import io.shigoto.internal.json.Json;
import io.shigoto.job.Name;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.ObjectReader;

/** A topic with the receiver of this node, and what is asked of it once. */
record Topic(
    String name,
    Receiver<?> receiver,
    ObjectReader payloads,
    Duration timeout,
    int maxAttempts,
    int concurrency) {

  /** Refuses receivers that make no sense, and two of one topic. */
  static List<Topic> of(List<Receiver<?>> receivers, Json json) {
    Map<String, Receiver<?>> byTopic = new HashMap<>();
    return receivers.stream()
        .map(receiver -> of(receiver, json))
        .peek(topic -> requireAlone(byTopic.putIfAbsent(topic.name, topic.receiver), topic))
        .toList();
  }

  private static Topic of(Receiver<?> receiver, Json json) {
    String name =
        Name.require("receiver " + receiver.getClass().getName() + ": topic", receiver.topic());
    Topic topic =
        new Topic(
            name,
            receiver,
            json.payloadReader(receiver),
            receiver.timeout(),
            receiver.maxAttempts(),
            receiver.concurrency());
    String who = "receiver of '" + name + "': ";
    require(topic.maxAttempts >= 1, who + "maxAttempts must be at least 1", topic.maxAttempts);
    require(topic.concurrency >= 1, who + "concurrency must be at least 1", topic.concurrency);
    require(
        !topic.timeout.isNegative() && !topic.timeout.isZero(),
        who + "timeout must be positive",
        topic.timeout);
    return topic;
  }

  private static void require(boolean holds, String rule, Object value) {
    if (!holds) {
      throw new IllegalArgumentException(rule + ", but is " + value);
    }
  }

  private static void requireAlone(@Nullable Receiver<?> other, Topic topic) {
    if (other != null) {
      throw new IllegalArgumentException(
          "topic '%s' is taken twice: by %s and by %s"
              .formatted(
                  topic.name, other.getClass().getName(), topic.receiver.getClass().getName()));
    }
  }
}
