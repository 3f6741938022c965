package nexmark;

import java.util.HashMap;
import java.util.Map;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.table.api.Schema;
import org.apache.flink.table.api.Table;
import org.apache.flink.table.api.TableDescriptor;
import org.apache.flink.table.api.bridge.java.StreamStatementSet;
import org.apache.flink.table.api.bridge.java.StreamTableEnvironment;
import org.apache.flink.types.Row;
import org.apache.flink.types.RowKind;
import org.apache.flink.util.CloseableIterator;

/** Queries of {@link SqlQueries} as jobs, with mini-batches and what else makes them fast. */
final class SqlJobs {
  private SqlJobs() {}

  static void configure(Configuration configuration) {
    configuration.setString("table.local-time-zone", "UTC");
    configuration.setString("table.exec.mini-batch.enabled", "true");
    configuration.setString("table.exec.mini-batch.allow-latency", "2 s");
    configuration.setString("table.exec.mini-batch.size", "50000");
    configuration.setString("table.optimizer.distinct-agg.split.enabled", "true");
  }

  /** Adds the query to the job; its rows are thrown away as Flink has them inside. */
  static void add(String query, StreamExecutionEnvironment env, DataStream<Event> events) {
    StreamTableEnvironment tables = tables(env, events);
    StreamStatementSet statements = tables.createStatementSet();
    statements.add(
        tables.sqlQuery(SqlQueries.of(query)).insertInto(TableDescriptor.forConnector("blackhole").build()));
    statements.attachAsDataStream();
  }

  /** Runs the query and returns how often each row is there in the end. */
  static Map<String, Integer> rows(String query, StreamExecutionEnvironment env, DataStream<Event> events)
      throws Exception {
    StreamTableEnvironment tables = tables(env, events);
    Table result = tables.sqlQuery(SqlQueries.of(query));
    Map<String, Integer> rows = new HashMap<>();
    try (CloseableIterator<Row> changes = tables.toChangelogStream(result).executeAndCollect()) {
      while (changes.hasNext()) {
        Row row = changes.next();
        boolean isThere = row.getKind() == RowKind.INSERT || row.getKind() == RowKind.UPDATE_AFTER;
        Object[] cells = new Object[row.getArity()];
        for (int at = 0; at < cells.length; at++) cells[at] = row.getField(at);
        rows.merge(Rows.toJson(cells), isThere ? 1 : -1, Integer::sum);
      }
    }
    return rows;
  }

  private static StreamTableEnvironment tables(StreamExecutionEnvironment env, DataStream<Event> events) {
    StreamTableEnvironment tables = StreamTableEnvironment.create(env);
    // Most frequent first: what is never asked for is never built.
    tables.createTemporaryView("bid", events.filter(e -> e.bid != null).map(e -> e.bid).returns(Bid.class), schema());
    tables.createTemporaryView(
        "auction", events.filter(e -> e.auction != null).map(e -> e.auction).returns(Auction.class), schema());
    tables.createTemporaryView(
        "person", events.filter(e -> e.person != null).map(e -> e.person).returns(Person.class), schema());
    return tables;
  }

  private static Schema schema() {
    return Schema.newBuilder()
        .columnByExpression("ts", "CAST(TO_TIMESTAMP_LTZ(`dateTime`, 3) AS TIMESTAMP(3))")
        .watermark("ts", "ts - INTERVAL '4' SECOND")
        .build();
  }
}
