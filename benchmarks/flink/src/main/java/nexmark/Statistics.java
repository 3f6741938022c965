package nexmark;

import java.util.HashMap;
import org.apache.flink.api.common.functions.AggregateFunction;
import org.apache.flink.api.java.tuple.Tuple;

/**
 * Counts of bids and, if wanted, of different bidders and auctions, in total and in three classes of price. Bids are tuples of what is
 * needed of them: price and auction, then bidder, then time.
 */
final class Statistics<T extends Tuple> implements AggregateFunction<T, Statistics.Of, Statistics.Of> {
  /** What is wanted besides counts of bids. */
  enum Kind {
    PRICES,
    IDS,
    IDS_AND_LATEST
  }

  /** What is counted. */
  public static final class Of {
    public long[] bids = new long[4];
    public Ids bidders;
    public Ids auctions;
    public long latest;
    public long lowest = Long.MAX_VALUE;
    public long highest;
    public long sum;

    Object[] countsAndIds() {
      Object[] cells = new Object[12];
      for (int i = 0; i < 4; i++) {
        cells[i] = bids[i];
        cells[4 + i] = bidders.counts[i];
        cells[8 + i] = auctions.counts[i];
      }
      return cells;
    }
  }

  /** Different ids. */
  public static final class Ids {
    /** How many there were: in total and in the classes. */
    public int[] counts = new int[4];

    /** By id the classes in which it has been, a bit each. */
    public HashMap<Long, Integer> classes = new HashMap<>();

    void add(long id, int priceClass) {
      Integer known = classes.get(id);
      int before = known == null ? 0 : known;
      int after = before | 1 << priceClass;
      if (after == before) return;
      classes.put(id, after);
      if (before == 0) counts[0]++;
      counts[priceClass]++;
    }
  }

  private final Kind kind;

  Statistics(Kind kind) {
    this.kind = kind;
  }

  @Override
  public Of createAccumulator() {
    Of found = new Of();
    if (kind != Kind.PRICES) {
      found.bidders = new Ids();
      found.auctions = new Ids();
    }
    return found;
  }

  @Override
  public Of add(T bid, Of found) {
    long price = bid.<Long>getField(0);
    int priceClass = price < 10_000 ? 1 : price < 1_000_000 ? 2 : 3;
    found.bids[0]++;
    found.bids[priceClass]++;
    if (kind == Kind.PRICES) {
      found.lowest = Math.min(found.lowest, price);
      found.highest = Math.max(found.highest, price);
      found.sum += price;
      return found;
    }
    found.auctions.add(bid.<Long>getField(1), priceClass);
    found.bidders.add(bid.<Long>getField(2), priceClass);
    if (kind == Kind.IDS_AND_LATEST) found.latest = Math.max(found.latest, bid.<Long>getField(3));
    return found;
  }

  @Override
  public Of getResult(Of found) {
    return found;
  }

  @Override
  public Of merge(Of a, Of b) {
    throw new UnsupportedOperationException("these windows do not merge");
  }
}
