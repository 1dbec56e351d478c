package io.shigoto.control;

import io.shigoto.job.Job;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Jobs that were found.
 *
 * @param jobs the newest first. While there is a next page they may be fewer than were asked for,
 *     even none: a search looks at a limited number of jobs for each page
 * @param next where there may be more; null if there is nothing more
 */
public record JobPage(List<Job> jobs, @Nullable Page next) {

  public JobPage {
    jobs = List.copyOf(jobs);
  }
}
