package io.shigoto.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class LoadSheddingTest {

  @Test
  void eachMethodKeepsWhatTheOthersSaid() {
    LoadShedding shedding =
        LoadShedding.standard()
            .waiting(Duration.ofSeconds(7))
            .claiming(Duration.ofMillis(300))
            .window(Duration.ofSeconds(2));

    assertThat(shedding.isOn()).isTrue();
    assertThat(shedding.waiting()).isEqualTo(Duration.ofSeconds(7));
    assertThat(shedding.claiming()).isEqualTo(Duration.ofMillis(300));
    assertThat(shedding.window()).isEqualTo(Duration.ofSeconds(2));
    assertThat(LoadShedding.none().isOn()).isFalse();
  }

  @Test
  void whatIsNoneTakesNoOptions() {
    Duration second = Duration.ofSeconds(1);
    String rule = " needs load shedding, but there is none; it is PT1S";
    assertThatIllegalArgumentException()
        .isThrownBy(() -> LoadShedding.none().waiting(second))
        .withMessage("waiting" + rule);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> LoadShedding.none().claiming(second))
        .withMessage("claiming" + rule);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> LoadShedding.none().window(second))
        .withMessage("window" + rule);
  }

  @Test
  void whatMakesNoSenseIsRefusedByName() {
    LoadShedding some = LoadShedding.standard();
    for (Duration value :
        List.of(Duration.ZERO, Duration.ofMillis(-1), Duration.ofMillis(9), Duration.ofDays(1))) {
      String rule = " of load shedding must be from PT0.01S to PT1H, but is " + value;
      assertThatIllegalArgumentException()
          .isThrownBy(() -> some.waiting(value))
          .withMessage("waiting" + rule);
      assertThatIllegalArgumentException()
          .isThrownBy(() -> some.claiming(value))
          .withMessage("claiming" + rule);
      assertThatIllegalArgumentException()
          .isThrownBy(() -> some.window(value))
          .withMessage("window" + rule);
    }
  }
}
