package nexmark;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.MemorySize;
import org.apache.flink.configuration.PipelineOptions;
import org.apache.flink.configuration.RestOptions;
import org.apache.flink.configuration.StateBackendOptions;
import org.apache.flink.configuration.TaskManagerOptions;
import org.apache.flink.connector.datagen.source.DataGeneratorSource;
import org.apache.flink.connector.datagen.source.GeneratorFunction;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;
import org.apache.flink.util.CloseableIterator;

/**
 * Runs queries on a cluster inside this JVM, as lines of standard input say, and answers each with one line of JSON:
 *
 * <pre>
 *   run QUERY EVENTS PARALLELISM            throws the rows away, and says how long it took
 *   rows QUERY EVENTS PARALLELISM GROUP FILE   writes the rows of events that are out of order in groups
 *   sql, sqlrows                               the same in SQL
 * </pre>
 */
public final class Main {
  private static final int BLOCK = 1000;

  private Main() {}

  public static void main(String[] args) throws Exception {
    BufferedReader commands = new BufferedReader(new InputStreamReader(System.in));
    for (String line = commands.readLine(); line != null; line = commands.readLine()) {
      String[] words = line.split(" ", 6);
      String query = words[1];
      long events = Long.parseLong(words[2]);
      int parallelism = Integer.parseInt(words[3]);
      if (events % ((long) BLOCK * parallelism) != 0)
        throw new IllegalArgumentException("events must be a multiple of " + BLOCK * parallelism);
      switch (words[0]) {
        case "rows":
          write(query, events, parallelism, Long.parseLong(words[4]), Path.of(words[5]));
          System.out.println("{}");
          break;
        case "sqlrows":
          writeSql(query, events, parallelism, Long.parseLong(words[4]), Path.of(words[5]));
          System.out.println("{}");
          break;
        default:
          System.out.println(run(query, events, parallelism, words[0].equals("sql")));
      }
    }
  }

  private static String run(String query, long events, int parallelism, boolean isSql) throws Exception {
    StreamExecutionEnvironment env = environment(parallelism);
    DataStream<Event> source = source(env, events, parallelism, 1);
    if (isSql) SqlJobs.add(query, env, source);
    else Queries.build(query, source).sinkTo(new DiscardingSink<>());
    double cpu = cpuSeconds();
    long runtime = env.execute(query).getNetRuntime();
    return String.format(
        "{\"seconds\":%.3f,\"cpuSeconds\":%.3f}", runtime / 1000.0, cpuSeconds() - cpu);
  }

  private static void write(String query, long events, int parallelism, long groupSize, Path file)
      throws Exception {
    StreamExecutionEnvironment env = environment(parallelism);
    DataStream<Object[]> rows = Queries.build(query, source(env, events, parallelism, groupSize));
    DataStream<String> lines = rows.map(Rows::toJson);
    try (CloseableIterator<String> all = lines.executeAndCollect();
        BufferedWriter out = Files.newBufferedWriter(file)) {
      while (all.hasNext()) {
        out.write(all.next());
        out.newLine();
      }
    }
  }

  private static void writeSql(String query, long events, int parallelism, long groupSize, Path file)
      throws Exception {
    StreamExecutionEnvironment env = environment(parallelism);
    try (BufferedWriter out = Files.newBufferedWriter(file)) {
      for (var row : SqlJobs.rows(query, env, source(env, events, parallelism, groupSize)).entrySet()) {
        for (int times = 0; times < row.getValue(); times++) {
          out.write(row.getKey());
          out.newLine();
        }
      }
    }
  }

  private static StreamExecutionEnvironment environment(int parallelism) {
    Configuration configuration = new Configuration();
    configuration.set(PipelineOptions.OBJECT_REUSE, true);
    configuration.set(StateBackendOptions.STATE_BACKEND, "hashmap");
    configuration.set(TaskManagerOptions.NETWORK_MEMORY_MIN, MemorySize.ofMebiBytes(256));
    configuration.set(TaskManagerOptions.NETWORK_MEMORY_MAX, MemorySize.ofMebiBytes(256));
    configuration.set(RestOptions.BIND_PORT, "0");
    SqlJobs.configure(configuration);
    return StreamExecutionEnvironment.createLocalEnvironment(parallelism, configuration);
  }

  private static DataStream<Event> source(
      StreamExecutionEnvironment env, long events, int parallelism, long groupSize) {
    DataGeneratorSource<Event> source =
        new DataGeneratorSource<>(
            new Generate(events / parallelism, parallelism, groupSize),
            events,
            TypeInformation.of(Event.class));
    WatermarkStrategy<Event> watermarks =
        WatermarkStrategy.<Event>forBoundedOutOfOrderness(Duration.ofSeconds(4))
            .withTimestampAssigner((event, recordTimestamp) -> event.time());
    return env.fromSource(source, watermarks, "events");
  }

  private static double cpuSeconds() {
    var bean =
        (com.sun.management.OperatingSystemMXBean)
            java.lang.management.ManagementFactory.getOperatingSystemMXBean();
    return bean.getProcessCpuTime() / 1e9;
  }

  /** Readers have ranges of indexes, and take blocks of events in turn. */
  private static final class Generate implements GeneratorFunction<Long, Event> {
    private final long perReader;
    private final int readers;
    private final long groupSize;
    private transient EventGenerator generator;

    Generate(long perReader, int readers, long groupSize) {
      this.perReader = perReader;
      this.readers = readers;
      this.groupSize = groupSize;
    }

    @Override
    public Event map(Long index) {
      if (generator == null) generator = new EventGenerator(groupSize);
      long reader = index / perReader;
      long at = index % perReader;
      return generator.at((at / BLOCK * readers + reader) * BLOCK + at % BLOCK);
    }
  }
}
