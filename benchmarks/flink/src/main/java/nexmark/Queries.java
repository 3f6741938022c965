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
import org.apache.flink.api.java.functions.KeySelector;
import org.apache.flink.api.java.tuple.Tuple;
import org.apache.flink.api.java.tuple.Tuple10;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.api.java.tuple.Tuple3;
import org.apache.flink.api.java.tuple.Tuple4;
import org.apache.flink.api.java.tuple.Tuple5;
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
  private static final TypeInformation<Tuple2<Long, Long>> LONGS_2 = Types.TUPLE(Types.LONG, Types.LONG);
  private static final TypeInformation<Tuple3<Long, Long, Long>> LONGS_3 = Types.TUPLE(Types.LONG, Types.LONG, Types.LONG);
  private static final TypeInformation<Tuple4<Long, Long, Long, Long>> LONGS_4 =
      Types.TUPLE(Types.LONG, Types.LONG, Types.LONG, Types.LONG);
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
        return q4(winning(terms(auctions(events), a -> a.category), LONGS_4, offers(bids), LONGS_3));
      case "q5":
        return q5(bids);
      case "q6":
        return q6(winning(terms(auctions(events), a -> a.seller), LONGS_4, offers(bids), LONGS_3));
      case "q7":
        return q7(bids);
      case "q8":
        return q8(persons(events), auctions(events));
      case "q9":
        return q9(auctions(events), bids);
      case "q11":
        return bids.map(b -> b.bidder).returns(Types.LONG)
            .keyBy(bidder -> bidder, Types.LONG)
            .window(EventTimeSessionWindows.withGap(TEN_SECONDS))
            .aggregate(new Count<>(), new CountRow(), Types.LONG, Types.LONG, ROW);
      case "q12":
        return bids.map(b -> b.bidder).returns(Types.LONG)
            .keyBy(bidder -> bidder, Types.LONG)
            .window(TumblingProcessingTimeWindows.of(TEN_SECONDS))
            .aggregate(new Count<>(), new CountRow(), Types.LONG, Types.LONG, ROW);
      case "q13":
        return q13(bids);
      case "q14":
        return bids.filter(b -> b.price * 0.908 > 1_000_000 && b.price * 0.908 < 50_000_000)
            .map(b -> new Object[] {b.auction, b.bidder, Rows.euros(b.price), timeOfDay(b.dateTime), b.dateTime, b.extra, letters(b.extra, 'c')})
            .returns(ROW);
      case "q15":
        return bids.map(b -> Tuple3.of(b.price, b.auction, b.bidder)).returns(LONGS_3)
            .windowAll(TumblingEventTimeWindows.of(DAY))
            .trigger(new EarlyResults(UPDATE_EVERY_MS))
            .aggregate(new Statistics<>(Statistics.Kind.IDS), new DayRow(), TypeInformation.of(Statistics.Of.class), TypeInformation.of(Statistics.Of.class), ROW);
      case "q16":
        return bids.map(b -> Tuple5.of(b.price, b.auction, b.bidder, b.dateTime, b.channel))
            .returns(Types.TUPLE(Types.LONG, Types.LONG, Types.LONG, Types.LONG, Types.STRING))
            .keyBy(b -> b.f4, Types.STRING)
            .window(TumblingEventTimeWindows.of(DAY))
            .trigger(new EarlyResults(UPDATE_EVERY_MS))
            .aggregate(new Statistics<>(Statistics.Kind.IDS_AND_LATEST), new ChannelRow(), TypeInformation.of(Statistics.Of.class), TypeInformation.of(Statistics.Of.class), ROW);
      case "q17":
        return bids.map(b -> Tuple2.of(b.price, b.auction)).returns(LONGS_2)
            .keyBy(b -> b.f1, Types.LONG)
            .window(TumblingEventTimeWindows.of(DAY))
            .trigger(new EarlyResults(UPDATE_EVERY_MS))
            .aggregate(new Statistics<>(Statistics.Kind.PRICES), new AuctionRow(), TypeInformation.of(Statistics.Of.class), TypeInformation.of(Statistics.Of.class), ROW);
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
              int first = 0;
              for (int slash = 0; slash < 3; slash++) first = behindSlash(b.url, first);
              int second = behindSlash(b.url, first);
              int third = behindSlash(b.url, second);
              int end = behindSlash(b.url, third);
              return new Object[] {b.auction, b.bidder, b.price, b.channel, part(b.url, first, second), part(b.url, second, third), part(b.url, third, end)};
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
    TypeInformation<Tuple4<Long, String, String, String>> seller =
        Types.TUPLE(Types.LONG, Types.STRING, Types.STRING, Types.STRING);
    return auctions.filter(a -> a.category == 10)
        .map(a -> Tuple2.of(a.id, a.seller)).returns(LONGS_2)
        .keyBy(a -> a.f1, Types.LONG)
        .connect(
            persons.filter(p -> p.state.equals("OR") || p.state.equals("ID") || p.state.equals("CA"))
                .map(p -> Tuple4.of(p.id, p.name, p.city, p.state)).returns(seller)
                .keyBy(p -> p.f0, Types.LONG))
        .process(new Sellers(seller))
        .returns(ROW);
  }

  private static final class Sellers
      extends KeyedCoProcessFunction<Long, Tuple2<Long, Long>, Tuple4<Long, String, String, String>, Object[]> {
    private final TypeInformation<Tuple4<Long, String, String, String>> type;
    private transient ValueState<Tuple4<Long, String, String, String>> seller;
    private transient ListState<Long> early;

    Sellers(TypeInformation<Tuple4<Long, String, String, String>> type) {
      this.type = type;
    }

    @Override
    public void open(OpenContext context) {
      seller = getRuntimeContext().getState(new ValueStateDescriptor<>("seller", type));
      early = getRuntimeContext().getListState(new ListStateDescriptor<>("early", Types.LONG));
    }

    @Override
    public void processElement1(Tuple2<Long, Long> auction, Context context, Collector<Object[]> out) throws Exception {
      Tuple4<Long, String, String, String> person = seller.value();
      if (person == null) early.add(auction.f0);
      else out.collect(row(person, auction.f0));
    }

    @Override
    public void processElement2(Tuple4<Long, String, String, String> person, Context context, Collector<Object[]> out)
        throws Exception {
      seller.update(person);
      for (Long auction : early.get()) out.collect(row(person, auction));
      early.clear();
    }

    private Object[] row(Tuple4<Long, String, String, String> person, Long auction) {
      return new Object[] {person.f1, person.f2, person.f3, auction};
    }
  }

  /** What must be known of auctions to find winners: id, begin and end, and what the result is added to. */
  private static DataStream<Tuple4<Long, Long, Long, Long>> terms(
      DataStream<Auction> auctions, KeySelector<Auction, Long> groupOf) {
    return auctions.map(a -> Tuple4.of(a.id, a.dateTime, a.expires, groupOf.getKey(a))).returns(LONGS_4);
  }

  /** What must be known of bids for that: auction, price and time. */
  private static DataStream<Tuple3<Long, Long, Long>> offers(DataStream<Bid> bids) {
    return bids.map(b -> Tuple3.of(b.auction, b.price, b.dateTime)).returns(LONGS_3);
  }

  /** As winning-bids.ts. Auctions begin with id, begin and end, bids with auction, price and time. */
  private static <A extends Tuple, B extends Tuple> SingleOutputStreamOperator<Tuple2<A, B>> winning(
      DataStream<A> auctions, TypeInformation<A> auctionType, DataStream<B> bids, TypeInformation<B> bidType) {
    return auctions.keyBy(a -> a.<Long>getField(0), Types.LONG)
        .connect(bids.keyBy(b -> b.<Long>getField(0), Types.LONG))
        .process(new Winning<A, B>(bidType))
        .returns(Types.TUPLE(auctionType, bidType));
  }

  /** An auction that is not over, and the best bid so far; null: none. */
  public static final class Open<A, B> {
    public A auction;
    public B best;

    Open(A auction, B best) {
      this.auction = auction;
      this.best = best;
    }
  }

  private static final class Winning<A extends Tuple, B extends Tuple>
      extends KeyedCoProcessFunction<Long, A, B, Tuple2<A, B>> {
    private final TypeInformation<B> bidType;
    private transient ValueState<Open<A, B>> open;
    /** A timer waits at the time of the first. */
    private transient ListState<B> early;

    Winning(TypeInformation<B> bidType) {
      this.bidType = bidType;
    }

    @Override
    @SuppressWarnings("unchecked")
    public void open(OpenContext context) {
      open = getRuntimeContext().getState(new ValueStateDescriptor<Open<A, B>>("open", (Class<Open<A, B>>) (Class<?>) Open.class));
      early = getRuntimeContext().getListState(new ListStateDescriptor<>("early", bidType));
    }

    @Override
    public void processElement1(A auction, Context context, Collector<Tuple2<A, B>> out) throws Exception {
      long expires = auction.<Long>getField(2);
      if (expires <= context.timerService().currentWatermark()) return;
      context.timerService().registerEventTimeTimer(expires);
      B best = null;
      B first = null;
      for (B bid : early.get()) {
        if (first == null) first = bid;
        if (wins(auction, bid, best)) best = bid;
      }
      open.update(new Open<>(auction, best));
      if (first == null) return;
      if (timeOf(first) != expires) context.timerService().deleteEventTimeTimer(timeOf(first));
      early.clear();
    }

    @Override
    public void processElement2(B bid, Context context, Collector<Tuple2<A, B>> out) throws Exception {
      Open<A, B> auction = open.value();
      if (auction != null) {
        if (!wins(auction.auction, bid, auction.best)) return;
        auction.best = bid;
        open.update(auction);
      } else if (timeOf(bid) > context.timerService().currentWatermark()) {
        if (!early.get().iterator().hasNext()) context.timerService().registerEventTimeTimer(timeOf(bid));
        early.add(bid);
      }
    }

    @Override
    public void onTimer(long time, OnTimerContext context, Collector<Tuple2<A, B>> out) throws Exception {
      Open<A, B> auction = open.value();
      if (auction == null) {
        List<B> left = new ArrayList<>();
        for (B bid : early.get()) if (timeOf(bid) > time) left.add(bid);
        early.update(left);
        if (!left.isEmpty()) context.timerService().registerEventTimeTimer(timeOf(left.get(0)));
        return;
      }
      if (time < auction.auction.<Long>getField(2)) return;
      if (auction.best != null) out.collect(Tuple2.of(auction.auction, auction.best));
      open.clear();
    }

    private boolean wins(A auction, B bid, B best) {
      // Most lose by their price, which needs no look at the auction.
      if (best != null && priceOf(bid) < priceOf(best)) return false;
      long time = timeOf(bid);
      if (time < auction.<Long>getField(1) || time > auction.<Long>getField(2)) return false;
      return best == null || priceOf(bid) > priceOf(best) || time < timeOf(best);
    }

    private long priceOf(B bid) {
      return bid.<Long>getField(1);
    }

    private long timeOf(B bid) {
      return bid.<Long>getField(2);
    }
  }

  private static DataStream<Object[]> q9(DataStream<Auction> auctions, DataStream<Bid> bids) {
    TypeInformation<Tuple10<Long, Long, Long, String, String, Long, Long, Long, Long, String>> auctionType =
        Types.TUPLE(
            Types.LONG, Types.LONG, Types.LONG, Types.STRING, Types.STRING,
            Types.LONG, Types.LONG, Types.LONG, Types.LONG, Types.STRING);
    TypeInformation<Tuple5<Long, Long, Long, Long, String>> bidType =
        Types.TUPLE(Types.LONG, Types.LONG, Types.LONG, Types.LONG, Types.STRING);
    return winning(
            auctions
                .map(a -> Tuple10.of(
                    a.id, a.dateTime, a.expires, a.itemName, a.description, a.initialBid, a.reserve, a.seller, a.category, a.extra))
                .returns(auctionType),
            auctionType,
            bids.map(b -> Tuple5.of(b.auction, b.price, b.dateTime, b.bidder, b.extra)).returns(bidType),
            bidType)
        .map(sale -> {
          var a = sale.f0;
          var b = sale.f1;
          return new Object[] {
            a.f0, a.f3, a.f4, a.f5, a.f6, a.f1, a.f2, a.f7, a.f8, a.f9, b.f0, b.f3, b.f1, b.f2, b.f4
          };
        })
        .returns(ROW);
  }

  private static DataStream<Object[]> q4(DataStream<Tuple2<Tuple4<Long, Long, Long, Long>, Tuple3<Long, Long, Long>>> sales) {
    return sales.map(s -> Tuple2.of(s.f0.f3, s.f1.f1)).returns(LONGS_2)
        .keyBy(s -> s.f0, Types.LONG)
        .process(
            new KeyedProcessFunction<Long, Tuple2<Long, Long>, Object[]>() {
              private transient ValueState<long[]> sum;

              @Override
              public void open(OpenContext context) {
                sum = getRuntimeContext().getState(new ValueStateDescriptor<>("sum", long[].class));
              }

              @Override
              public void processElement(Tuple2<Long, Long> sale, Context context, Collector<Object[]> out) throws Exception {
                long[] sumAndCount = sum.value();
                if (sumAndCount == null) sumAndCount = new long[2];
                sumAndCount[0] += sale.f1;
                sumAndCount[1]++;
                sum.update(sumAndCount);
                out.collect(new Object[] {context.getCurrentKey(), sumAndCount[0] / sumAndCount[1]});
              }
            })
        .returns(ROW);
  }

  private static DataStream<Object[]> q5(DataStream<Bid> bids) {
    return bids.map(b -> b.auction).returns(Types.LONG)
        .keyBy(auction -> auction, Types.LONG)
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

  private static DataStream<Object[]> q6(DataStream<Tuple2<Tuple4<Long, Long, Long, Long>, Tuple3<Long, Long, Long>>> sales) {
    return sales.map(s -> Tuple4.of(s.f0.f3, s.f1.f2, s.f0.f0, s.f1.f1)).returns(LONGS_4)
        .keyBy(s -> s.f0, Types.LONG)
        .process(
            new KeyedProcessFunction<Long, Tuple4<Long, Long, Long, Long>, Object[]>() {
              private transient ValueState<ArrayList> closings;

              @Override
              public void open(OpenContext context) {
                closings = getRuntimeContext().getState(new ValueStateDescriptor<>("closings", Types.GENERIC(ArrayList.class)));
              }

              @Override
              @SuppressWarnings("unchecked")
              public void processElement(Tuple4<Long, Long, Long, Long> sale, Context context, Collector<Object[]> out) throws Exception {
                ArrayList<long[]> all = closings.value();
                if (all == null) all = new ArrayList<>();
                long[] closing = {sale.f1, sale.f2, sale.f3};
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
    TypeInformation<Shown> type = TypeInformation.of(Shown.class);
    DataStream<Shown> shown = bids.map(Shown::of).returns(type);
    DataStream<ArrayList> highest =
        shown.windowAll(TumblingEventTimeWindows.of(TEN_SECONDS))
            .aggregate(new Most<Shown>(bid -> bid.price), Types.GENERIC(ArrayList.class), Types.GENERIC(ArrayList.class));
    DataStream<Shown> inside =
        highest.flatMap((ArrayList most, Collector<Shown> out) -> {
              for (Object bid : most) out.collect((Shown) bid);
            })
            .returns(type);
    DataStream<Shown> atTheEnd =
        shown.filter(b -> b.dateTime % 10_000 == 0).keyBy(b -> b.dateTime, Types.LONG)
            .connect(highest.map(most -> (Shown) most.get(0)).returns(type)
                .keyBy(b -> b.dateTime / 10_000 * 10_000 + 10_000, Types.LONG))
            .process(new HighestAtTheEnd())
            .returns(type);
    return inside.union(atTheEnd)
        .map(b -> new Object[] {b.auction, b.price, b.bidder, b.dateTime, b.extra})
        .returns(ROW);
  }

  private static final class HighestAtTheEnd extends KeyedCoProcessFunction<Long, Shown, Shown, Shown> {
    private transient ListState<Shown> waiting;
    private transient ValueState<Long> highest;

    @Override
    public void open(OpenContext context) {
      waiting = getRuntimeContext().getListState(new ListStateDescriptor<>("bids", Shown.class));
      highest = getRuntimeContext().getState(new ValueStateDescriptor<>("highest", Long.class));
    }

    @Override
    public void processElement1(Shown bid, Context context, Collector<Shown> out) throws Exception {
      waiting.add(bid);
    }

    @Override
    public void processElement2(Shown most, Context context, Collector<Shown> out) throws Exception {
      highest.update(most.price);
      context.timerService().registerEventTimeTimer(context.getCurrentKey());
    }

    @Override
    public void onTimer(long time, OnTimerContext context, Collector<Shown> out) throws Exception {
      for (Shown bid : waiting.get()) if (bid.price == highest.value()) out.collect(bid);
      waiting.clear();
      highest.clear();
    }
  }

  /** What the rows of q7 show of a bid. */
  public static final class Shown {
    public long auction;
    public long bidder;
    public long price;
    public long dateTime;
    public String extra;

    static Shown of(Bid bid) {
      Shown shown = new Shown();
      shown.auction = bid.auction;
      shown.bidder = bid.bidder;
      shown.price = bid.price;
      shown.dateTime = bid.dateTime;
      shown.extra = bid.extra;
      return shown;
    }
  }

  private static DataStream<Object[]> q8(DataStream<Person> persons, DataStream<Auction> auctions) {
    return persons.map(p -> Tuple3.of(p.id, p.name, p.dateTime))
        .returns(Types.TUPLE(Types.LONG, Types.STRING, Types.LONG))
        .coGroup(auctions.map(a -> a.seller).returns(Types.LONG))
        .where(p -> p.f0, Types.LONG)
        .equalTo(seller -> seller, Types.LONG)
        .window(TumblingEventTimeWindows.of(TEN_SECONDS))
        .apply(
            (Iterable<Tuple3<Long, String, Long>> registered, Iterable<Long> opened, Collector<Object[]> out) -> {
              if (!opened.iterator().hasNext()) return;
              for (var p : registered) out.collect(new Object[] {p.f0, p.f1, p.f2 / 10_000 * 10_000});
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
                for (; at < top.size(); at++) out.collect(rankedCells(top.get(at), at + 1));
              }
            })
        .returns(ROW);
  }

  private static DataStream<Object[]> q20(DataStream<Bid> bids, DataStream<Auction> auctions) {
    return bids.keyBy(b -> b.auction, Types.LONG)
        .connect(auctions.map(a -> a.category == 10 ? a : onlyId(a)).returns(Auction.class).keyBy(a -> a.id, Types.LONG))
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
                return new Object[] {
                  bid.auction, bid.bidder, bid.price, bid.channel, bid.url, bid.dateTime, bid.extra, a.itemName, a.description,
                  a.initialBid, a.reserve, a.dateTime, a.expires, a.seller, a.category, a.extra
                };
              }
            })
        .returns(ROW);
  }

  /** Of an auction that is not asked for: that it is there. */
  private static Auction onlyId(Auction auction) {
    Auction known = new Auction();
    known.id = auction.id;
    return known;
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

  private static Object[] rankedCells(Bid b, long rank) {
    return new Object[] {b.auction, b.bidder, b.price, b.channel, b.url, b.dateTime, b.extra, rank};
  }

  private static Object[] concat(Object[] first, Object... rest) {
    Object[] all = java.util.Arrays.copyOf(first, first.length + rest.length);
    System.arraycopy(rest, 0, all, first.length, rest.length);
    return all;
  }

  /** Where the part behind the next slash begins; where there is none, behind the end as if one stood there. */
  private static int behindSlash(String url, int from) {
    int at = url.indexOf('/', from);
    return at < 0 ? url.length() + 1 : at + 1;
  }

  /** From a part to the slash in front of the next one. */
  private static String part(String url, int from, int next) {
    return from < next ? url.substring(from, next - 1) : "";
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
