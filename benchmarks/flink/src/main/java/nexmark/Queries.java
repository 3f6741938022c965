package nexmark;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.flink.api.common.functions.AggregateFunction;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.ListState;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.datastream.SingleOutputStreamOperator;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.streaming.api.functions.co.KeyedCoProcessFunction;
import org.apache.flink.streaming.api.functions.windowing.ProcessAllWindowFunction;
import org.apache.flink.streaming.api.functions.windowing.ProcessWindowFunction;
import org.apache.flink.streaming.api.windowing.assigners.EventTimeSessionWindows;
import org.apache.flink.streaming.api.windowing.assigners.SlidingEventTimeWindows;
import org.apache.flink.streaming.api.windowing.assigners.TumblingEventTimeWindows;
import org.apache.flink.streaming.api.windowing.assigners.TumblingProcessingTimeWindows;
import org.apache.flink.streaming.api.windowing.windows.TimeWindow;
import org.apache.flink.util.Collector;

/** The queries as the files in nexmark/queries have them, in Flink's DataStream API. */
final class Queries {
  private static final TypeInformation<Object[]> ROW = TypeInformation.of(Object[].class);
  private static final Duration TEN_SECONDS = Duration.ofSeconds(10);
  private static final Duration DAY = Duration.ofDays(1);
  private static final long UPDATE_EVERY_MS = 2_000;

  private Queries() {}

  static DataStream<Object[]> build(String query, DataStream<Event> events) {
    DataStream<Bid> bids =
        events.filter(e -> e.bid != null).map(e -> e.bid).returns(Bid.class);
    switch (query) {
      case "q0":
        return bids.map(b -> new Object[] {b.auction, b.bidder, b.price, b.dateTime, b.extra}).returns(ROW);
      case "q1":
        return bids.map(b -> new Object[] {b.auction, b.bidder, Rows.euros(b.price), b.dateTime, b.extra}).returns(ROW);
      case "q2":
        return bids.filter(b -> b.auction % 123 == 0).map(b -> new Object[] {b.auction, b.price}).returns(ROW);
      case "q3":
        return q3(persons(events), auctions(events));
      case "q4":
        return q4(winning(auctions(events), bids));
      case "q5":
        return q5(bids);
      case "q6":
        return q6(winning(auctions(events), bids));
      case "q7":
        return q7(bids);
      case "q8":
        return q8(persons(events), auctions(events));
      case "q9":
        return winning(auctions(events), bids).map(s -> concat(auctionCells(s.f0), s.f1.auction, s.f1.bidder, s.f1.price, s.f1.dateTime, s.f1.extra)).returns(ROW);
      case "q11":
        return bids.keyBy(b -> b.bidder, Types.LONG)
            .window(EventTimeSessionWindows.withGap(TEN_SECONDS))
            .aggregate(new Count<>(), new CountRow(), Types.LONG, Types.LONG, ROW);
      case "q12":
        return bids.keyBy(b -> b.bidder, Types.LONG)
            .window(TumblingProcessingTimeWindows.of(TEN_SECONDS))
            .aggregate(new Count<>(), new CountRow(), Types.LONG, Types.LONG, ROW);
      case "q13":
        return q13(bids);
      case "q14":
        return bids.filter(b -> b.price * 0.908 > 1_000_000 && b.price * 0.908 < 50_000_000)
            .map(b -> new Object[] {b.auction, b.bidder, Rows.euros(b.price), timeOfDay(b.dateTime), b.dateTime, b.extra, letters(b.extra, 'c')})
            .returns(ROW);
      case "q15":
        return bids.windowAll(TumblingEventTimeWindows.of(DAY))
            .trigger(new EarlyResults(UPDATE_EVERY_MS))
            .aggregate(new Statistics(true), new DayRow(), TypeInformation.of(Statistics.Of.class), TypeInformation.of(Statistics.Of.class), ROW);
      case "q16":
        return bids.keyBy(b -> b.channel, Types.STRING)
            .window(TumblingEventTimeWindows.of(DAY))
            .trigger(new EarlyResults(UPDATE_EVERY_MS))
            .aggregate(new Statistics(true), new ChannelRow(), TypeInformation.of(Statistics.Of.class), TypeInformation.of(Statistics.Of.class), ROW);
      case "q17":
        return bids.keyBy(b -> b.auction, Types.LONG)
            .window(TumblingEventTimeWindows.of(DAY))
            .trigger(new EarlyResults(UPDATE_EVERY_MS))
            .aggregate(new Statistics(false), new AuctionRow(), TypeInformation.of(Statistics.Of.class), TypeInformation.of(Statistics.Of.class), ROW);
      case "q18":
        return q18(bids);
      case "q19":
        return q19(bids);
      case "q20":
        return q20(bids, auctions(events));
      case "q21":
        return q21(bids);
      case "q22":
        return bids.map(b -> {
              String[] parts = b.url.split("/", -1);
              return new Object[] {b.auction, b.bidder, b.price, b.channel, part(parts, 3), part(parts, 4), part(parts, 5)};
            })
            .returns(ROW);
      case "q23":
        return q23(bids, persons(events), auctions(events));
      default:
        throw new IllegalArgumentException("no query " + query);
    }
  }

