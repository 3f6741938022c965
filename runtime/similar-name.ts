/**
 * "Did you mean": the known name that a mistyped one is closest to.
 */

/** The known name with the fewest typing mistakes between, undefined when all are too far away. */
export function similarName(name: string, known: readonly string[]): string | undefined {
  let best: string | undefined
  // One mistake in short names, a third of the letters in long ones.
  let limit = Math.max(1, Math.floor(name.length / 3))
  for (const candidate of known) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase())
    if (distance > limit || (distance === limit && best !== undefined)) continue
    best = candidate
    limit = distance
  }
  return best
}

/**
 * Insertions, deletions, replacements and swaps of neighbours that lead from `a` to `b` (optimal
 * string alignment).
 */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      let cost = Math.min(at(last, j) + 1, at(row, j - 1) + 1, at(last, j - 1) + (same ? 0 : 1))
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      if (swapped) cost = Math.min(cost, at(beforeLast, j - 2) + 1)
      row.push(cost)
    }
    beforeLast = last
    last = row
  }
  return at(last, b.length)
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY
}
