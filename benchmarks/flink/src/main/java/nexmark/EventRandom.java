package nexmark;

/** Random numbers of one event: the same as those of generator/event-random.ts. */
final class EventRandom {
  /** What the counter goes on by. */
  static final int STRIDE = 0x9e3779b9;

  private int state;

  void startAt(long event, int stream) {
    state = seedOf(event, stream);
  }

  /** Where the counter of an event begins. */
  static int seedOf(long event, int stream) {
    int high = (int) (event >>> 32);
    // Most events: what is scrambled besides them is 0, and stays that.
    if (high == 0 && stream == 0) return scramble((int) event);
    return scramble((int) event ^ scramble(high + stream * STRIDE));
  }

  int below(int limit) {
    return below(bits(), limit);
  }

  /** A whole number from 0 to limit - 1 by 32 random bits. */
  static int below(int bits, int limit) {
    return (int) (((bits & 0xffffffffL) * limit) >>> 32);
  }

  int bits() {
    state += STRIDE;
    return scramble(state);
  }

  /** The bits that belong to a counter. */
  static int scramble(int value) {
    int bits = value ^ (value >>> 16);
    bits *= 0x21f0aaad;
    bits ^= bits >>> 15;
    bits *= 0x735a2d97;
    return bits ^ (bits >>> 15);
  }
}
