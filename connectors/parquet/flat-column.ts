/**
 * Reads the pages of one flat column of one row group.
 *
 * hyparquet does the format: page headers, decompression, every encoding, every conversion. Only two of its
 * steps are done here, because they took most of the time for a flat column: definition levels
 * (there a list machine that also handles nesting) and the unpacking of dictionary indexes. So a page is handed to
 * hyparquet as if the column were required, without its levels; and a dictionary is converted once per distinct
 * value and never per row. Measured by benchmarks/parquet-readers.
 */
import { crc32 } from 'node:zlib'
import type { ColumnMetaData, DecodedArray, SchemaElement, SchemaTree } from 'hyparquet'
import { parquetHeader, readPage } from 'hyparquet/src/column.js'
import { convert } from 'hyparquet/src/convert.js'
import { decompressPage, readDataPage } from 'hyparquet/src/datapage.js'
import { BadEncoding, decodeHybrid, isOneRunOfOnes } from './bit-packed.ts'
import type { PlannedColumn } from './column-kind.ts'
import { decimalScale, decimalsOf } from './decimals.ts'
import { compressors } from './decompress.ts'
import { flatParsers } from './parsers.ts'

type ColumnDecoder = Parameters<typeof readPage>[2]
type PageHeader = ReturnType<typeof parquetHeader>
type DataPageHeader = NonNullable<PageHeader['data_page_header']>

/** The values of a column: row `r` has `values[indexes[r]]`, or `values[r]` where there are no indexes. */
export interface ColumnVector {
  readonly values: ArrayLike<unknown>
  readonly indexes: Int32Array | undefined
  readonly hasNulls: boolean
}

/** One page, its levels cut off. */
interface PageBody {
  readonly bytes: Uint8Array
  readonly encoding: DataPageHeader['encoding']
  readonly rows: number
  /** 1 for each row with a value, 0 for null; undefined when no row is null. */
  readonly present: Uint8Array | undefined
  readonly values: number
}

/** Values of the pages read so far that were not dictionary indexes. */
interface PlainPage {
  readonly start: number
  readonly rows: number
  readonly values: ArrayLike<unknown>
}

/**
 * Decodes a column chunk. `bytes` is exactly the chunk. Throws what hyparquet throws on damaged bytes, or `BadEncoding`;
 * the caller says in which file.
 */
export function readFlatColumn(
  bytes: Uint8Array<ArrayBuffer>,
  chunk: ColumnMetaData,
  column: PlannedColumn,
  rows: number,
): ColumnVector {
  return new FlatColumnReader(bytes, chunk, column, rows).read()
}

class FlatColumnReader {
  readonly #bytes: Uint8Array<ArrayBuffer>
  readonly #decoder: ColumnDecoder
  readonly #optional: boolean
  readonly #rows: number
  readonly #mostBytes: number
  readonly #indexes: Int32Array
  readonly #plain: PlainPage[] = []
  #dictionary: ArrayLike<unknown> | undefined
  #indexedRows = 0
  #row = 0
  #hasNulls = false

