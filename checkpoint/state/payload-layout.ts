/**
 * What the payloads of a keyed state or part are made of, beyond its kind and version: kept with each snapshot, so that a job that has been changed meanwhile
 * can read them, or say why not.
 */
import { isDeepStrictEqual } from 'node:util'
import type { Upgrade } from './entry-form.ts'

/** How the payloads of one state or part are made up. */
export interface PayloadLayout {
  /** Plain data, which goes into snapshots. */
  readonly stored: unknown
  /**
   * What brings payloads of another layout into this one; undefined: they are as they are to be. `stored` is undefined where a snapshot does not say; then what is
   * returned may throw `LayoutMismatch` too. Errors: `LayoutMismatch`, `DamagedFieldsError`.
   */
  readonly upgradeFrom: (stored: unknown) => Upgrade | undefined
}

/** The layouts of parts by their kind; undefined: nothing is said of such a part. */
export type PayloadLayouts = (kind: string) => PayloadLayout | undefined

/** Payloads of a snapshot cannot come into the present layout. Becomes `INCOMPATIBLE_STATE` where the state is known. */
export class LayoutMismatch extends Error {
  override readonly name: string = 'LayoutMismatch'
}

/** Whether two layouts that were stored are the same. */
export function isSameLayout(a: unknown, b: unknown): boolean {
  return a === b || isDeepStrictEqual(a, b)
}
