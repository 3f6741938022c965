package nexmark;

/**
 * Makes bids as generator/bids.ts does: what an epoch's bids have in common once per epoch, and what random bits decide by masks
 * instead of branches, which no processor foresees.
 */
final class Bids {
  private static final int STRIDE = EventRandom.STRIDE;
  private static final int HOT_CHANNELS = Texts.HOT_CHANNELS;
  /** Shortest filling of a bid of 32 bytes up to 100, and how many lengths there are. */
  private static final int SHORTEST_EXTRA = 54;
  private static final int EXTRA_LENGTHS = 28;

  // Ids begin at the lowest; the hot one and the number of them count from there.
  private long lowestAuction;
  private int hotAuction;
  private int auctions;
  private long lowestBidder;
  private int hotBidder;
  private int bidders;

  /** The bids that follow are of this epoch. */
  void enter(long epoch) {
    long auction = epoch * 3 + 2;
    int open = (int) Math.min(auction, 100);
    lowestAuction = 1000 + auction - open;
    hotAuction = (int) (auction / 100 * 100 - (auction - open));
    auctions = open + 11;
    int active = (int) Math.min(epoch + 1, 1000);
    lowestBidder = 1000 + epoch + 1 - active;
    hotBidder = (int) (epoch / 100 * 100 + active - epoch);
    bidders = active + 10;
  }

  /** The bid that is this event, of the epoch. */
  Bid make(long event, long time) {
    Bid bid = new Bid();
    int counter = EventRandom.seedOf(event, 0) + STRIDE;
    int isHot = EventRandom.scramble(counter) >> 31;
    counter += STRIDE;
    bid.auction = lowestAuction + either(isHot, hotAuction, below(counter, auctions));
    counter += STRIDE & ~isHot;
    isHot = ~(((EventRandom.scramble(counter) >>> 30) - 1) >> 31);
    counter += STRIDE;
    bid.bidder = lowestBidder + either(isHot, hotBidder, below(counter, bidders));
    counter += STRIDE & ~isHot;
    bid.price = Prices.of(EventRandom.scramble(counter));
    counter += STRIDE;
    isHot = EventRandom.scramble(counter) >> 31;
    counter += STRIDE;
    int channel = below(counter, either(isHot, HOT_CHANNELS, Texts.COLD)) + (HOT_CHANNELS & ~isHot);
    bid.channel = Texts.CHANNELS[channel];
    bid.url = Texts.URLS[channel];
    bid.dateTime = time;
    counter += STRIDE;
    int length = SHORTEST_EXTRA + below(counter, EXTRA_LENGTHS);
    counter += STRIDE;
    bid.extra = Texts.lettersAt(below(counter, Texts.LETTER_PLACES), length);
    return bid;
  }

  private static int below(int counter, int limit) {
    return EventRandom.below(EventRandom.scramble(counter), limit);
  }

  /** The first where the mask is -1, the second where it is 0. */
  private static int either(int mask, int first, int second) {
    return second ^ ((first ^ second) & mask);
  }
}
