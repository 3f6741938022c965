package nexmark;

/** One of the three is there. */
public class Event {
  public Person person;
  public Auction auction;
  public Bid bid;

  public long time() {
    if (bid != null) return bid.dateTime;
    return auction != null ? auction.dateTime : person.dateTime;
  }
}
