package io.shigoto.support;

import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import reactor.blockhound.BlockHound;
import reactor.blockhound.integration.BlockHoundIntegration;

/**
 * The JDK's pools of threads, and the queue of its timers, have a lock that is held for an instant.
 * Reactor tells BlockHound so of adding and taking a task; here it is told of taking one back, of
 * one more thread, of one that goes, and of the end of a pool.
 */
public final class PoolLocks implements BlockHoundIntegration {

  @Override
  public void applyTo(BlockHound.Builder builder) {
    builder.allowBlockingCallsInside(
        ScheduledThreadPoolExecutor.class.getName() + "$DelayedWorkQueue", "remove");
    builder.allowBlockingCallsInside(
        ScheduledThreadPoolExecutor.class.getName() + "$DelayedWorkQueue", "size");
    builder.allowBlockingCallsInside(ThreadPoolExecutor.class.getName(), "execute");
    builder.allowBlockingCallsInside(ThreadPoolExecutor.class.getName(), "addWorker");
    builder.allowBlockingCallsInside(ThreadPoolExecutor.class.getName(), "processWorkerExit");
    builder.allowBlockingCallsInside(ThreadPoolExecutor.class.getName(), "shutdownNow");
  }
}
