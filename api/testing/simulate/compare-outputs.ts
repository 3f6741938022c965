/**
 * Whether a run has put out what the undisturbed one has.
 */
import type { OutputRow } from './outside-world.ts'

/** Rows by output. */
export type OutputRows = ReadonlyMap<string, readonly OutputRow[]>

/** How many differing rows a message shows. */
const SHOWN = 3
const LONGEST = 200

/** What is wrong with the outputs of a run; undefined: nothing. */
export function compareOutputs(expected: OutputRows, actual: OutputRows): string | undefined {
  const wrong: string[] = []
  for (const output of new Set([...expected.keys(), ...actual.keys()])) {
    const found = compare(expected.get(output) ?? [], actual.get(output) ?? [])
    if (found !== undefined) wrong.push(`output '${output}': ${found}`)
  }
  return wrong.length === 0 ? undefined : wrong.join('; ')
}

function compare(expected: readonly OutputRow[], actual: readonly OutputRow[]): string | undefined {
  const counts = new Map<string, number>()
  for (const { text } of expected) counts.set(text, (counts.get(text) ?? 0) + 1)
  for (const { text } of actual) counts.set(text, (counts.get(text) ?? 0) - 1)
  const missing: string[] = []
  const surplus: string[] = []
  for (const [text, count] of counts) {
    for (let i = 0; i < count; i++) missing.push(text)
    for (let i = 0; i > count; i--) surplus.push(text)
  }
  const parts: string[] = []
  if (missing.length > 0)
    parts.push(`${missing.length} of ${expected.length} rows are missing${shown(missing)}`)
  if (surplus.length > 0) parts.push(`${surplus.length} rows are too many${shown(surplus)}`)
  return parts.length > 0 ? parts.join(', ') : compareOrder(expected, actual)
}

/** The same rows: are those of each key in the same order? */
function compareOrder(
  expected: readonly OutputRow[],
  actual: readonly OutputRow[],
): string | undefined {
  const byKey = groupByKey(expected)
  for (const [key, texts] of groupByKey(actual)) {
    const should = byKey.get(key) ?? []
    const at = texts.findIndex((text, i) => text !== should[i])
    if (at >= 0)
      return `row ${at + 1} of the key ${key} is ${texts[at]}, and should be ${should[at]}`
  }
  return undefined
}

function groupByKey(rows: readonly OutputRow[]): Map<string, string[]> {
  const groups = new Map<string, string[]>()
  for (const { text, key } of rows) {
    if (key === undefined) continue
    const known = groups.get(key)
    if (known === undefined) groups.set(key, [text])
    else known.push(text)
  }
  return groups
}

function shown(texts: readonly string[]): string {
  const some = texts.slice(0, SHOWN).map((text) => text.slice(0, LONGEST))
  return ` (${some.join(', ')}${texts.length > SHOWN ? ', …' : ''})`
}
