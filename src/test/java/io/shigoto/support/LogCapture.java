package io.shigoto.support;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.AppenderBase;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/**
 * The log as data, from {@link #start()} to {@link #close()}.
 *
 * <pre>{@code
 * try (LogCapture log = LogCapture.start()) {
 *   ...
 *   assertThat(log.messages(Level.WARN)).containsExactly("database away");
 *   assertThat(log.everything()).doesNotContain("a secret in the args");
 * }
 * }</pre>
 */
public final class LogCapture implements AutoCloseable {

  private static final String LIBRARY = "io.shigoto";

  private final Logger logger;
  private final @Nullable Level levelBefore;
  private final List<ILoggingEvent> events = new CopyOnWriteArrayList<>();
  private final AppenderBase<ILoggingEvent> appender =
      new AppenderBase<>() {
        @Override
        protected void append(ILoggingEvent event) {
          event.prepareForDeferredProcessing();
          events.add(event);
        }
      };

  private LogCapture(String loggerName) {
    logger = (Logger) LoggerFactory.getLogger(loggerName);
    levelBefore = logger.getLevel();
    appender.setContext(logger.getLoggerContext());
  }

  /** Captures all that the library logs, at every level. */
  public static LogCapture start() {
    return start(LIBRARY);
  }

  /** Captures all that a logger and those below it log, at every level. */
  public static LogCapture start(String loggerName) {
    LogCapture capture = new LogCapture(loggerName);
    capture.appender.start();
    capture.logger.addAppender(capture.appender);
    capture.logger.setLevel(Level.TRACE);
    return capture;
  }

  /** The events so far, oldest first. */
  public List<ILoggingEvent> events() {
    return List.copyOf(events);
  }

  /** The events of one level so far. */
  public List<ILoggingEvent> events(Level level) {
    return events.stream().filter(event -> event.getLevel().equals(level)).toList();
  }

  /** The messages of one level so far, without key-values. */
  public List<String> messages(Level level) {
    return events(level).stream().map(ILoggingEvent::getFormattedMessage).toList();
  }

  /** The lines of one level so far, as a layout may print them: message, then key=value. */
  public List<String> lines(Level level) {
    return events(level).stream().map(LogCapture::line).toList();
  }

  private static String line(ILoggingEvent event) {
    StringBuilder line = new StringBuilder(event.getFormattedMessage());
    if (event.getKeyValuePairs() != null) {
      event
          .getKeyValuePairs()
          .forEach(pair -> line.append(' ').append(pair.key).append('=').append(pair.value));
    }
    return line.toString();
  }

  /**
   * All that any layout or appender could print of the events so far: messages, arguments,
   * key-values, MDC and stack traces with causes.
   */
  public String everything() {
    StringBuilder all = new StringBuilder();
    for (ILoggingEvent event : events) {
      all.append(event.getLevel()).append(' ').append(event.getLoggerName()).append(' ');
      all.append(event.getFormattedMessage());
      all.append(' ').append(Arrays.deepToString(event.getArgumentArray()));
      all.append(' ').append(event.getKeyValuePairs());
      all.append(' ').append(event.getMDCPropertyMap()).append('\n');
      if (event.getThrowableProxy() != null) {
        all.append(ThrowableProxyUtil.asString(event.getThrowableProxy())).append('\n');
      }
    }
    return all.toString();
  }

  /** Forgets the events so far. */
  public void clear() {
    events.clear();
  }

  /** Ends the capture and gives the logger its level back. */
  @Override
  public void close() {
    logger.setLevel(levelBefore);
    logger.detachAppender(appender);
    appender.stop();
  }
}
