package io.shigoto.support;

import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import reactor.blockhound.BlockHound;
import reactor.blockhound.integration.BlockHoundIntegration;

/**
 * The queue of the JDK's timers has a lock that is held for an instant. Reactor tells BlockHound so
 * of adding and taking a task; here it is told of taking one back and of the end of a timer.
 */
public final class TimerLocks implements BlockHoundIntegration {

  @Override
  public void applyTo(BlockHound.Builder builder) {
    builder.allowBlockingCallsInside(
        ScheduledThreadPoolExecutor.class.getName() + "$DelayedWorkQueue", "remove");
    builder.allowBlockingCallsInside(ThreadPoolExecutor.class.getName(), "shutdownNow");
  }
}
