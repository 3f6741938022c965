package nexmark;

import java.util.Map;

/** The queries in Flink SQL, over the views of {@link SqlJobs}. Queries 6 and 13 are missing: SQL has them not, or only with a table outside. */
final class SqlQueries {
  private static final String BID = "auction, bidder, price, channel, url, `dateTime`, extra";
  private static final String DAY = "DATE_FORMAT(ts, 'yyyy-MM-dd')";
  private static final String EUROS = "CAST(0.908 * price AS DECIMAL(23, 3))";
  private static final String HOP =
      "(SELECT auction, COUNT(*) AS num, window_start AS starts, window_end AS ends"
          + " FROM TABLE(HOP(TABLE bid, DESCRIPTOR(ts), INTERVAL '2' SECOND, INTERVAL '10' SECOND))"
          + " GROUP BY auction, window_start, window_end)";
  private static final String IN_VALIDITY =
      "auction A, bid B WHERE A.id = B.auction AND B.`dateTime` BETWEEN A.`dateTime` AND A.expires";
  private static final String CHANNEL_ID = "REGEXP_EXTRACT(url, '[&?]channel_id=([^&]*)', 1)";

  private static final Map<String, String> QUERIES =
      Map.ofEntries(
          Map.entry("q0", "SELECT auction, bidder, price, `dateTime`, extra FROM bid"),
          Map.entry("q1", "SELECT auction, bidder, " + EUROS + ", `dateTime`, extra FROM bid"),
          Map.entry("q2", "SELECT auction, price FROM bid WHERE MOD(auction, 123) = 0"),
          Map.entry(
              "q3",
              "SELECT P.name, P.city, P.state, A.id FROM auction A JOIN person P ON A.seller = P.id"
                  + " WHERE A.category = 10 AND P.state IN ('OR', 'ID', 'CA')"),
          Map.entry(
              "q4",
              "SELECT category, AVG(closing) FROM (SELECT MAX(B.price) AS closing, A.category FROM "
                  + IN_VALIDITY
                  + " GROUP BY A.id, A.category) GROUP BY category"),
          Map.entry(
              "q5",
              "SELECT C.auction, C.num, C.starts, C.ends FROM " + HOP + " C JOIN"
                  + " (SELECT MAX(num) AS most, starts, ends FROM " + HOP + " GROUP BY starts, ends) M"
                  + " ON C.starts = M.starts AND C.ends = M.ends AND C.num >= M.most"),
          Map.entry(
              "q7",
              "SELECT B.auction, B.price, B.bidder, B.`dateTime`, B.extra FROM bid B JOIN"
                  + " (SELECT MAX(price) AS most, window_end AS ends"
                  + " FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND))"
                  + " GROUP BY window_start, window_end) M ON B.price = M.most"
                  + " WHERE B.ts BETWEEN M.ends - INTERVAL '10' SECOND AND M.ends"),
          Map.entry(
              "q8",
              "SELECT P.id, P.name, P.starts FROM"
                  + " (SELECT id, name, window_start AS starts, window_end AS ends"
                  + " FROM TABLE(TUMBLE(TABLE person, DESCRIPTOR(ts), INTERVAL '10' SECOND))"
                  + " GROUP BY id, name, window_start, window_end) P JOIN"
                  + " (SELECT seller, window_start AS starts, window_end AS ends"
                  + " FROM TABLE(TUMBLE(TABLE auction, DESCRIPTOR(ts), INTERVAL '10' SECOND))"
                  + " GROUP BY seller, window_start, window_end) A"
                  + " ON P.id = A.seller AND P.starts = A.starts AND P.ends = A.ends"),
          Map.entry(
              "q9",
              "SELECT id, itemName, description, initialBid, reserve, `dateTime`, expires, seller, category, extra,"
                  + " auction, bidder, price, bidTime, bidExtra FROM"
                  + " (SELECT A.id, A.itemName, A.description, A.initialBid, A.reserve, A.`dateTime`, A.expires, A.seller,"
                  + " A.category, A.extra, B.auction, B.bidder, B.price, B.`dateTime` AS bidTime, B.extra AS bidExtra,"
                  + " ROW_NUMBER() OVER (PARTITION BY A.id ORDER BY B.price DESC, B.`dateTime`) AS place FROM "
                  + IN_VALIDITY
                  + ") WHERE place <= 1"),
          Map.entry(
              "q11",
              "SELECT bidder, COUNT(*), window_start, window_end FROM"
                  + " TABLE(SESSION(TABLE bid PARTITION BY bidder, DESCRIPTOR(ts), INTERVAL '10' SECOND))"
                  + " GROUP BY bidder, window_start, window_end"),
          Map.entry(
              "q14",
              "SELECT auction, bidder, " + EUROS + ", CASE WHEN HOUR(ts) BETWEEN 8 AND 18 THEN 'dayTime'"
                  + " WHEN HOUR(ts) <= 6 OR HOUR(ts) >= 20 THEN 'nightTime' ELSE 'otherTime' END,"
                  + " `dateTime`, extra, CHAR_LENGTH(extra) - CHAR_LENGTH(REPLACE(extra, 'c', '')) FROM bid"
                  + " WHERE 0.908 * price > 1000000 AND 0.908 * price < 50000000"),
          Map.entry("q15", "SELECT " + DAY + ", " + statistics() + " FROM bid GROUP BY " + DAY),
          Map.entry(
              "q16",
              "SELECT channel, " + DAY + ", MAX(DATE_FORMAT(ts, 'HH:mm')), " + statistics()
                  + " FROM bid GROUP BY channel, " + DAY),
          Map.entry(
              "q17",
              "SELECT auction, " + DAY + ", " + perClass("*")
                  + ", MIN(price), MAX(price), AVG(price), SUM(price) FROM bid GROUP BY auction, " + DAY),
          Map.entry(
              "q18",
              "SELECT " + BID + " FROM (SELECT *, ROW_NUMBER() OVER"
                  + " (PARTITION BY bidder, auction ORDER BY ts DESC) AS place FROM bid) WHERE place <= 1"),
          Map.entry(
              "q19",
              "SELECT " + BID + ", place FROM (SELECT *, ROW_NUMBER() OVER"
                  + " (PARTITION BY auction ORDER BY price DESC) AS place FROM bid) WHERE place <= 10"),
          Map.entry(
              "q20",
              "SELECT auction, bidder, price, channel, url, B.`dateTime`, B.extra, itemName, description, initialBid,"
                  + " reserve, A.`dateTime`, expires, seller, category, A.extra"
                  + " FROM bid B JOIN auction A ON B.auction = A.id WHERE A.category = 10"),
          Map.entry(
              "q21",
              "SELECT auction, bidder, price, channel, CASE LOWER(channel) WHEN 'apple' THEN '0' WHEN 'google' THEN '1'"
                  + " WHEN 'facebook' THEN '2' WHEN 'baidu' THEN '3' ELSE " + CHANNEL_ID + " END FROM bid"
                  + " WHERE LOWER(channel) IN ('apple', 'google', 'facebook', 'baidu') OR " + CHANNEL_ID + " IS NOT NULL"),
          Map.entry(
              "q22",
              "SELECT auction, bidder, price, channel, SPLIT_INDEX(url, '/', 3), SPLIT_INDEX(url, '/', 4),"
                  + " SPLIT_INDEX(url, '/', 5) FROM bid"),
          Map.entry(
              "q23",
              "SELECT bidder, price, channel, url, B.extra, P.id, name, emailAddress, creditCard, city, state, P.extra,"
                  + " itemName, description, initialBid, reserve, A.`dateTime`, expires, seller, category, A.extra"
                  + " FROM bid B JOIN person P ON B.bidder = P.id JOIN auction A ON P.id = A.seller"));

  private SqlQueries() {}

  static String of(String query) {
    String sql = QUERIES.get(query);
    if (sql == null) throw new IllegalArgumentException("no SQL for query " + query);
    return sql;
  }

  private static String statistics() {
    return perClass("*") + ", " + perClass("DISTINCT bidder") + ", " + perClass("DISTINCT auction");
  }

  private static String perClass(String what) {
    String count = "COUNT(" + what + ")";
    return count
        + ", " + count + " FILTER (WHERE price < 10000)"
        + ", " + count + " FILTER (WHERE price >= 10000 AND price < 1000000)"
        + ", " + count + " FILTER (WHERE price >= 1000000)";
  }
}
