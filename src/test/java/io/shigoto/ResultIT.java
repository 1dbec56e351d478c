package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.shigoto.job.Job;
import io.shigoto.job.NewJob;
import io.shigoto.job.ResultDoesNotFit;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.worker.Outcome;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Mono;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.json.JsonMapper;

/** What a job gives back is read as what its reader wants it to be. */
class ResultIT {

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private @Nullable Object result;
  private Shigoto node;

  record Total(int netAmount, List<String> lines) {}

  @BeforeEach
  void start() {
    node =
        nodes.start(
            Shigoto.builder(db.connectionFactory())
                .worker(new Scripted("work", job -> Mono.just(Outcome.done(result))))
                .queue("default", 10));
  }

  @Test
  void resultIsReadAsAClassOrAsATypeWithArguments() {
    Total total = new Total(7, List.of("a", "b"));

    assertThat(ended(total).result(Total.class)).contains(total);
    assertThat(ended(List.of(total)).result(new TypeReference<List<Total>>() {}))
        .contains(List.of(total));
    assertThat(ended(5).result(int.class)).contains(5);
  }

  @Test
  void resultIsReadByTheMapperOfTheNodeThatFoundIt() {
    Shigoto other =
        nodes.build(
            Shigoto.builder(db.connectionFactory())
                .json(
                    JsonMapper.builder()
                        .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
                        .build()));
    long id = ended(Map.of("net_amount", 3, "lines", List.of())).id();

    assertThat(other.jobs().find(id).block(LIMIT).result(Total.class))
        .contains(new Total(3, List.of()));
  }

  @Test
  void noResultIsEmpty() {
    assertThat(ended(null).result(Total.class)).isEmpty();
    assertThat(ended(JsonMapper.shared().nullNode()).result(Total.class)).isEmpty();
    long later =
        node.enqueue(NewJob.of("unknown", Scripted.NOTHING)).map(receipt -> receipt.id()).block();
    assertThat(node.jobs().find(later).block(LIMIT).result(Total.class)).isEmpty();
  }

  @Test
  void resultThatDoesNotFitIsRefusedWithItsPathAndWithoutItsValue() {
    Job job = ended(Arrays.asList(new Total(1, List.of()), Map.of("netAmount", "secret")));

    assertThatThrownBy(() -> job.result(new TypeReference<List<Total>>() {}))
        .isInstanceOf(ResultDoesNotFit.class)
        .hasMessageContaining("job " + job.id() + " does not fit List at $[1].netAmount")
        .hasMessageNotContaining("secret")
        .hasNoCause();
    assertThatThrownBy(
            () -> node.jobs().await(job.id(), new TypeReference<List<Total>>() {}).block(LIMIT))
        .isInstanceOf(ResultDoesNotFit.class);
  }

  private Job ended(@Nullable Object value) {
    result = value;
    long id = node.enqueue(NewJob.of("work", Scripted.NOTHING)).block(LIMIT).id();
    return node.jobs().await(id).then(node.jobs().find(id)).block(LIMIT);
  }
}
