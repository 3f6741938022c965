/**
 * The two loops that dominate reading a dictionary-encoded column: numbers in Parquet's hybrid of
 * run lengths and bit packing (parquet-format, "Encodings.md", RLE = 3).
 *
 * hyparquet has this too, as one generic loop over a DataView that fills a JavaScript array; replacing just this one,
 * with bytes in and an Int32Array out, reads a column several times faster (benchmarks/parquet-readers).
 */

/** Thrown on bytes that end too early or make no sense; the caller says in which file. */
export class BadEncoding extends Error {
  override readonly name = 'BadEncoding'
}

/**
 * Decodes `count` numbers of `width` bits from `bytes`, starting at `offset`, into `output` from `at` on.
 * Never writes outside `[at, at + count)`. Throws `BadEncoding` when the bytes end before that.
 */
export function decodeHybrid(
  bytes: Uint8Array,
  offset: number,
  width: number,
  output: Int32Array | Uint8Array,
  at: number,
  count: number,
): void {
  const end = at + count
  let position = offset
  while (at < end) {
    let header = 0
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[position++]
      if (byte === undefined || shift > 28)
        throw new BadEncoding('a run of values has no proper length')
      header += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) break
    }
    if (header % 2 === 1) {
      const packed = Math.floor(header / 2)
      const values = Math.min(packed * 8, end - at)
      if (values === 0 || position + Math.ceil((values * width) / 8) > bytes.length) {
        throw new BadEncoding('a bit-packed run ends too early')
      }
      unpack(bytes, position, width, output, at, values)
      position += packed * width
      at += values
    } else {
      const length = Math.min(header / 2, end - at)
      let value = 0
      for (let shift = 0; shift < width; shift += 8) {
        const byte = bytes[position++]
        if (byte === undefined) throw new BadEncoding('a repeated value ends too early')
        value |= byte << shift
      }
      if (length === 0) throw new BadEncoding('a run of values is empty')
      output.fill(value, at, at + length)
      at += length
    }
  }
}

/** Unpacks values of `width` bits, least significant bit first. The bytes are known to be there. */
function unpack(
  bytes: Uint8Array,
  position: number,
  width: number,
  output: Int32Array | Uint8Array,
  at: number,
  count: number,
): void {
  if (width > 24) return unpackWide(bytes, position, width, output, at, count)
  const mask = (1 << width) - 1
  const end = at + count
  let bits = 0
  let held = 0
  for (let index = at; index < end; index++) {
    // at most 23 bits are left over, so 8 more always fit into the 32 of a machine word
    while (held < width) {
      bits |= (bytes[position++] as number) << held
      held += 8
    }
    output[index] = bits & mask
    bits >>>= width
    held -= width
  }
}

/** The same for widths where a leftover and a byte do not fit into 32 bits: more than 16 million distinct values. */
function unpackWide(
  bytes: Uint8Array,
  position: number,
  width: number,
  output: Int32Array | Uint8Array,
  at: number,
  count: number,
): void {
  let bit = position * 8
  for (let index = at; index < at + count; index++) {
    let value = 0
    for (let place = 0; place < width; place++, bit++) {
      value |= (((bytes[bit >>> 3] as number) >>> (bit & 7)) & 1) << place
    }
    output[index] = value
  }
}

/** Whether `count` one-bit levels starting at `offset` are all 1, told from a single run: the common column without nulls. */
export function isOneRunOfOnes(bytes: Uint8Array, offset: number, count: number): boolean {
  let header = 0
  let position = offset
  for (let shift = 0; shift <= 28; shift += 7) {
    const byte = bytes[position++]
    if (byte === undefined) return false
    header += (byte & 0x7f) * 2 ** shift
    if (byte < 0x80) break
  }
  return header % 2 === 0 && header / 2 >= count && bytes[position] === 1
}
