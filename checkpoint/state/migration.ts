/** How stored values of an older version come into the present form. */
import type { Upgrade } from './entry-form.ts'
import type { StateOptions } from './state-descriptors.ts'

/** The user's `migrate` has thrown. Becomes `INCOMPATIBLE_STATE` where the state is known. */
export class MigrationFailure extends Error {
  override readonly name: string = 'MigrationFailure'
}

/**
 * What to do with values of `version`: nothing where it is the present one, otherwise the user's `migrate`, whose errors
 * come as a `MigrationFailure`.
 */
export function upgradeFrom(descriptor: StateOptions, version: number): Upgrade {
  const { version: present = 1, migrate } = descriptor
  if (version === present || migrate === undefined) return (stored) => stored
  return (stored) => {
    try {
      return migrate(stored, version)
    } catch (cause) {
      throw new MigrationFailure('migrate failed', { cause })
    }
  }
}
