/**
 * The queries of the benchmark in DuckDB's SQL, over a table `events` as a JSON Lines file has them.
 *
 * Each yields the columns of the query in their order, as `Query.columns` names them.
 */

/** Views of the three kinds of events. `n` is the position in the file, which decides ties of arrival. */
export const VIEWS = `
  CREATE VIEW person AS
    SELECT n, person.id, person.name, person.emailAddress, person.creditCard, person.city, person.state,
      person.dateTime, person.extra
    FROM events WHERE event_type = 0;
  CREATE VIEW auction AS
    SELECT n, auction.id, auction.itemName, auction.description, auction.initialBid, auction.reserve,
      auction.dateTime, auction.expires, auction.seller, auction.category, auction.extra
    FROM events WHERE event_type = 1;
  CREATE VIEW bid AS
    SELECT n, bid.auction, bid.bidder, bid.price, bid.channel, bid.url, bid.dateTime, bid.extra
    FROM events WHERE event_type = 2;
  CREATE VIEW winning AS
    SELECT a.id, a.itemName, a.description, a.initialBid, a.reserve, a.dateTime, a.expires, a.seller, a.category, a.extra,
      b.auction, b.bidder, b.price, b.dateTime AS bidDateTime, b.extra AS bidExtra
    FROM auction a JOIN bid b ON b.auction = a.id AND b.dateTime BETWEEN a.dateTime AND a.expires
    QUALIFY row_number() OVER (PARTITION BY a.id ORDER BY b.price DESC, b.dateTime, b.n) = 1;`

const EUROS = `format('{}.{:03d}', price * 908 // 1000, price * 908 % 1000)`
const DAY = `strftime(make_timestamp(dateTime * 1000), '%Y-%m-%d')`
const MINUTE = `strftime(make_timestamp(dateTime * 1000), '%H:%M')`
const HOUR = `hour(make_timestamp(dateTime * 1000))`

/** The same aggregate in total and per class of price. */
function perClass(aggregate: string, suffix: string): string {
  const classes = [
    ['', 'true'],
    ['cheap', 'price < 10000'],
    ['middling', 'price >= 10000 AND price < 1000000'],
    ['dear', 'price >= 1000000'],
  ]
  return classes
    .map(([name, condition]) => {
      const column = name === '' ? suffix.toLowerCase() : `${name}${suffix}`
      return `${aggregate} FILTER (${condition}) AS ${column}`
    })
    .join(', ')
}

const BIDS = perClass('count(*)', 'Bids')
const BIDDERS = perClass('count(DISTINCT bidder)', 'Bidders')
const AUCTIONS = perClass('count(DISTINCT auction)', 'Auctions')

