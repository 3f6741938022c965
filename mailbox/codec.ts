/**
 * How the values of one batch become bytes. An instance belongs to one channel (encoder side) or one
 * slot (decoder side) and to one thread; it may remember shapes between calls, but every payload stands
 * alone: any decoder of the same name can read it, because channel state stores it.
 */
export interface RecordCodec {
  /** The name that travels in the frame. */
  readonly name: CodecName
  /**
   * Packs the first `length` values. The returned bytes are valid until the next call of `encode` on
   * this instance. Throws `UNSENDABLE_VALUE` (see `UnsendableValueError`) naming the index of the
   * record and the path inside it, before any byte is handed out.
   */
  encode(values: readonly unknown[], length: number): Uint8Array
  /** Unpacks exactly `length` values. `bytes` is private memory (never shared) and is not kept alive by the result. */
  decode(bytes: Uint8Array, length: number): unknown[]
}

/** `columns` looks for batches of one shape and falls back to `msgpack`; `msgpack` is plain msgpackr. */
export type CodecName = 'columns' | 'msgpack'

/**
 * A class whose instances may travel inside records (for example an actor reference); not one that travels as it is, such as Date.
 * Registered once per thread.
 */
export interface CodecExtension<T> {
  readonly type: number
  readonly Class: new (...args: never[]) => T
  write(instance: T): unknown
  read(data: unknown): T
}
