/**
 * Durations as people write them: `250ms`, `10s`, `1.5m`, `2h`.
 */

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }

/** The milliseconds of a duration, 0 or more; undefined for what is none. A number without a unit is none: nobody could tell which it means. */
export function parseDurationMs(text: string): number | undefined {
  const [, number, unit] = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h)$/.exec(text) ?? []
  const factor = UNITS[unit ?? '']
  return number === undefined || factor === undefined ? undefined : Number(number) * factor
}

/** A duration for people: `250 ms`, `1.5 s`, `2 min`, `3 h`. */
export function durationText(milliseconds: number): string {
  if (milliseconds < 1_000) return `${Math.round(milliseconds)} ms`
  if (milliseconds < 120_000) return `${Number((milliseconds / 1_000).toFixed(1))} s`
  if (milliseconds < 7_200_000) return `${Math.round(milliseconds / 60_000)} min`
  return `${Number((milliseconds / 3_600_000).toFixed(1))} h`
}
