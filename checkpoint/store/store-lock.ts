/**
 * One process at a time writes to a directory.
 *
 * The lock is a file whose name says who has it; it is empty, so it cannot be half-written. Whoever comes makes its own first, then
 * looks for others: of two that come at the same time at least one sees the other and gives way. A file of a process that is gone
 * is removed; as no two processes have the same name, this never takes the lock of a living one.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import type { FileSystem } from './file-system.ts'
import type { ProcessIdentity, ProcessTable } from './process-table.ts'
import { storeError, systemCode } from './store-errors.ts'

/** Where a lock is taken, and by whom. */
export interface LockRequest {
  readonly root: string
  /** How messages call the directory. */
  readonly location: string
  readonly files: FileSystem
  readonly processes: ProcessTable
  /** Whether locks of other machines are taken over. */
  readonly takeOver: boolean
}

/** A lock that is held. */
export interface StoreLock {
  /** Never throws: what is left of it is seen as that of a dead process later. */
  release(): Promise<void>
}

/** Takes the lock of a directory. Errors: `STORE_LOCKED`, and those of the file system. */
export async function acquireLock(request: LockRequest): Promise<StoreLock> {
  const { root, location, files, processes } = request
  const { self } = processes
  const own = lockName(self)
  const release = (): Promise<void> => files.removeFile(`${root}/${own}`).catch(() => undefined)
  try {
    await (await files.create(`${root}/${own}`)).close()
  } catch (error) {
    if (systemCode(error) === 'EEXIST') throw locked(location, own, 'this process itself')
    throw storeError(error, `locking ${location}`)
  }
  try {
    await settleOthers(request, own)
  } catch (error) {
    await release()
    throw storeError(error, `locking ${location}`)
  }
  return { release }
}

/** Removes the locks of the dead. Throws `STORE_LOCKED` when one lives. */
async function settleOthers(request: LockRequest, own: string): Promise<void> {
  const { root, location, files, processes, takeOver } = request
  for (const { name } of await files.entries(root)) {
    const holder = parseLockName(name)
    if (holder === undefined || name === own) continue
    const foreign = holder.host !== hostText(processes.self.host)
    if (foreign && !takeOver) {
      throw locked(location, name, `process ${holder.pid} of the machine '${holder.host}'`)
    }
    if (!foreign && processes.isAlive(holder)) throw locked(location, name, `process ${holder.pid}`)
    await files.removeFile(`${root}/${name}`).catch((error: unknown) => {
      if (systemCode(error) !== 'ENOENT') throw error
    })
  }
}

function locked(location: string, file: string, holder: string): MillraceError {
  return new MillraceError(
    'STORE_LOCKED',
    `${location}: expected to be the only one who writes there, found ${holder} at work; if it is gone for certain, delete ${location}/${file}`,
    { retryable: true },
  )
}

function lockName({ pid, start, host }: ProcessIdentity): string {
  return `lock-${pid}-${start}-${hostText(host)}`
}

function parseLockName(name: string): ProcessIdentity | undefined {
  const [, pid, start, host] = /^lock-(\d+)-(\d+)-([a-z0-9.-]+)$/.exec(name) ?? []
  if (pid === undefined || start === undefined || host === undefined) return undefined
  return { pid: Number(pid), start: Number(start), host }
}

function hostText(host: string): string {
  return (
    host
      .toLowerCase()
      .replaceAll(/[^a-z0-9.-]/g, '-')
      .slice(0, 100) || 'unknown'
  )
}
