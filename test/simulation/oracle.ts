/**
 * Compares what a run has put out with the answer of its shape: the same rows, each as often; where records may count again, at least
 * these.
 */
import { canonicalText } from '../../api/testing/simulate/canonical-text.ts'
import type { ShapeCase } from './shapes/shape.ts'

/** The rows of each output as text, as `simulateJob` hands them over. */
type Outputs = Readonly<Record<string, readonly string[]>>

const SHOWN = 3

/** What is wrong with the outputs; undefined: nothing. */
export type Oracle = (outputs: Outputs) => string | undefined

/** Each row exactly as often as in the answer. */
export function exactlyOnce({ expected }: ShapeCase): Oracle {
  const answers = texts(expected)
  return (outputs) => {
    for (const [output, answer] of answers) {
      const actual = outputs[output] ?? []
      const { missing, surplus } = difference(answer, actual)
      if (missing.length === 0 && surplus.length === 0) continue
      return `output '${output}': missing ${shown(missing)}, too many ${shown(surplus)}`
    }
    return undeclared(outputs, expected)
  }
}

/** Each row of the answer at least as often; a field that grows at least as large. */
export function atLeastOnce({ expected, grows = {} }: ShapeCase): Oracle {
  return (outputs) => {
    for (const [output, answer] of texts(expected)) {
      const actual = outputs[output] ?? []
      const field = grows[output]
      const missing =
        field === undefined ? difference(answer, actual).missing : smaller(answer, actual, field)
      if (missing.length > 0) return `output '${output}': lost ${shown(missing)}`
    }
    return undeclared(outputs, expected)
  }
}

function texts(expected: ShapeCase['expected']): [string, string[]][] {
  return Object.entries(expected).map(([output, rows]) => [output, rows.map(canonicalText)])
}

function difference(
  answer: readonly string[],
  actual: readonly string[],
): { missing: string[]; surplus: string[] } {
  const counts = new Map<string, number>()
  for (const text of answer) counts.set(text, (counts.get(text) ?? 0) + 1)
  const surplus: string[] = []
  for (const text of actual) {
    const left = counts.get(text) ?? 0
    if (left === 0) surplus.push(text)
    else counts.set(text, left - 1)
  }
  const missing = [...counts].flatMap(([text, left]) => Array.from({ length: left }, () => text))
  return { missing, surplus }
}

/** Rows of the answer for which there is none that is the same but for a field that is as large, or larger. */
function smaller(answer: readonly string[], actual: readonly string[], field: string): string[] {
  const pattern = new RegExp(`\\b${field}: (-?[\\d.]+)`)
  const largest = new Map<string, number>()
  for (const text of actual) {
    const row = text.replace(pattern, '')
    largest.set(row, Math.max(largest.get(row) ?? Number.NEGATIVE_INFINITY, valueIn(text, pattern)))
  }
  return answer.filter((text) => {
    const found = largest.get(text.replace(pattern, ''))
    return found === undefined || found < valueIn(text, pattern)
  })
}

function valueIn(text: string, pattern: RegExp): number {
  return Number(pattern.exec(text)?.[1])
}

function undeclared(outputs: Outputs, expected: ShapeCase['expected']): string | undefined {
  const output = Object.keys(outputs).find((name) => !(name in expected))
  return output === undefined ? undefined : `nothing was expected of output '${output}'`
}

function shown(rows: readonly string[]): string {
  return `${rows.length} rows ${rows.slice(0, SHOWN).join(', ')}`
}
