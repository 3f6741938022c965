package nexmark;

/** Makes the same events as generator/events.ts, each from its number alone. */
final class EventGenerator {
  private static final long BASE_TIME = 1436918400000L;
  private static final double DELAY_US = 100;
  private static final int EPOCH = 50;
  private static final int AUCTION_HORIZON = 100 * 50 / 3;

  private final EventRandom random = new EventRandom();
  private final long groupSize;

  EventGenerator(long groupSize) {
    this.groupSize = groupSize;
  }

  Event at(long n) {
    long e = eventAt(n);
    long time = timeOf(e);
    random.startAt(e, 0);
    Event event = new Event();
    long position = e % EPOCH;
    if (position < 1) event.person = person(e, time);
    else if (position < 4) event.auction = auction(n, e, time);
    else event.bid = bid(e, time);
    return event;
  }

  private long eventAt(long n) {
    return groupSize == 1 ? n : n / groupSize * groupSize + n * 953 % groupSize;
  }

  private static long timeOf(long e) {
    return BASE_TIME + (long) Math.floor(Math.floor(e * DELAY_US) / 1000);
  }

  private Person person(long e, long time) {
    Person person = new Person();
    person.id = 1000 + e / EPOCH;
    person.name = Texts.fullName(random);
    person.emailAddress = Texts.emailAddress(random);
    person.creditCard = Texts.creditCard(random);
    person.city = Texts.city(random);
    person.state = Texts.state(random);
    person.dateTime = time;
    int length = 8 + person.name.length() + person.emailAddress.length()
        + person.creditCard.length() + person.city.length() + person.state.length();
    person.extra = Texts.filling(random, length, 200);
    return person;
  }

  private Auction auction(long n, long e, long time) {
    Auction auction = new Auction();
    auction.id = 1000 + lastAuction(e);
    auction.seller = 1000 + (random.below(4) > 0 ? hot(e / EPOCH) : activePerson(e));
    auction.category = 10 + random.below(5);
    auction.initialBid = price();
    long horizon = timeOf(eventAt(n + AUCTION_HORIZON)) - time;
    auction.expires = time + 1 + random.below((int) Math.max(horizon * 2, 1));
    auction.itemName = Texts.words(random, 20);
    auction.description = Texts.words(random, 100);
    auction.reserve = auction.initialBid + price();
    auction.dateTime = time;
    int length = 48 + auction.itemName.length() + auction.description.length();
    auction.extra = Texts.filling(random, length, 500);
    return auction;
  }

  private Bid bid(long e, long time) {
    Bid bid = new Bid();
    bid.auction = 1000 + (random.below(2) > 0 ? hot(lastAuction(e)) : openAuction(e));
    bid.bidder = 1000 + (random.below(4) > 0 ? hot(e / EPOCH) + 1 : activePerson(e));
    bid.price = price();
    if (random.below(2) > 0) {
      int channel = random.below(Texts.HOT_CHANNELS.length);
      bid.channel = Texts.HOT_CHANNELS[channel];
      bid.url = Texts.HOT_URLS[channel];
    } else {
      int channel = random.below(Texts.COLD);
      bid.channel = Texts.COLD_CHANNELS[channel];
      bid.url = Texts.COLD_URLS[channel];
    }
    bid.dateTime = time;
    bid.extra = Texts.filling(random, 32, 100);
    return bid;
  }

  private long price() {
    return Prices.of(random.bits());
  }

  private long activePerson(long e) {
    long people = e / EPOCH + 1;
    long active = Math.min(people, 1000);
    return people - active + random.below((int) active + 10);
  }

  private long openAuction(long e) {
    long last = lastAuction(e);
    long lowest = Math.max(last - 100, 0);
    return lowest + random.below((int) (last - lowest + 11));
  }

  private static long lastAuction(long e) {
    long epoch = e / EPOCH;
    long position = e % EPOCH;
    if (position < 1) return epoch * 3 - 1;
    return epoch * 3 + (position >= 4 ? 2 : position - 1);
  }

  private static long hot(long last) {
    return last / 100 * 100;
  }
}
