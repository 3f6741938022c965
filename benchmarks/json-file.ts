/**
 * Files for figures, asked about before anything is measured: a run may take an hour.
 */
import { accessSync, constants, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

/** Why nothing can be written to the file; undefined where nothing is known against it. Makes no file. */
export function whyNotWritable(file: string): string | undefined {
  const path = resolve(file)
  const there = statSync(path, { throwIfNoEntry: false })
  if (there?.isDirectory() === true) return `cannot write ${file}: it is a folder`
  const asked = there === undefined ? dirname(path) : path
  try {
    accessSync(asked, constants.W_OK)
  } catch {
    const reason = asked === path ? 'it is read-only' : `there is no folder ${asked} to write to`
    return `cannot write ${file}: ${reason}`
  }
  return undefined
}
