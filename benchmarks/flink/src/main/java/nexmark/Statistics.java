package nexmark;

import java.util.HashSet;
import org.apache.flink.api.common.functions.AggregateFunction;

/** Counts of bids and, if wanted, of different bidders and auctions, in total and in three classes of price. */
final class Statistics implements AggregateFunction<Bid, Statistics.Of, Statistics.Of> {
  /** What is counted. */
  public static final class Of {
    public long[] bids = new long[4];
    public HashSet<Long>[] bidders;
    public HashSet<Long>[] auctions;
    public long latest;
    public long lowest = Long.MAX_VALUE;
    public long highest;
    public long sum;

    Object[] countsAndIds() {
      Object[] cells = new Object[12];
      for (int i = 0; i < 4; i++) {
        cells[i] = bids[i];
        cells[4 + i] = bidders[i].size();
        cells[8 + i] = auctions[i].size();
      }
      return cells;
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
      found.bidders = sets();
      found.auctions = sets();
    }
    return found;
  }

  @SuppressWarnings("unchecked")
  private static HashSet<Long>[] sets() {
    HashSet<Long>[] sets = new HashSet[4];
    for (int i = 0; i < 4; i++) sets[i] = new HashSet<>();
    return sets;
  }

  @Override
  public Of add(Bid bid, Of found) {
    int priceClass = bid.price < 10_000 ? 1 : bid.price < 1_000_000 ? 2 : 3;
    found.bids[0]++;
    found.bids[priceClass]++;
    if (withIds) {
      found.bidders[0].add(bid.bidder);
      found.bidders[priceClass].add(bid.bidder);
      found.auctions[0].add(bid.auction);
      found.auctions[priceClass].add(bid.auction);
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
