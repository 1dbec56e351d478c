package io.shigoto.internal.control;

import io.shigoto.workflow.Workflow;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The workflow that a job is a step of. Its steps are written in one transaction, and so they bear
 * the same name and the same time.
 *
 * @param name of the workflow; null: the job is of none
 * @param met jobs that are there instead of steps, by the names of these
 */
record Steps(Instant insertedAt, @Nullable String name, Map<String, Long> met) {

  private static final String MET = Workflow.STEP + ".";

  /** What its meta, which anybody may have written, say of it. */
  static Steps around(Instant insertedAt, Map<String, String> meta) {
    Map<String, Long> met = new HashMap<>();
    meta.forEach(
        (key, id) -> {
          if (key.startsWith(MET) && id.matches("\\d{1,18}")) {
            met.put(key.substring(MET.length()), Long.parseLong(id));
          }
        });
    return new Steps(insertedAt, meta.get(Workflow.WORKFLOW), met);
  }

  /** The name of the step that another job is of the same workflow; null if it is of another. */
  @Nullable String nameOf(Instant otherInsertedAt, Map<String, String> meta) {
    return name != null
            && name.equals(meta.get(Workflow.WORKFLOW))
            && insertedAt.equals(otherInsertedAt)
        ? meta.get(Workflow.STEP)
        : null;
  }
}