  private static DataStream<Person> persons(DataStream<Event> events) {
    return events.filter(e -> e.person != null).map(e -> e.person).returns(Person.class);
  }

  private static DataStream<Auction> auctions(DataStream<Event> events) {
    return events.filter(e -> e.auction != null).map(e -> e.auction).returns(Auction.class);
  }

  private static DataStream<Object[]> q3(DataStream<Person> persons, DataStream<Auction> auctions) {
    return auctions.filter(a -> a.category == 10).keyBy(a -> a.seller, Types.LONG)
        .connect(
            persons.filter(p -> p.state.equals("OR") || p.state.equals("ID") || p.state.equals("CA"))
                .keyBy(p -> p.id, Types.LONG))
        .process(
            new KeyedCoProcessFunction<Long, Auction, Person, Object[]>() {
              private transient ValueState<Person> seller;
              private transient ListState<Auction> early;

              @Override
              public void open(OpenContext context) {
                seller = getRuntimeContext().getState(new ValueStateDescriptor<>("seller", Person.class));
                early = getRuntimeContext().getListState(new ListStateDescriptor<>("early", Auction.class));
              }

              @Override
              public void processElement1(Auction auction, Context context, Collector<Object[]> out) throws Exception {
                Person person = seller.value();
                if (person == null) early.add(auction);
                else out.collect(row(person, auction));
              }

              @Override
              public void processElement2(Person person, Context context, Collector<Object[]> out) throws Exception {
                seller.update(person);
                for (Auction auction : early.get()) out.collect(row(person, auction));
                early.clear();
              }

              private Object[] row(Person person, Auction auction) {
                return new Object[] {person.name, person.city, person.state, auction.id};
              }
            })
        .returns(ROW);
  }

  /** As winning-bids.ts. */
  private static SingleOutputStreamOperator<Tuple2<Auction, Bid>> winning(
      DataStream<Auction> auctions, DataStream<Bid> bids) {
    return auctions.keyBy(a -> a.id, Types.LONG)
        .connect(bids.keyBy(b -> b.auction, Types.LONG))
        .process(new Winning())
        .returns(Types.TUPLE(TypeInformation.of(Auction.class), TypeInformation.of(Bid.class)));
  }

