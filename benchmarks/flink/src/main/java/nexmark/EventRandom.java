package nexmark;

/** Random numbers of one event: the same as those of generator/event-random.ts. */
final class EventRandom {
  private static final int STRIDE = 0x9e3779b9;

  private int state;

  void startAt(long event, int stream) {
    int high = (int) (event >>> 32);
    state = scramble((int) event ^ scramble(high + stream * STRIDE));
  }

  int below(int limit) {
    return (int) ((next() * limit) >>> 32);
  }

  int bits() {
    state += STRIDE;
    return scramble(state);
  }

  private long next() {
    return bits() & 0xffffffffL;
  }

  private static int scramble(int value) {
    int bits = value ^ (value >>> 16);
    bits *= 0x21f0aaad;
    bits ^= bits >>> 15;
    bits *= 0x735a2d97;
    return bits ^ (bits >>> 15);
  }
}
