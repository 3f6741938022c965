/**
 * Numbers in splits, of which some stop half-way until the job is cancelled: so a savepoint finds splits that are done, in progress
 * and not yet dealt.
 */
import type { Source } from '../../api/index.ts'

/** Which numbers there are, and where it stops. */
export interface GatedNumbers {
  readonly name: string
  readonly count: number
  readonly perSplit: number
  /** The first split that stops; `Infinity`: none does. */
  readonly gatedFrom: number
  /** How many numbers of such a split are read. */
  readonly readOfGated: number
}

/** The numbers from 0 to `count - 1`. */
export function gatedNumbers(facts: GatedNumbers): Source<number, number, number> {
  const { name, count, perSplit, gatedFrom, readOfGated } = facts
  return {
    name,
    enumerate({ restored }) {
      let next = typeof restored === 'number' ? restored : 0
      return {
        next: () => (next * perSplit < count ? next++ : undefined),
        snapshot: () => next,
      }
    },
    open(split, { signal, batchSize }, position = split * perSplit) {
      const end = Math.min(count, (split + 1) * perSplit)
      const gate = split >= gatedFrom ? split * perSplit + readOfGated : end
      let at = position
      return {
        get position() {
          return at
        },
        read() {
          if (at >= end) return undefined
          if (at >= gate) {
            return new Promise((resolve) => {
              signal.addEventListener('abort', () => resolve(undefined), { once: true })
            })
          }
          const length = Math.min(batchSize, 16, gate - at)
          at += length
          return Array.from({ length }, (_, i) => at - length + i)
        },
      }
    },
  }
}