  private static final class Winning
      extends KeyedCoProcessFunction<Long, Auction, Bid, Tuple2<Auction, Bid>> {
    private transient ValueState<Auction> open;
    private transient ValueState<Bid> best;
    private transient ListState<Bid> early;

    @Override
    public void open(OpenContext context) {
      open = getRuntimeContext().getState(new ValueStateDescriptor<>("auction", Auction.class));
      best = getRuntimeContext().getState(new ValueStateDescriptor<>("best", Bid.class));
      early = getRuntimeContext().getListState(new ListStateDescriptor<>("early", Bid.class));
    }

    @Override
    public void processElement1(Auction auction, Context context, Collector<Tuple2<Auction, Bid>> out) throws Exception {
      if (auction.expires <= context.timerService().currentWatermark()) return;
      context.timerService().registerEventTimeTimer(auction.expires);
      open.update(auction);
      for (Bid bid : early.get()) {
        if (bid.dateTime != auction.expires) context.timerService().deleteEventTimeTimer(bid.dateTime);
        offer(auction, bid);
      }
      early.clear();
    }

    @Override
    public void processElement2(Bid bid, Context context, Collector<Tuple2<Auction, Bid>> out) throws Exception {
      Auction auction = open.value();
      if (auction != null) {
        offer(auction, bid);
      } else if (bid.dateTime > context.timerService().currentWatermark()) {
        context.timerService().registerEventTimeTimer(bid.dateTime);
        early.add(bid);
      }
    }

    @Override
    public void onTimer(long time, OnTimerContext context, Collector<Tuple2<Auction, Bid>> out) throws Exception {
      Auction auction = open.value();
      if (auction == null) {
        List<Bid> left = new ArrayList<>();
        for (Bid bid : early.get()) if (bid.dateTime > time) left.add(bid);
        early.update(left);
        return;
      }
      if (time < auction.expires) return;
      Bid bid = best.value();
      if (bid != null) out.collect(Tuple2.of(auction, bid));
      open.clear();
      best.clear();
    }

    private void offer(Auction auction, Bid bid) throws Exception {
      if (bid.dateTime < auction.dateTime || bid.dateTime > auction.expires) return;
      Bid other = best.value();
      if (other == null || bid.price > other.price || (bid.price == other.price && bid.dateTime < other.dateTime))
        best.update(bid);
    }
  }

  private static DataStream<Object[]> q4(DataStream<Tuple2<Auction, Bid>> sales) {
    return sales.keyBy(s -> s.f0.category, Types.LONG)
        .process(
            new KeyedProcessFunction<Long, Tuple2<Auction, Bid>, Object[]>() {
              private transient ValueState<long[]> sum;

              @Override
              public void open(OpenContext context) {
                sum = getRuntimeContext().getState(new ValueStateDescriptor<>("sum", long[].class));
              }

              @Override
              public void processElement(Tuple2<Auction, Bid> sale, Context context, Collector<Object[]> out) throws Exception {
                long[] sumAndCount = sum.value();
                if (sumAndCount == null) sumAndCount = new long[2];
                sumAndCount[0] += sale.f1.price;
                sumAndCount[1]++;
                sum.update(sumAndCount);
                out.collect(new Object[] {context.getCurrentKey(), sumAndCount[0] / sumAndCount[1]});
              }
            })
        .returns(ROW);
  }

  private static DataStream<Object[]> q5(DataStream<Bid> bids) {
    return bids.keyBy(b -> b.auction, Types.LONG)
        .window(SlidingEventTimeWindows.of(TEN_SECONDS, Duration.ofSeconds(2)))
        .aggregate(new Count<>(), new CountRow(), Types.LONG, Types.LONG, ROW)
        .windowAll(TumblingEventTimeWindows.of(Duration.ofSeconds(2)))
        .aggregate(
            new Most<>(row -> (Long) row[1]), Types.GENERIC(ArrayList.class), Types.GENERIC(ArrayList.class))
        .flatMap((ArrayList most, Collector<Object[]> out) -> {
          for (Object row : most) out.collect((Object[]) row);
        })
        .returns(ROW);
  }

