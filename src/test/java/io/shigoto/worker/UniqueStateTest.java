package io.shigoto.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.job.JobState;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** A worker does not know of jobs, so it has names of its own for their states: the same. */
class UniqueStateTest {

  @Test
  void jobsAreUniqueInTheStatesThatJobsHave() {
    assertThat(Unique.State.values())
        .extracting(Enum::name)
        .containsExactlyElementsOf(Arrays.stream(JobState.values()).map(Enum::name).toList());
  }
}
