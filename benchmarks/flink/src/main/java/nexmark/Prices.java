package nexmark;

/** Prices as in generator/prices.ts: two tables and a short series, and the power itself where they do not decide. */
final class Prices {
  private static final int TABLE = 256;
  private static final double UINT32 = 4294967296.0;
  private static final double STEP = Math.log(10) * 6 / UINT32;
  private static final double UNSURE = 1e-4;
  private static final double[] COARSE = powers(1L << 24, 100);
  private static final double[] FINE = powers(1L << 16, 1);

  private Prices() {}

  private static double[] powers(long stride, double factor) {
    double[] powers = new double[TABLE];
    for (int at = 0; at < TABLE; at++) powers[at] = factor * Math.pow(10, 6 * at * stride / UINT32);
    return powers;
  }

  /** The price for 32 random bits. */
  static long of(int bits) {
    double rest = (bits & 0xffff) * STEP;
    double price = COARSE[bits >>> 24] * FINE[(bits >>> 16) & 0xff]
        * (1 + rest * (1 + rest * (0.5 + rest / 6)));
    int whole = (int) (price + 0.5);
    double fromHalf = price + 0.5 - whole;
    return fromHalf < UNSURE || fromHalf > 1 - UNSURE ? exact(bits) : whole;
  }

  /** The same by the definition. */
  static long exact(int bits) {
    return Math.round(Math.pow(10, (bits & 0xffffffffL) / UINT32 * 6) * 100);
  }
}
