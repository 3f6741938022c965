/**
 * Which shape a batch has, and the compiled writer for it.
 *
 * A book belongs to one encoder. It compiles a writer only for a shape that has been seen often enough to repay it, lets
 * encodings widen, and stops looking for a while when batches keep mixing shapes.
 */
import { inferFields } from './column-encodings.ts'
import { columnsOf, formOf, hasForm, outlineKey, type Shape } from './column-shape.ts'
import { shapeToText } from './shape-text.ts'
import type { ValuePath } from './sendable.ts'
import {
  bytesPerRecord,
  COLUMNS,
  compileWriter,
  HEAD_BYTES,
  LAYOUT_VERSION,
  NESTED_LAYOUT_VERSION,
  SIZES_BYTES,
  type ColumnWriter,
} from './column-writers.ts'

/** Records of a shape that travel as msgpack before a writer is compiled (about 100 µs). */
const COMPILE_AFTER_RECORDS = 32
/** Shapes beyond this are forgotten all together: keys are data there. */
const MAX_SHAPES = 256
/** While batches keep mixing shapes, at most this many go by untried. */
const MAX_UNTRIED_BATCHES = 63
/** A longer shape text does not pay. */
const MAX_SHAPE_TEXT_BYTES = 0x7fff

/** All that an encoder needs to write batches of one shape. */
export interface ShapePlan {
  readonly shape: Shape
  readonly text: string
  readonly write: ColumnWriter
  /** The first bytes of each payload: head and shape text. */
  readonly head: Buffer
  /** Where the fixed-width columns start. */
  readonly start: number
  readonly bytesPerRecord: number
  /** The ways to the values that go through msgpackr. */
  readonly others: readonly ValuePath[]
}

/** Plans of this thread by their texts, for all books: who opens a channel for the same records again, as the next job on kept threads does, finds a warm writer. */
const knownPlans = new Map<string, ShapePlan>()

/** What a book knows about the records of one form with the same keys. */
interface Page {
  seenRecords: number
  plan: ShapePlan | undefined
  /** Every field turned out to need msgpackr. */
  hopeless: boolean
}

/** The shapes one encoder knows. */
export class ShapeBook {
  readonly #pages = new Map<string, Page>()
  #last: Page | undefined
  #misses = 0
  #untried = 0

  /** A plan that probably fits, or undefined: send the batch as msgpack. */
  planFor(values: readonly unknown[], length: number): ShapePlan | undefined {
    if (length === 0) return undefined
    if (this.#untried > 0) {
      this.#untried -= 1
      return undefined
    }
    return this.#last === undefined ? this.#lookUp(values, length) : this.#last.plan
  }

  /** The plan fitted the whole batch. */
  fitted(): void {
    this.#misses = 0
  }

  /** Record `bad` did not fit `plan`: another plan to try, or undefined. Each plan of a chain is wider than the last. */
  replan(
    plan: ShapePlan,
    values: readonly unknown[],
    length: number,
    bad: number,
  ): ShapePlan | undefined {
    const { form, keys, fields } = plan.shape
    if (!hasForm(values[bad], form, keys, fields.length)) {
      if (bad !== 0) return this.#miss()
      this.#last = undefined
      return this.#lookUp(values, length)
    }
    const page = this.#last
    const outline = { form, keys, size: fields.length }
    const wider = inferFields(outline, fields, values, length)
    if (page === undefined || wider === undefined) return this.#miss()
    const before = page.plan?.text
    const next = this.#compile(page, { form, keys, fields: wider })
    return next?.text === before ? this.#miss() : next
  }

  #lookUp(values: readonly unknown[], length: number): ShapePlan | undefined {
    const form = formOf(values[0])
    if (form === undefined) return this.#miss()
    const page = this.#pageFor(outlineKey(form))
    page.seenRecords += length
    if (page.plan !== undefined) {
      this.#last = page
      return page.plan
    }
    if (page.hopeless || page.seenRecords < COMPILE_AFTER_RECORDS) return undefined
    const fields = inferFields(form, undefined, values, length)
    if (fields === undefined) return this.#miss()
    return this.#compile(page, { form: form.form, keys: form.keys, fields })
  }

  #pageFor(key: string): Page {
    let page = this.#pages.get(key)
    if (page === undefined) {
      if (this.#pages.size >= MAX_SHAPES) this.#pages.clear()
      page = { seenRecords: 0, plan: undefined, hopeless: false }
      this.#pages.set(key, page)
    }
    return page
  }

  #compile(page: Page, shape: Shape): ShapePlan | undefined {
    page.plan = shape.fields.every((field) => field.encoding === 'any') ? undefined : planOf(shape)
    page.hopeless = page.plan === undefined
    this.#last = page.hopeless ? undefined : page
    return page.plan
  }

  #miss(): undefined {
    this.#misses += 1
    this.#untried = Math.min(2 ** Math.min(this.#misses, 10) - 2, MAX_UNTRIED_BATCHES)
    return undefined
  }
}

function planOf(shape: Shape): ShapePlan | undefined {
  const text = shapeToText(shape)
  const known = knownPlans.get(text)
  if (known !== undefined) return known
  const plan = makePlan(shape, text)
  if (plan === undefined) return undefined
  if (knownPlans.size >= MAX_SHAPES) knownPlans.clear()
  knownPlans.set(text, plan)
  return plan
}

function makePlan(shape: Shape, text: string): ShapePlan | undefined {
  const columns = columnsOf(shape)
  const textBytes = Buffer.from(text, 'utf8')
  if (textBytes.length > MAX_SHAPE_TEXT_BYTES) return undefined
  let write: ColumnWriter
  try {
    write = compileWriter(shape)
  } catch (error) {
    // The process forbids code generation: msgpack for everything.
    if (error instanceof EvalError) return undefined
    throw error
  }
  const head = Buffer.alloc(HEAD_BYTES + textBytes.length)
  head[0] = COLUMNS
  head[1] = columns.length > shape.fields.length ? NESTED_LAYOUT_VERSION : LAYOUT_VERSION
  head.writeUInt16LE(textBytes.length, 2)
  head.writeUInt32LE(hashOf(textBytes), 4)
  textBytes.copy(head, HEAD_BYTES)
  return {
    shape,
    text,
    write,
    head,
    start: head.length + SIZES_BYTES,
    bytesPerRecord: bytesPerRecord(shape),
    others: columns.filter(({ field }) => field.encoding === 'any').map(({ path }) => path),
  }
}

/** FNV-1a, 32 bits: only spares the decoder a comparison with each shape it knows. */
function hashOf(bytes: Buffer): number {
  let hash = 0x811c9dc5
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193)
  return hash >>> 0
}
