/**
 * Packs batches of one shape as columns: the encoding half of the codec `columns`. See `column-writers.ts` for the layout.
 *
 * One instance belongs to one channel, and to one thread. It remembers shapes, as compiled code, but every payload stands alone.
 */
import { writeText } from './buffer-text.ts'
import { ShapeBook, type ShapePlan } from './column-plans.ts'
import type { WriterOutput } from './column-writers.ts'
import { packList } from './msgpack.ts'
import { findUnsendable, UnsendableValueError, type Finding } from './sendable.ts'

const INITIAL_BYTES = 8 * 1024
/** Room beyond this is given back after the batch that needed it. */
const KEPT_BYTES = 4 * 1024 * 1024

/** Makes payloads of columns. Its bytes are valid until its next call of `encode`. Errors: `UNSENDABLE_VALUE`. */
export class ColumnEncoder {
  readonly #where: string | undefined
  readonly #shapes = new ShapeBook()
  readonly #output: WriterOutput

  /** `where` names the sender in errors, e.g. `operator 'enrich'`. */
  constructor(where?: string) {
    this.#where = where
    const bytes = Buffer.allocUnsafeSlow(INITIAL_BYTES)
    this.#output = { bytes, view: viewOf(bytes), short: '', text: '', others: [] }
  }

  /** The first `length` values as columns, or undefined where they have no shape in common, or one that would not repay it. */
  encode(values: readonly unknown[], length: number): Uint8Array | undefined {
    let plan = this.#shapes.planFor(values, length)
    while (plan !== undefined) {
      const bad = this.#write(plan, values, length)
      if (bad === length) {
        this.#shapes.fitted()
        return this.#finish(plan, values, length)
      }
      plan = bad < 0 ? undefined : this.#shapes.replan(plan, values, length, bad)
    }
    return undefined
  }

  /** Writes the columns and gathers the text; returns the index of the first record that does not fit. */
  #write(plan: ShapePlan, values: readonly unknown[], length: number): number {
    const output = this.#output
    output.others.length = 0
    this.#reserve(plan.start + plan.bytesPerRecord * length, 0)
    try {
      return plan.write(values, length, output, plan.start)
    } catch (error) {
      // The text of the batch is longer than a string can be.
      if (error instanceof RangeError) return -1
      throw error
    }
  }

  #finish(plan: ShapePlan, values: readonly unknown[], length: number): Uint8Array {
    const output = this.#output
    const { short, text } = output
    const columnsEnd = plan.start + plan.bytesPerRecord * length
    this.#reserve(columnsEnd + 2 * (short.length + text.length), columnsEnd)
    const shortWidth = writeText(output.bytes, short, columnsEnd)
    const textAt = columnsEnd + shortWidth * short.length
    const textWidth = writeText(output.bytes, text, textAt)
    let end = textAt + textWidth * text.length
    output.short = ''
    output.text = ''
    let otherBytes = 0
    if (plan.others.length > 0) {
      const list = this.#packOthers(plan, values)
      otherBytes = list.length
      this.#reserve(end + otherBytes, end)
      list.copy(output.bytes, end)
      end += otherBytes
    }
    const { bytes, view } = output
    const sizes = plan.head.length
    plan.head.copy(bytes, 0)
    view.setUint32(sizes, short.length, true)
    view.setUint32(sizes + 4, text.length, true)
    bytes[sizes + 8] = shortWidth
    bytes[sizes + 9] = textWidth
    view.setUint32(sizes + 10, otherBytes, true)
    if (bytes.length > KEPT_BYTES) this.#replaceMemory(INITIAL_BYTES, 0)
    return bytes.subarray(0, end)
  }

  #packOthers(plan: ShapePlan, values: readonly unknown[]): Buffer {
    const { others } = this.#output
    try {
      return packList(others, others.length, this.#where)
    } catch (error) {
      if (!(error instanceof UnsendableValueError)) throw error
      const index = Math.floor(error.recordIndex / plan.others.length)
      // From the record itself: of a cycle that leads through columns, what was packed shows only that it comes again.
      const found = findUnsendable(values[index]) ?? wayThrough(plan, error)
      throw new UnsendableValueError(index, found, this.#where)
    } finally {
      others.length = 0
    }
  }

  /** Makes the memory at least `size` bytes, keeping the first `used`. */
  #reserve(size: number, used: number): void {
    if (size > this.#output.bytes.length)
      this.#replaceMemory(Math.max(size, 2 * this.#output.bytes.length), used)
  }

  #replaceMemory(size: number, used: number): void {
    const bytes = Buffer.allocUnsafeSlow(size)
    this.#output.bytes.copy(bytes, 0, 0, used)
    this.#output.bytes = bytes
    this.#output.view = viewOf(bytes)
  }
}

/** The same memory, for numbers of any width. */
export function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** Where the value is that was refused, in its record: what an extension writes may be another each time. */
function wayThrough(
  { others }: ShapePlan,
  { recordIndex, path, found }: UnsendableValueError,
): Finding {
  return { path: [...(others[recordIndex % others.length] ?? []), ...path], found }
}
