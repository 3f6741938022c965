/**
 * Turns records into JSON Lines as UTF-8: flat records by code for their shape, any other by `JSON.stringify`. The bytes are the same.
 * Used by one subtask.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import { rowCode, type RowOutput, type WriteRows } from './row-code.ts'

const FIRST_BYTES = 64 * 1024
/** Records with more fields are left to `JSON.stringify`. */
const MOST_FIELDS = 64
/** Where shapes change more often within one batch, the rest of it is left to `JSON.stringify`. */
const MOST_CHANGES = 4

type Replacer = (key: string, value: unknown) => unknown

/** JSON has no bigint; digits in a string are what most readers of such files expect. */
const bigintAsString: Replacer = (_key, value) =>
  typeof value === 'bigint' ? value.toString() : value

/** See the head of this file. */
export class JsonRowEncoder {
  readonly #output: RowOutput = outputOf(Buffer.allocUnsafeSlow(FIRST_BYTES))
  /** For records of the shape that came last; undefined: there is none. */
  #writeRows: WriteRows | undefined
  /** Whether the process lets code be made at run time. */
  #mayCompile = true
  /** Set by the first batch with a bigint: a replacer makes `JSON.stringify` several times slower. */
  #replacer: Replacer | undefined

  /** The lines of some records; the bytes are not changed later. Errors: `NOT_JSON`. */
  encode(values: readonly unknown[]): Uint8Array {
    try {
      this.#output.at = 0
      this.#writeAll(values)
      return Buffer.from(this.#output.bytes.subarray(0, this.#output.at))
    } catch (error) {
      // a bigint and a cycle both throw a TypeError; with the replacer only the cycle does
      if (error instanceof TypeError && this.#replacer === undefined) {
        this.#replacer = bigintAsString
        return this.encode(values)
      }
      if (error instanceof MillraceError) throw error
      const why = error instanceof Error ? error.message : String(error)
      throw new MillraceError('NOT_JSON', `a record cannot be written as JSON: ${why}`, {
        cause: error,
      })
    }
  }

  #writeAll(values: readonly unknown[]): void {
    const output = this.#output
    let changes = 'toJSON' in Object.prototype ? MOST_CHANGES : 0
    let at = 0
    while (at < values.length) {
      if (changes < MOST_CHANGES && this.#writeRows !== undefined) {
        at = this.#writeRows(values, at, values.length, output)
        if (output.missing > 0) {
          this.#makeRoom(output.missing)
          continue
        }
        if (at === values.length) return
      }
      // A record of another shape may be the first of many.
      const code = changes < MOST_CHANGES ? this.#codeFor(values[at]) : undefined
      if (code !== undefined && code !== this.#writeRows) {
        this.#writeRows = code
        changes++
        continue
      }
      this.#writeLine(values[at])
      at++
    }
  }

  #codeFor(value: unknown): WriteRows | undefined {
    if (!this.#mayCompile || typeof value !== 'object' || value === null) return undefined
    if (Object.getPrototypeOf(value) !== Object.prototype) return undefined
    const fields = Object.keys(value)
    // A plain "__proto__" would be read as the prototype.
    if (fields.length > MOST_FIELDS || fields.includes('__proto__')) return undefined
    try {
      return rowCode(fields)
    } catch (error) {
      if (!(error instanceof EvalError)) throw error
      this.#mayCompile = false
      return undefined
    }
  }

  #writeLine(value: unknown): void {
    // JSON would make an empty object of it.
    if (value instanceof Promise) {
      throw new MillraceError(
        'NOT_JSON',
        'a record cannot be written as JSON: it is a promise; mapAsync waits for what it will be',
      )
    }
    const replacer = this.#replacer
    const line: string | undefined =
      replacer === undefined ? JSON.stringify(value) : JSON.stringify(value, replacer)
    if (line === undefined) {
      throw new MillraceError(
        'NOT_JSON',
        `a record cannot be written as JSON: it is ${typeof value}`,
      )
    }
    const output = this.#output
    const most = line.length * 3 + 1
    if (output.at + most > output.bytes.length) this.#makeRoom(most)
    output.at += output.bytes.write(`${line}\n`, output.at, 'utf8')
  }

  /** Makes room for `bytes` more than there are. */
  #makeRoom(bytes: number): void {
    const { at, bytes: full } = this.#output
    const larger = Buffer.allocUnsafeSlow(Math.max(2 * full.length, at + bytes))
    full.copy(larger, 0, 0, at)
    Object.assign(this.#output, outputOf(larger), { at })
  }
}

function outputOf(bytes: Buffer): RowOutput {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  return { bytes, view, at: 0, missing: 0 }
}