  private static DataStream<Object[]> q6(DataStream<Tuple2<Auction, Bid>> sales) {
    return sales.keyBy(s -> s.f0.seller, Types.LONG)
        .process(
            new KeyedProcessFunction<Long, Tuple2<Auction, Bid>, Object[]>() {
              private transient ValueState<ArrayList> closings;

              @Override
              public void open(OpenContext context) {
                closings = getRuntimeContext().getState(new ValueStateDescriptor<>("closings", Types.GENERIC(ArrayList.class)));
              }

              @Override
              @SuppressWarnings("unchecked")
              public void processElement(Tuple2<Auction, Bid> sale, Context context, Collector<Object[]> out) throws Exception {
                ArrayList<long[]> all = closings.value();
                if (all == null) all = new ArrayList<>();
                long[] closing = {sale.f1.dateTime, sale.f0.id, sale.f1.price};
                int at = all.size();
                while (at > 0 && before(closing, all.get(at - 1))) at--;
                all.add(at, closing);
                closings.update(all);
                int end = Math.min(at + 11, all.size());
                for (; at < end; at++) {
                  int first = Math.max(0, at - 10);
                  long sum = 0;
                  for (int i = first; i <= at; i++) sum += all.get(i)[2];
                  out.collect(new Object[] {all.get(at)[1], context.getCurrentKey(), sum / (at - first + 1)});
                }
              }

              private boolean before(long[] a, long[] b) {
                return a[0] == b[0] ? a[1] < b[1] : a[0] < b[0];
              }
            })
        .returns(ROW);
  }

  private static DataStream<Object[]> q7(DataStream<Bid> bids) {
    DataStream<ArrayList> highest =
        bids.windowAll(TumblingEventTimeWindows.of(TEN_SECONDS))
            .aggregate(new Most<>(bid -> bid.price), Types.GENERIC(ArrayList.class), Types.GENERIC(ArrayList.class));
    DataStream<Bid> inside =
        highest.flatMap((ArrayList most, Collector<Bid> out) -> {
              for (Object bid : most) out.collect((Bid) bid);
            })
            .returns(Bid.class);
    DataStream<Bid> atTheEnd =
        bids.filter(b -> b.dateTime % 10_000 == 0).keyBy(b -> b.dateTime, Types.LONG)
            .connect(highest.map(most -> (Bid) most.get(0)).returns(Bid.class)
                .keyBy(b -> b.dateTime / 10_000 * 10_000 + 10_000, Types.LONG))
            .process(new HighestAtTheEnd())
            .returns(Bid.class);
    return inside.union(atTheEnd)
        .map(b -> new Object[] {b.auction, b.price, b.bidder, b.dateTime, b.extra})
        .returns(ROW);
  }

  private static final class HighestAtTheEnd extends KeyedCoProcessFunction<Long, Bid, Bid, Bid> {
    private transient ListState<Bid> waiting;
    private transient ValueState<Long> highest;

    @Override
    public void open(OpenContext context) {
      waiting = getRuntimeContext().getListState(new ListStateDescriptor<>("bids", Bid.class));
      highest = getRuntimeContext().getState(new ValueStateDescriptor<>("highest", Long.class));
    }

    @Override
    public void processElement1(Bid bid, Context context, Collector<Bid> out) throws Exception {
      waiting.add(bid);
    }

    @Override
    public void processElement2(Bid most, Context context, Collector<Bid> out) throws Exception {
      highest.update(most.price);
      context.timerService().registerEventTimeTimer(context.getCurrentKey());
    }

    @Override
    public void onTimer(long time, OnTimerContext context, Collector<Bid> out) throws Exception {
      for (Bid bid : waiting.get()) if (bid.price == highest.value()) out.collect(bid);
      waiting.clear();
      highest.clear();
    }
  }

  private static DataStream<Object[]> q8(DataStream<Person> persons, DataStream<Auction> auctions) {
    return persons.coGroup(auctions.map(a -> a.seller).returns(Types.LONG))
        .where(p -> p.id, Types.LONG)
        .equalTo(seller -> seller, Types.LONG)
        .window(TumblingEventTimeWindows.of(TEN_SECONDS))
        .apply(
            (Iterable<Person> registered, Iterable<Long> opened, Collector<Object[]> out) -> {
              if (!opened.iterator().hasNext()) return;
              for (Person p : registered) out.collect(new Object[] {p.id, p.name, p.dateTime / 10_000 * 10_000});
            },
            ROW);
  }

