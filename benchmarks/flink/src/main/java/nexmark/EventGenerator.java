package nexmark;

/** Makes the same events as generator/events.ts, each from its number alone. */
final class EventGenerator {
  private static final long BASE_TIME = 1436918400000L;
  private static final long DELAY_US = 100;
  private static final int EPOCH = 50;
  private static final int AUCTION_HORIZON = 100 * 50 / 3;

  private final EventRandom random = new EventRandom();
  private final Bids bids = new Bids();
  private final long groupSize;
  /** That of the last event. In order, fifty events share it. */
  private long epoch;
  private long epochStart;

  EventGenerator(long groupSize) {
    this.groupSize = groupSize;
    bids.enter(0);
  }

  Event at(long n) {
    long e = eventAt(n);
    long time = timeOf(e);
    long position = e - epochStart;
    if (position < 0 || position >= EPOCH) position = enter(e);
    Event event = new Event();
    if (position >= 4) {
      event.bid = bids.make(e, time);
      return event;
    }
    random.startAt(e, 0);
    if (position < 1) event.person = person(time);
    else event.auction = auction(n, position, time);
    return event;
  }

  /** Goes to the epoch of an event; returns its position there. */
  private long enter(long e) {
    epoch = e / EPOCH;
    epochStart = epoch * EPOCH;
    bids.enter(epoch);
    return e - epochStart;
  }

  private long eventAt(long n) {
    return groupSize == 1 ? n : n / groupSize * groupSize + n * 953 % groupSize;
  }

  private static long timeOf(long e) {
    return BASE_TIME + e * DELAY_US / 1000;
  }

  private Person person(long time) {
    Person person = new Person();
    person.id = 1000 + epoch;
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

  private Auction auction(long n, long position, long time) {
    Auction auction = new Auction();
    auction.id = 1000 + epoch * 3 + position - 1;
    auction.seller = 1000 + (random.below(4) > 0 ? hot(epoch) : activePerson());
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

  private long price() {
    return Prices.of(random.bits());
  }

  private long activePerson() {
    long active = Math.min(epoch + 1, 1000);
    return epoch + 1 - active + random.below((int) active + 10);
  }

  private static long hot(long last) {
    return last / 100 * 100;
  }
}
