package io.shigoto.internal.job;

/**
 * Which run: the job, the token of its claim, and what events and limits say about it.
 *
 * @param id the job
 * @param lease the token of the claim
 */
public record RunKey(
    long id, long lease, String queue, String worker, int attempt, int maxAttempts) {

  public static RunKey of(Claimed job) {
    return new RunKey(
        job.id(), job.lease(), job.queue(), job.worker(), job.attempt(), job.maxAttempts());
  }
}
