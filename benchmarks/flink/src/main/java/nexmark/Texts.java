package nexmark;

/** Texts of events: the same as those of generator/texts.ts and generator/channels.ts. */
final class Texts {
  private static final String[] FIRST_NAMES =
      "Peter Paul Luke John Saul Vicky Kate Julie Sarah Deiter Walter".split(" ");
  private static final String[] LAST_NAMES =
      "Shultz Abrams Spencer White Bartels Walton Smith Jones Noris".split(" ");
  private static final String[] STATES = "AZ CA ID OR WA WY".split(" ");
  private static final String[] CITIES = {
    "Phoenix", "Los Angeles", "San Francisco", "Boise", "Portland",
    "Bend", "Redmond", "Seattle", "Kent", "Cheyenne"
  };
  private static final int POOL_LENGTH = 1 << 16;
  private static final int LONGEST = 1024;
  /** At how many places letters can be taken. */
  static final int LETTER_PLACES = POOL_LENGTH - LONGEST;
  private static final String LETTER_POOL = pool(1, false);
  private static final String WORD_POOL = pool(2, true);

  private static final String[] FOUR_DIGITS = fourDigitTexts();
  private static final String[] HOT_NAMES = {"Google", "Facebook", "Baidu", "Apple"};
  static final int HOT_CHANNELS = HOT_NAMES.length;
  static final int COLD = 10_000;
  /** The hot ones first. */
  static final String[] CHANNELS = new String[HOT_CHANNELS + COLD];
  static final String[] URLS = new String[HOT_CHANNELS + COLD];

  static {
    EventRandom random = new EventRandom();
    for (int i = 0; i < HOT_CHANNELS; i++) {
      random.startAt(i, 3);
      CHANNELS[i] = HOT_NAMES[i];
      URLS[i] = itemUrl(random);
    }
    for (int i = 0; i < COLD; i++) {
      random.startAt(i, 4);
      String url = itemUrl(random);
      boolean withId = random.below(10) > 0;
      CHANNELS[HOT_CHANNELS + i] = "channel-" + i;
      URLS[HOT_CHANNELS + i] = withId ? url + "&channel_id=" + Math.abs((long) Integer.reverse(i)) : url;
    }
  }

  private Texts() {}

  private static String pool(int stream, boolean blanks) {
    EventRandom random = new EventRandom();
    random.startAt(0, stream);
    char[] characters = new char[POOL_LENGTH];
    for (int at = 0; at < POOL_LENGTH; at++)
      characters[at] = blanks && random.below(13) == 0 ? ' ' : (char) ('a' + random.below(26));
    return new String(characters);
  }

  static String words(EventRandom random, int limit) {
    return wordsWithEnds(random, limit).trim();
  }

  private static String wordsWithEnds(EventRandom random, int limit) {
    int length = 3 + random.below(limit - 3);
    int at = random.below(POOL_LENGTH - LONGEST);
    return WORD_POOL.substring(at, at + length);
  }

  static String filling(EventRandom random, int length, int average) {
    if (length >= average) return "";
    int missing = average - length;
    int delta = (int) Math.round(missing * 0.2);
    int size = missing - delta + (delta == 0 ? 0 : random.below(2 * delta));
    return lettersAt(random.below(LETTER_PLACES), size);
  }

  static String lettersAt(int place, int length) {
    return LETTER_POOL.substring(place, place + length);
  }

  static String fullName(EventRandom random) {
    return oneOf(random, FIRST_NAMES) + " " + oneOf(random, LAST_NAMES);
  }

  static String emailAddress(EventRandom random) {
    return words(random, 7) + "@" + words(random, 5) + ".com";
  }

  static String creditCard(EventRandom random) {
    return fourDigits(random) + " " + fourDigits(random) + " " + fourDigits(random) + " "
        + fourDigits(random);
  }

  static String city(EventRandom random) {
    return oneOf(random, CITIES);
  }

  static String state(EventRandom random) {
    return oneOf(random, STATES);
  }

  private static String fourDigits(EventRandom random) {
    return FOUR_DIGITS[random.below(FOUR_DIGITS.length)];
  }

  private static String[] fourDigitTexts() {
    String[] texts = new String[10_000];
    for (int i = 0; i < texts.length; i++) {
      String digits = Integer.toString(i);
      texts[i] = "0000".substring(digits.length()) + digits;
    }
    return texts;
  }

  private static String oneOf(EventRandom random, String[] texts) {
    return texts[random.below(texts.length)];
  }

  private static String itemUrl(EventRandom random) {
    String path = urlPart(random) + "/" + urlPart(random) + "/" + urlPart(random);
    return "https://www.nexmark.com/" + path + "/item.htm?query=1";
  }

  private static String urlPart(EventRandom random) {
    return wordsWithEnds(random, 5).replace(' ', '_');
  }
}
