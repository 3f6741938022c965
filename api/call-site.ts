/**
 * Finds the line of the user's program that led to a call into the package.
 *
 * An error about a job is about a line of the user's, not about ours: the graph remembers for each
 * operator where it was written, and messages end with that place. Used while a job is built and
 * when an operator fails, never per record.
 */

import { fileURLToPath, pathToFileURL } from 'node:url'

/** A place in a program, as in a stack trace. */
export interface CallSite {
  /** Path of the file, or its URL where it is not a file. */
  readonly file: string
  /** Line, counted from 1. */
  readonly line: number
  /** Column, counted from 1. */
  readonly column: number
}

const PACKAGE_ROOT = new URL('../', import.meta.url).href

/** Folders of the engine, and where a build joins their modules. Examples, benchmarks and tests stand beside them and count as users. */
const ENGINE_FOLDERS = [
  'mailbox',
  'runtime',
  'checkpoint',
  'operators',
  'api',
  'connectors',
  'cli',
  'dashboard',
  'chunks',
].map((folder) => `${PACKAGE_ROOT}${folder}/`)

/** Our calls nest a handful deep; the user's own helpers may stand between. */
const STACK_DEPTH = 30

const POSITION = /(?:^|\(|\s)((?:[a-z]+:\/\/|\/|[A-Za-z]:[\\/]).+):(\d+):(\d+)\)?$/

/**
 * The first line of the current stack that lies outside the package and outside Node.js; undefined
 * when there is none, for example when a native callback called.
 */
export function captureCallSite(): CallSite | undefined {
  const holder: { stack?: string } = {}
  const depth = Error.stackTraceLimit
  Error.stackTraceLimit = STACK_DEPTH
  Error.captureStackTrace(holder, captureCallSite)
  // The text is made on first access, while the raised limit no longer matters.
  Error.stackTraceLimit = depth
  return firstUserFrame(holder.stack)
}

/**
 * The first line of a stack trace that lies in the user's program, so that a message can name it.
 *
 * @param stack the `stack` of an error
 */
export function firstUserFrame(stack: string | undefined): CallSite | undefined {
  for (const line of (stack ?? '').split('\n')) {
    if (!line.startsWith('    at ')) continue
    const site = parseFrame(line)
    if (site !== undefined) return site
  }
  return undefined
}

/** `file:line:column`, which terminals and editors turn into a link. */
export function formatCallSite(site: CallSite): string {
  return `${site.file}:${site.line}:${site.column}`
}

function parseFrame(line: string): CallSite | undefined {
  const match = POSITION.exec(line.trim())
  const location = match?.[1]
  if (match === null || location === undefined) return undefined
  const url = toUrl(location)
  if (url.startsWith('node:') || ENGINE_FOLDERS.some((folder) => url.startsWith(folder)))
    return undefined
  return { file: toPath(location), line: Number(match[2]), column: Number(match[3]) }
}

/** Frames name modules by URL and scripts by path; with source maps on, sources by either. */
function toUrl(location: string): string {
  if (/^[a-z]{2,}:/.test(location)) return location
  return pathToFileURL(location).href
}

function toPath(location: string): string {
  if (!location.startsWith('file:')) return location
  try {
    return fileURLToPath(location)
  } catch {
    return location
  }
}
