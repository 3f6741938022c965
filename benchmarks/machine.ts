/**
 * Where figures were measured: no figure is worth anything without it.
 */
import { execFileSync } from 'node:child_process'
import { cpus, totalmem } from 'node:os'

/** Machine, runtime and state of the code of one run of the harness. */
export interface Circumstances {
  /** Processor, number of cores, memory and operating system. */
  readonly machine: string
  /** Version of Node.js, such as `v20.19.0`. */
  readonly node: string
  /** Short commit hash, with `-dirty` where tracked files differ from it; `unknown` outside a clone. */
  readonly commit: string
}

/** Looks at this machine, this process and the clone that `folder` lies in. */
export function circumstances(folder: string): Circumstances {
  const cores = cpus()
  const memoryGib = Math.round(totalmem() / 2 ** 30)
  const model = cores[0]?.model.trim() ?? 'unknown processor'
  return {
    machine: `${model}, ${cores.length} cores, ${memoryGib} GiB, ${process.platform} ${process.arch}`,
    node: process.version,
    commit: commitOf(folder),
  }
}

function commitOf(folder: string): string {
  try {
    const hash = git(folder, 'rev-parse', '--short', 'HEAD')
    return git(folder, 'status', '--porcelain', '--untracked-files=no') === ''
      ? hash
      : `${hash}-dirty`
  } catch {
    return 'unknown'
  }
}

function git(folder: string, ...args: string[]): string {
  const stdio = ['ignore', 'pipe', 'ignore'] as const
  return execFileSync('git', args, { cwd: folder, encoding: 'utf8', stdio: [...stdio] }).trim()
}
