/**
 * Which processes there are: enough to tell whether the one that once locked a directory still lives.
 *
 * A process id alone does not say that. It is used again, in containers even right away: there the next process often has the same
 * one. So the time at which the process began counts as well, where the system tells it (Linux).
 */
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { systemCode } from './store-errors.ts'

/** A process, as the name of a lock has it. */
export interface ProcessIdentity {
  readonly pid: number
  /** When it began, in whatever unit the system has; 0 where that is not known. */
  readonly start: number
  /** The machine it runs on. */
  readonly host: string
}

/** The processes of a machine. */
export interface ProcessTable {
  readonly self: ProcessIdentity
  /** Whether this process of this machine is still there. In doubt: true. */
  isAlive(process: ProcessIdentity): boolean
}

/** The real ones. */
export const thisMachine: ProcessTable = {
  get self() {
    return { pid: process.pid, start: startOf(process.pid)?.start ?? 0, host: hostname() }
  },
  isAlive({ pid, start }) {
    const found = startOf(pid)
    if (found !== undefined) return !found.dead && (start === 0 || start === found.start)
    try {
      process.kill(pid, 0)
      return true
    } catch (error) {
      // It is there, but another user's.
      return systemCode(error) === 'EPERM'
    }
  },
}

/** What Linux says about a process; undefined elsewhere, and where there is none. */
function startOf(pid: number): { readonly start: number; readonly dead: boolean } | undefined {
  let text: string
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1')
  } catch {
    return undefined
  }
  // `pid (name) state …`: the name may hold anything, also brackets. The start is field 22.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const [state = ''] = fields
  const start = Number(fields[19])
  // Ended, but not collected by its parent: it writes no more.
  return { start: Number.isSafeInteger(start) ? start : 0, dead: 'ZX'.includes(state) }
}
