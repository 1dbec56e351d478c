package io.shigoto.support;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

class LogCaptureTest {

  private static final Logger log = LoggerFactory.getLogger("io.shigoto.capture");

  @Test
  void eventsOfEveryLevelAreSeenUntilTheEnd() {
    LogCapture capture = LogCapture.start();
    log.warn("database {}", "away");
    log.trace("detail");
    capture.close();
    log.info("later");

    assertThat(capture.messages(Level.WARN)).containsExactly("database away");
    assertThat(capture.messages(Level.TRACE)).containsExactly("detail");
    assertThat(capture.events()).hasSize(2);
    assertThat(log.isDebugEnabled()).isFalse();
  }

  @Test
  void everythingHoldsKeyValuesArgumentsAndCauses() {
    try (LogCapture capture = LogCapture.start()) {
      log.atInfo().addKeyValue("queue", "mails").log("claimed");
      log.info("no place for it", "stray argument");
      log.debug("failed", new IllegalStateException("outer", new RuntimeException("inner")));

      assertThat(capture.everything())
          .contains("queue=\"mails\"", "stray argument", "outer", "inner");
    }
  }
}
