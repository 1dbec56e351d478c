package io.shigoto.internal.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class NewsTest {

  @Test
  void messagesSayWhatTheNewsSay() {
    News news = new News(Set.of("mail", "d7"), 250, Set.of(17L, 18L));

    assertThat(news.messages()).containsExactlyInAnyOrder("qmail", "qd7", "d250", "j17", "j18");
    assertThat(News.of(news.messages())).isEqualTo(news);
    assertThat(News.NONE.messages()).isEmpty();
    assertThat(News.NONE.isNone()).isTrue();
  }

  @Test
  void someMessagesAreALetter() {
    News news = News.PAUSES.and(News.BROADCASTS);

    assertThat(news.messages()).containsExactlyInAnyOrder("p", "b");
    assertThat(News.of(news.messages())).isEqualTo(news);
    assertThat(News.BROADCASTS.isNone()).isFalse();
  }

  @Test
  void theSoonestIsDue() {
    assertThat(News.of(List.of("d300", "d20", "qmail")).dueIn()).isEqualTo(20);
    assertThat(News.available("mail").and(News.due(0)).dueIn()).isZero();
  }

  @Test
  void messageOfSomebodyElseSaysLook() {
    for (String foreign : List.of("", "x", "d", "dx", "j", "d99999999999999999999")) {
      assertThat(News.of(List.of(foreign))).as(foreign).isEqualTo(News.due(0));
    }
  }
}
