package io.shigoto.bench.inner;

import io.shigoto.internal.json.Json;
import io.shigoto.worker.Outcome;
import io.shigoto.worker.Worker;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;
import reactor.core.publisher.Mono;
import tools.jackson.databind.ObjectReader;
import tools.jackson.databind.json.JsonMapper;

/** The args of a job, from the application's type to text and back. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class JsonBench {

  /** Args as they often are. */
  public record Mail(long customer, String address, String subject) {}

  private final Json json = new Json(JsonMapper.builder().build(), 1024 * 1024);
  private final Mail mail = new Mail(17, "ada@example.org", "Your order has left our house");
  private final String text = json.write("args", mail);
  private final ObjectReader reader =
      json.reader(Worker.of("mail", Mail.class, job -> Mono.just(Outcome.done())));

  @Benchmark
  public String write() {
    return json.write("args", mail);
  }

  @Benchmark
  public Object read() {
    return json.read(text, reader);
  }
}
