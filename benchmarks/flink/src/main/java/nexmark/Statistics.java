package nexmark;

import java.util.HashMap;
import org.apache.flink.api.common.functions.AggregateFunction;

/** Counts of bids and, if wanted, of different bidders and auctions, in total and in three classes of price. */
final class Statistics implements AggregateFunction<Bid, Statistics.Of, Statistics.Of> {
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

  private final boolean withIds;

  Statistics(boolean withIds) {
    this.withIds = withIds;
  }

  @Override
  public Of createAccumulator() {
    Of found = new Of();
    if (withIds) {
      found.bidders = new Ids();
      found.auctions = new Ids();
    }
    return found;
  }

  @Override
  public Of add(Bid bid, Of found) {
    int priceClass = bid.price < 10_000 ? 1 : bid.price < 1_000_000 ? 2 : 3;
    found.bids[0]++;
    found.bids[priceClass]++;
    if (withIds) {
      found.bidders.add(bid.bidder, priceClass);
      found.auctions.add(bid.auction, priceClass);
      found.latest = Math.max(found.latest, bid.dateTime);
    } else {
      found.lowest = Math.min(found.lowest, bid.price);
      found.highest = Math.max(found.highest, bid.price);
      found.sum += bid.price;
    }
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
