/** What happens to files of checkpoints in the tests of damage. */
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** What is done to a file. Returns undefined where it is removed. */
export type Damage = (bytes: Buffer) => Buffer | undefined

/** Does it to the file at `path`. */
export function damageFile(path: string, how: Damage): void {
  const damaged = how(readFileSync(path))
  if (damaged === undefined) rmSync(path)
  else writeFileSync(path, damaged)
}

/** Makes `place` what `pristine` is. The folder stays: the place of a file is part of what a checkpoint says about it. */
export function putBackFrom(pristine: string, place: string): void {
  for (const name of readdirSync(place)) rmSync(join(place, name), { recursive: true })
  cpSync(pristine, place, { recursive: true, preserveTimestamps: true })
}
