/**
 * Where the syntax error of a job's module is: Node says it only to stderr, when nobody catches the error.
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { MillraceError } from '../mailbox/errors.ts'

const CHECK_MS = 5_000

/**
 * `file:line` of the import of a name that is not exported, in whatever module it stands, or of the syntax error that kept a module from loading; undefined for any other error, and for one in a module that the
 * job imports. Lets a second Node read the file, so it takes some 50 ms; nothing of the file is run.
 */
export function syntaxErrorPlace(error: unknown): string | undefined {
  if (!(error instanceof MillraceError) || error.code !== 'JOB_MODULE_FAILED') return undefined
  if (!(error.cause instanceof SyntaxError)) return undefined
  const told = placeInStack(error.cause)
  if (told !== undefined) return told
  const file = /^The module (.+) failed to load: /s.exec(error.message)?.[1]
  if (file === undefined) return undefined
  const { stderr } = spawnSync(process.execPath, ['--check', file], {
    encoding: 'utf8',
    timeout: CHECK_MS,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const place = /^(?:file:\/\/)?(.+:\d+)\r?\n/.exec(stderr)?.[1]
  return place?.startsWith(file) === true ? place : undefined
}

/** An import of what is not there has its place above the message. */
function placeInStack({ stack = '' }: Error): string | undefined {
  const [, url, line] = /^(file:\/\/\S+):(\d+)\r?\n/.exec(stack) ?? []
  return url === undefined ? undefined : `${fileURLToPath(url)}:${line}`
}