  private static DataStream<Object[]> q13(DataStream<Bid> bids) {
    return bids.map(
            new org.apache.flink.api.common.functions.RichMapFunction<Bid, Object[]>() {
              private transient Map<Long, String> side;

              @Override
              public void open(OpenContext context) {
                side = new HashMap<>();
                for (long i = 0; i < 10_000; i++) side.put(i, Long.toString(i));
              }

              @Override
              public Object[] map(Bid b) {
                return new Object[] {b.auction, b.bidder, b.price, b.dateTime, side.get(b.auction % 10_000)};
              }
            })
        .returns(ROW);
  }

  private static DataStream<Object[]> q18(DataStream<Bid> bids) {
    return bids.keyBy(b -> Tuple2.of(b.bidder, b.auction), Types.TUPLE(Types.LONG, Types.LONG))
        .process(
            new KeyedProcessFunction<Tuple2<Long, Long>, Bid, Object[]>() {
              private transient ValueState<Long> latest;

              @Override
              public void open(OpenContext context) {
                latest = getRuntimeContext().getState(new ValueStateDescriptor<>("latest", Long.class));
              }

              @Override
              public void processElement(Bid bid, Context context, Collector<Object[]> out) throws Exception {
                Long last = latest.value();
                if (last != null && last > bid.dateTime) return;
                latest.update(bid.dateTime);
                out.collect(bidCells(bid));
              }
            })
        .returns(ROW);
  }

  private static DataStream<Object[]> q19(DataStream<Bid> bids) {
    return bids.keyBy(b -> b.auction, Types.LONG)
        .process(
            new KeyedProcessFunction<Long, Bid, Object[]>() {
              private transient ValueState<ArrayList> highest;

              @Override
              public void open(OpenContext context) {
                highest = getRuntimeContext().getState(new ValueStateDescriptor<>("highest", Types.GENERIC(ArrayList.class)));
              }

              @Override
              @SuppressWarnings("unchecked")
              public void processElement(Bid bid, Context context, Collector<Object[]> out) throws Exception {
                ArrayList<Bid> top = highest.value();
                if (top == null) top = new ArrayList<>();
                int at = top.size();
                while (at > 0 && top.get(at - 1).price < bid.price) at--;
                if (at == 10) return;
                top.add(at, bid);
                if (top.size() > 10) top.remove(10);
                highest.update(top);
                for (; at < top.size(); at++) out.collect(concat(bidCells(top.get(at)), (long) at + 1));
              }
            })
        .returns(ROW);
  }

  private static DataStream<Object[]> q20(DataStream<Bid> bids, DataStream<Auction> auctions) {
    return bids.keyBy(b -> b.auction, Types.LONG)
        .connect(auctions.keyBy(a -> a.id, Types.LONG))
        .process(
            new KeyedCoProcessFunction<Long, Bid, Auction, Object[]>() {
              private transient ValueState<Auction> known;
              private transient ListState<Bid> early;

              @Override
              public void open(OpenContext context) {
                known = getRuntimeContext().getState(new ValueStateDescriptor<>("auction", Auction.class));
                early = getRuntimeContext().getListState(new ListStateDescriptor<>("early", Bid.class));
              }

              @Override
              public void processElement1(Bid bid, Context context, Collector<Object[]> out) throws Exception {
                Auction auction = known.value();
                if (auction == null) early.add(bid);
                else if (auction.category == 10) out.collect(row(bid, auction));
              }

              @Override
              public void processElement2(Auction auction, Context context, Collector<Object[]> out) throws Exception {
                known.update(auction);
                if (auction.category == 10) for (Bid bid : early.get()) out.collect(row(bid, auction));
                early.clear();
              }

              private Object[] row(Bid bid, Auction a) {
                return concat(bidCells(bid), a.itemName, a.description, a.initialBid, a.reserve, a.dateTime, a.expires, a.seller, a.category, a.extra);
              }
            })
        .returns(ROW);
  }

