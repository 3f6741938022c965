package nexmark;

import java.math.BigDecimal;
import java.time.LocalDateTime;
import java.time.ZoneOffset;

/** Rows as lines of JSON. */
final class Rows {
  private static final String[] THREE_DIGITS = new String[1000];

  static {
    for (int i = 0; i < 1000; i++) THREE_DIGITS[i] = String.format("%03d", i);
  }

  private Rows() {}

  static String toJson(Object[] row) {
    StringBuilder line = new StringBuilder("[");
    for (Object cell : row) {
      if (line.length() > 1) line.append(',');
      if (cell instanceof String || cell instanceof BigDecimal) line.append('"').append(cell).append('"');
      else if (cell instanceof LocalDateTime) line.append(((LocalDateTime) cell).toInstant(ZoneOffset.UTC).toEpochMilli());
      else line.append(cell);
    }
    return line.append(']').toString();
  }

  static String day(long time) {
    return java.time.LocalDate.ofEpochDay(time / 86_400_000).toString();
  }

  static String minute(long time) {
    long minutes = time % 86_400_000 / 60_000;
    String text = String.format("%02d:%02d", minutes / 60, minutes % 60);
    return text;
  }

  static String euros(long price) {
    long thousandths = price * 908;
    return thousandths / 1000 + "." + THREE_DIGITS[(int) (thousandths % 1000)];
  }
}