/** By the names of the queries. Query 12 depends on the clock: only its totals can be known. */
export const ANSWERS: Readonly<Record<string, string>> = {
  q0: 'SELECT auction, bidder, price, dateTime, extra FROM bid',
  q1: `SELECT auction, bidder, ${EUROS} AS priceEur, dateTime, extra FROM bid`,
  q2: 'SELECT auction, price FROM bid WHERE auction % 123 = 0',
  q3: `SELECT name, city, state, a.id AS auctionId FROM auction a JOIN person p ON a.seller = p.id
       WHERE category = 10 AND state IN ('OR', 'ID', 'CA')`,
  q4: 'SELECT category, sum(price) // count(*) AS avgFinalPrice FROM winning GROUP BY category',
  q5: `WITH counted AS (
         SELECT auction, count(*) AS num, (dateTime // 2000 - back) * 2000 AS windowStart
         FROM bid, range(5) AS slides(back) GROUP BY ALL)
       SELECT auction, num, windowStart, windowStart + 10000 AS windowEnd FROM counted
       QUALIFY num = max(num) OVER (PARTITION BY windowStart)`,
  q6: `SELECT id AS auctionId, seller,
         CAST(sum(price) OVER last11 // count(*) OVER last11 AS BIGINT) AS avgPrice
       FROM winning
       WINDOW last11 AS (PARTITION BY seller ORDER BY bidDateTime, id ROWS BETWEEN 10 PRECEDING AND CURRENT ROW)`,
  q7: `WITH highest AS (
         SELECT dateTime // 10000 * 10000 + 10000 AS windowEnd, max(price) AS price FROM bid GROUP BY ALL)
       SELECT auction, b.price, bidder, dateTime, extra FROM bid b JOIN highest h
       ON b.price = h.price AND b.dateTime BETWEEN h.windowEnd - 10000 AND h.windowEnd`,
  q8: `SELECT DISTINCT p.id, name, p.dateTime // 10000 * 10000 AS windowStart FROM person p JOIN auction a
       ON a.seller = p.id AND a.dateTime // 10000 = p.dateTime // 10000`,
  q9: 'FROM winning',
  q10: `SELECT auction, bidder, price, dateTime, extra, ${DAY} AS dt, ${MINUTE} AS hm FROM bid`,
  q11: `WITH begun AS (
          SELECT bidder, dateTime, n,
            coalesce(dateTime - lag(dateTime) OVER (PARTITION BY bidder ORDER BY dateTime, n) > 10000, true) AS begins
          FROM bid),
        numbered AS (
          SELECT bidder, dateTime,
            sum(begins::INT) OVER (PARTITION BY bidder ORDER BY dateTime, n ROWS UNBOUNDED PRECEDING) AS session
          FROM begun)
        SELECT bidder, count(*) AS count, min(dateTime) AS start, max(dateTime) + 10000 AS "end"
        FROM numbered GROUP BY bidder, session`,
  q13: `SELECT auction, bidder, price, dateTime, CAST(auction % 10000 AS VARCHAR) AS value FROM bid`,
  q14: `SELECT auction, bidder, ${EUROS} AS priceEur,
          CASE WHEN ${HOUR} BETWEEN 8 AND 18 THEN 'dayTime' WHEN ${HOUR} <= 6 OR ${HOUR} >= 20 THEN 'nightTime'
            ELSE 'otherTime' END AS bidTimeType,
          dateTime, extra, length(extra) - length(replace(extra, 'c', '')) AS cCounts
        FROM bid WHERE price * 908 > 1000000 * 1000 AND price * 908 < 50000000::BIGINT * 1000`,
  q15: `SELECT ${DAY} AS day, ${BIDS}, ${BIDDERS}, ${AUCTIONS} FROM bid GROUP BY day`,
  q16: `SELECT channel, ${DAY} AS day, max(${MINUTE}) AS minute, ${BIDS}, ${BIDDERS}, ${AUCTIONS}
        FROM bid GROUP BY channel, day`,
  q17: `SELECT auction, ${DAY} AS day, ${BIDS}, min(price) AS min, max(price) AS max,
          CAST(sum(price) // count(*) AS BIGINT) AS avg, CAST(sum(price) AS BIGINT) AS sum
        FROM bid GROUP BY auction, day`,
  q18: `SELECT auction, bidder, price, channel, url, dateTime, extra FROM bid
        QUALIFY row_number() OVER (PARTITION BY bidder, auction ORDER BY dateTime DESC, n DESC) = 1`,
  q19: `SELECT auction, bidder, price, channel, url, dateTime, extra,
          row_number() OVER (PARTITION BY auction ORDER BY price DESC, n) AS rank
        FROM bid QUALIFY rank <= 10`,
  q20: `SELECT auction, bidder, price, channel, url, b.dateTime AS bidDateTime, b.extra AS bidExtra, itemName, description,
          initialBid, reserve, a.dateTime AS auctionDateTime, expires, seller, category, a.extra AS auctionExtra
        FROM bid b JOIN auction a ON b.auction = a.id WHERE category = 10`,
  q21: `SELECT auction, bidder, price, channel,
          CASE lower(channel) WHEN 'apple' THEN '0' WHEN 'google' THEN '1' WHEN 'facebook' THEN '2' WHEN 'baidu' THEN '3'
            ELSE regexp_extract(url, '[&?]channel_id=([^&]*)', 1) END AS channelId
        FROM bid WHERE lower(channel) IN ('apple', 'google', 'facebook', 'baidu')
          OR regexp_matches(url, '[&?]channel_id=')`,
  q22: `SELECT auction, bidder, price, channel, split_part(url, '/', 4) AS dir1, split_part(url, '/', 5) AS dir2,
          split_part(url, '/', 6) AS dir3
        FROM bid`,
  q23: `SELECT bidder, price, channel, url, b.extra AS bidExtra, p.id AS personId, name, emailAddress, creditCard, city,
          state, p.extra AS personExtra, itemName, description, initialBid, reserve, a.dateTime AS auctionDateTime,
          expires, seller, category, a.extra AS auctionExtra
        FROM bid b JOIN person p ON b.bidder = p.id JOIN auction a ON a.seller = p.id`,
}