  private static final Pattern CHANNEL_ID = Pattern.compile("[&?]channel_id=([^&]*)");

  private static DataStream<Object[]> q21(DataStream<Bid> bids) {
    return bids.flatMap(
            (Bid b, Collector<Object[]> out) -> {
              String id = channelId(b);
              if (id != null) out.collect(new Object[] {b.auction, b.bidder, b.price, b.channel, id});
            })
        .returns(ROW);
  }

  private static String channelId(Bid bid) {
    switch (bid.channel.toLowerCase()) {
      case "apple":
        return "0";
      case "google":
        return "1";
      case "facebook":
        return "2";
      case "baidu":
        return "3";
      default:
        Matcher matcher = CHANNEL_ID.matcher(bid.url);
        return matcher.find() ? matcher.group(1) : null;
    }
  }

  private static DataStream<Object[]> q23(DataStream<Bid> bids, DataStream<Person> persons, DataStream<Auction> auctions) {
    DataStream<Event> others =
        persons.map(p -> { Event e = new Event(); e.person = p; return e; }).returns(Event.class)
            .union(auctions.map(a -> { Event e = new Event(); e.auction = a; return e; }).returns(Event.class));
    return bids.keyBy(b -> b.bidder, Types.LONG)
        .connect(others.keyBy(e -> e.person != null ? e.person.id : e.auction.seller, Types.LONG))
        .process(new BiddersWhoSell())
        .returns(ROW);
  }

  private static final class BiddersWhoSell extends KeyedCoProcessFunction<Long, Bid, Event, Object[]> {
    private transient ValueState<Person> person;
    private transient ListState<Auction> auctions;
    private transient ListState<Bid> bids;

    @Override
    public void open(OpenContext context) {
      person = getRuntimeContext().getState(new ValueStateDescriptor<>("person", Person.class));
      auctions = getRuntimeContext().getListState(new ListStateDescriptor<>("auctions", Auction.class));
      bids = getRuntimeContext().getListState(new ListStateDescriptor<>("bids", Bid.class));
    }

    @Override
    public void processElement1(Bid bid, Context context, Collector<Object[]> out) throws Exception {
      bids.add(bid);
      Person bidder = person.value();
      if (bidder == null) return;
      for (Auction auction : auctions.get()) out.collect(row(bid, bidder, auction));
    }

    @Override
    public void processElement2(Event event, Context context, Collector<Object[]> out) throws Exception {
      if (event.auction != null) {
        auctions.add(event.auction);
        Person bidder = person.value();
        if (bidder == null) return;
        for (Bid bid : bids.get()) out.collect(row(bid, bidder, event.auction));
        return;
      }
      person.update(event.person);
      for (Bid bid : bids.get())
        for (Auction auction : auctions.get()) out.collect(row(bid, event.person, auction));
    }

    private Object[] row(Bid b, Person p, Auction a) {
      return new Object[] {
        b.bidder, b.price, b.channel, b.url, b.extra, p.id, p.name, p.emailAddress, p.creditCard, p.city, p.state, p.extra,
        a.itemName, a.description, a.initialBid, a.reserve, a.dateTime, a.expires, a.seller, a.category, a.extra
      };
    }
  }

  private static Object[] bidCells(Bid b) {
    return new Object[] {b.auction, b.bidder, b.price, b.channel, b.url, b.dateTime, b.extra};
  }

  private static Object[] auctionCells(Auction a) {
    return new Object[] {a.id, a.itemName, a.description, a.initialBid, a.reserve, a.dateTime, a.expires, a.seller, a.category, a.extra};
  }