  constructor(
    bytes: Uint8Array<ArrayBuffer>,
    chunk: ColumnMetaData,
    column: PlannedColumn,
    rows: number,
  ) {
    const [root, leaf] = column.schemaPath as [SchemaTree, SchemaTree]
    // handed to hyparquet as required: the levels are taken off here
    const element = {
      ...(column.type === 'bytes' ? withoutMeaning(leaf.element) : leaf.element),
      repetition_type: 'REQUIRED' as const,
    }
    this.#bytes = bytes
    this.#optional = leaf.element.repetition_type === 'OPTIONAL'
    this.#rows = rows
    this.#mostBytes = Number(chunk.total_uncompressed_size)
    this.#indexes = new Int32Array(rows)
    this.#decoder = {
      pathInSchema: chunk.path_in_schema,
      type: chunk.type,
      element,
      schemaPath: [root, { ...leaf, element }],
      codec: chunk.codec,
      parsers: flatParsers,
      compressors,
      utf8: column.type !== 'bytes',
    }
  }

  read(): ColumnVector {
    const view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.byteLength)
    const reader = { view, offset: 0 }
    while (this.#row < this.#rows && reader.offset < this.#bytes.length - 1) {
      const header = parquetHeader(reader)
      const size = header.compressed_page_size
      if (!(size >= 0) || reader.offset + size > this.#bytes.length)
        throw new BadEncoding('a page ends too early')
      // a wrong size would otherwise be allocated before anything else notices
      if (
        !(header.uncompressed_page_size >= 0 && header.uncompressed_page_size <= this.#mostBytes)
      ) {
        throw new BadEncoding('a page is larger than its column')
      }
      const page = this.#bytes.subarray(reader.offset, reader.offset + size)
      if (header.crc !== undefined && crc32(page) >>> 0 !== header.crc >>> 0) {
        throw new BadEncoding('the checksum of a page is wrong')
      }
      if (header.type === 'DICTIONARY_PAGE') {
        const { data } = readPage(reader, header, this.#decoder, undefined, undefined, 0)
        this.#dictionary = this.#convert(data ?? [])
      } else {
        reader.offset += size
        this.#takePage(this.#bodyOf(page, header))
      }
    }
    if (this.#row !== this.#rows)
      throw new BadEncoding(`has ${this.#row} values instead of ${this.#rows}`)
    return this.#vector()
  }

  /** Decompresses a page and takes its definition levels off. */
  #bodyOf(page: Uint8Array, header: PageHeader): PageBody {
    const { codec } = this.#decoder
    const v2 = header.data_page_header_v2
    if (v2 !== undefined) {
      const levels = v2.definition_levels_byte_length
      const body = page.subarray(v2.repetition_levels_byte_length + levels)
      const size = header.uncompressed_page_size - v2.repetition_levels_byte_length - levels
      const bytes =
        v2.is_compressed === false ? body : decompressPage(body, size, codec, compressors)
      const present =
        this.#optional && v2.num_nulls > 0
          ? this.#levels(page, v2.repetition_levels_byte_length, v2.num_values)
          : undefined
      return {
        bytes,
        encoding: v2.encoding,
        rows: v2.num_values,
        present,
        values: v2.num_values - v2.num_nulls,
      }
    }
    const v1 = header.data_page_header
    if (v1 === undefined) throw new BadEncoding(`has an unexpected page of type ${header.type}`)
    const all = decompressPage(page, header.uncompressed_page_size, codec, compressors)
    const rows = v1.num_values
    if (!this.#optional)
      return { bytes: all, encoding: v1.encoding, rows, present: undefined, values: rows }
    const levelBytes = new DataView(all.buffer, all.byteOffset, all.byteLength).getUint32(0, true)
    const present = isOneRunOfOnes(all, 4, rows) ? undefined : this.#levels(all, 4, rows)
    let values = rows
    if (present !== undefined)
      for (let row = 0; row < rows; row++) values -= 1 - (present[row] as number)
    return { bytes: all.subarray(4 + levelBytes), encoding: v1.encoding, rows, present, values }
  }

  #levels(bytes: Uint8Array, offset: number, rows: number): Uint8Array {
    if (rows > this.#rows - this.#row)
      throw new BadEncoding('has more values than its row group has rows')
    const present = new Uint8Array(rows)
    decodeHybrid(bytes, offset, 1, present, 0, rows)
    return present
  }

  #takePage(body: PageBody): void {
    if (body.rows > this.#rows - this.#row)
      throw new BadEncoding('has more values than its row group has rows')
    if (body.values < body.rows) this.#hasNulls = true
    if (body.encoding === 'RLE_DICTIONARY' || body.encoding === 'PLAIN_DICTIONARY')
      this.#takeIndexes(body)
    else this.#takeValues(body)
    this.#row += body.rows
  }

  #takeIndexes({ bytes, rows, present, values }: PageBody): void {
    const entries = this.#dictionary?.length
    if (entries === undefined) throw new BadEncoding('refers to a dictionary that is not there')
    const indexes = this.#indexes
    const start = this.#row
    this.#indexedRows += rows
    if (values > 0) {
      const width = bytes[0] ?? 0
      if (width > 31) throw new BadEncoding(`has dictionary indexes of ${width} bits`)
      if (width === 0) indexes.fill(0, start, start + values)
      else decodeHybrid(bytes, 1, width, indexes, start, values)
      let largest = 0
      for (let row = start; row < start + values; row++) {
        const index = indexes[row] as number
        if (index > largest) largest = index
      }
      if (largest >= entries)
        throw new BadEncoding('refers to a dictionary entry that is not there')
    }
    if (present !== undefined) spread(indexes, start, rows, values, present, entries)
  }

  #takeValues({ bytes, encoding, rows, present, values }: PageBody): void {
    const levels = { definition_level_encoding: 'RLE', repetition_level_encoding: 'RLE' } as const
    const { dataPage } = readDataPage(
      bytes,
      { num_values: values, encoding, ...levels },
      this.#decoder,
    )
    const converted = this.#convert(dataPage)
    if (converted.length !== values) throw new BadEncoding('a page has fewer values than it says')
    if (present === undefined) {
      this.#plain.push({ start: this.#row, rows, values: converted })
      return
    }
    const withNulls: unknown[] = []
    let next = 0
    for (let row = 0; row < rows; row++)
      withNulls.push(present[row] === 1 ? converted[next++] : null)
    this.#plain.push({ start: this.#row, rows, values: withNulls })
  }

  #convert(stored: DecodedArray): ArrayLike<unknown> {
    const scale = decimalScale(this.#decoder.element)
    return scale === undefined ? convert(stored, this.#decoder) : decimalsOf(stored, scale)
  }

  /** One vector for the row group: indexes when every page had them, plain values otherwise. */
  #vector(): ColumnVector {
    const hasNulls = this.#hasNulls
    const dictionary = this.#dictionary ?? []
    if (this.#indexedRows === this.#rows) {
      const values = hasNulls ? [...Array.from(dictionary), null] : dictionary
      return { values, indexes: this.#indexes, hasNulls }
    }
    const [first] = this.#plain
    if (this.#plain.length === 1 && first?.rows === this.#rows) {
      return { values: first.values, indexes: undefined, hasNulls }
    }
    const values: unknown[] = []
    let page = 0
    while (values.length < this.#rows) {
      const plain = this.#plain[page]
      const row = values.length
      if (plain !== undefined && plain.start === row) {
        for (let index = 0; index < plain.rows; index++) values.push(plain.values[index])
        page++
      } else {
        values.push(dictionary[this.#indexes[row] as number] ?? null)
      }
    }
    return { values, indexes: undefined, hasNulls }
  }
}

/** For what shall be read as bytes, whatever they stand for: text in another encoding. */
function withoutMeaning(element: SchemaElement): SchemaElement {
  const { converted_type: _converted, logical_type: _logical, ...stored } = element
  return stored
}

/** Moves `values` packed indexes to the rows that have one, back to front; the others get `nullIndex`. */
function spread(
  indexes: Int32Array,
  start: number,
  rows: number,
  values: number,
  present: Uint8Array,
  nullIndex: number,
): void {
  let next = values - 1
  for (let row = rows - 1; row >= 0; row--) {
    indexes[start + row] = present[row] === 1 ? (indexes[start + next--] as number) : nullIndex
  }
}
