/**
 * The name a user probably meant: the closest of those there are.
 */

/** Edits (insert, delete, replace one character) that turn `from` into `to`: Levenshtein, two rows. */
function editDistance(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_, column) => column)
  for (let row = 1; row <= from.length; row++) {
    const current = [row]
    for (let column = 1; column <= to.length; column++) {
      const replace = (previous[column - 1] ?? 0) + (from[row - 1] === to[column - 1] ? 0 : 1)
      current.push(Math.min(replace, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1))
    }
    previous = current
  }
  return previous[to.length] ?? 0
}

/** The name closest to `wanted`, ignoring case; undefined when none is close enough to be a typing error. */
export function nearestName(wanted: string, names: readonly string[]): string | undefined {
  const limit = Math.max(1, Math.floor(wanted.length / 3))
  let best: string | undefined
  let bestDistance = limit + 1
  for (const name of names) {
    const distance = editDistance(wanted.toLowerCase(), name.toLowerCase())
    if (distance < bestDistance) {
      best = name
      bestDistance = distance
    }
  }
  return best
}

/** ` Did you mean "x"?` or nothing, to stand at the end of a message. */
export function didYouMean(wanted: string, names: readonly string[]): string {
  const name = nearestName(wanted, names)
  return name === undefined ? '' : ` Did you mean "${name}"?`
}