  private static Object[] concat(Object[] first, Object... rest) {
    Object[] all = java.util.Arrays.copyOf(first, first.length + rest.length);
    System.arraycopy(rest, 0, all, first.length, rest.length);
    return all;
  }

  private static String part(String[] parts, int at) {
    return at < parts.length ? parts[at] : "";
  }

  private static String timeOfDay(long time) {
    long hour = time % 86_400_000 / 3_600_000;
    if (hour >= 8 && hour <= 18) return "dayTime";
    return hour <= 6 || hour >= 20 ? "nightTime" : "otherTime";
  }

  private static long letters(String text, char letter) {
    long found = 0;
    for (int at = 0; at < text.length(); at++) if (text.charAt(at) == letter) found++;
    return found;
  }

  private static final class Count<T> implements AggregateFunction<T, Long, Long> {
    @Override
    public Long createAccumulator() {
      return 0L;
    }

    @Override
    public Long add(T value, Long count) {
      return count + 1;
    }

    @Override
    public Long getResult(Long count) {
      return count;
    }

    @Override
    public Long merge(Long a, Long b) {
      return a + b;
    }
  }

  private static final class CountRow extends ProcessWindowFunction<Long, Object[], Long, TimeWindow> {
    @Override
    public void process(Long key, Context context, Iterable<Long> counts, Collector<Object[]> out) {
      out.collect(new Object[] {key, counts.iterator().next(), context.window().getStart(), context.window().getEnd()});
    }
  }

  private interface ValueOf<T> extends java.io.Serializable {
    long of(T value);
  }

  /** All records with the largest value. */
  private static final class Most<T> implements AggregateFunction<T, ArrayList, ArrayList> {
    private final ValueOf<T> valueOf;

    Most(ValueOf<T> valueOf) {
      this.valueOf = valueOf;
    }

    @Override
    public ArrayList createAccumulator() {
      return new ArrayList<T>();
    }

    @Override
    @SuppressWarnings("unchecked")
    public ArrayList add(T record, ArrayList most) {
      if (!most.isEmpty()) {
        long largest = valueOf.of((T) most.get(0));
        long value = valueOf.of(record);
        if (value < largest) return most;
        if (value > largest) most.clear();
      }
      most.add(record);
      return most;
    }

    @Override
    public ArrayList getResult(ArrayList most) {
      return most;
    }

    @Override
    @SuppressWarnings("unchecked")
    public ArrayList merge(ArrayList a, ArrayList b) {
      for (Object record : b) add((T) record, a);
      return a;
    }
  }

  private static final class DayRow extends ProcessAllWindowFunction<Statistics.Of, Object[], TimeWindow> {
    @Override
    public void process(Context context, Iterable<Statistics.Of> found, Collector<Object[]> out) {
      Statistics.Of statistics = found.iterator().next();
      out.collect(concat(new Object[] {Rows.day(context.window().getStart())}, statistics.countsAndIds()));
    }
  }

  private static final class ChannelRow extends ProcessWindowFunction<Statistics.Of, Object[], String, TimeWindow> {
    @Override
    public void process(String channel, Context context, Iterable<Statistics.Of> found, Collector<Object[]> out) {
      Statistics.Of statistics = found.iterator().next();
      Object[] first = {channel, Rows.day(context.window().getStart()), Rows.minute(statistics.latest)};
      out.collect(concat(first, statistics.countsAndIds()));
    }
  }

  private static final class AuctionRow extends ProcessWindowFunction<Statistics.Of, Object[], Long, TimeWindow> {
    @Override
    public void process(Long auction, Context context, Iterable<Statistics.Of> found, Collector<Object[]> out) {
      Statistics.Of s = found.iterator().next();
      out.collect(
          new Object[] {
            auction, Rows.day(context.window().getStart()), s.bids[0], s.bids[1], s.bids[2], s.bids[3],
            s.lowest, s.highest, s.sum / s.bids[0], s.sum
          });
    }
  }
}
