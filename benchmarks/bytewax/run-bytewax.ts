/**
 * Bytewax in an environment of its own, in the system's temporary folder: made once, and used again.
 */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Refusal } from '../figure.ts'
import { inRepository } from '../repository-folder.ts'

const VERSION = '0.21.1'
const INSTALL_MS = 300_000

const execute = promisify(execFile)

/** Runs a query over a JSON Lines file of events and returns how many seconds it took; `output`: a file for the rows, or `-` for none. */
export type RunBytewax = (query: string, input: string, output: string) => Promise<number>

/** Makes the environment where it is not there yet. Rejects where Python is missing, or has no such package. */
export async function installBytewax(log: (line: string) => void): Promise<RunBytewax> {
  const folder = join(tmpdir(), `millrace-bytewax-${VERSION}`)
  const python = join(folder, 'bin', 'python')
  const isThere = join(folder, 'installed')
  if (!existsSync(isThere)) {
    log(`installing Bytewax ${VERSION} into ${folder}`)
    await orExplain(`Python 3 with venv`, () => execute('python3', ['-m', 'venv', folder]))
    await orExplain(`Bytewax ${VERSION} from PyPI`, async () => {
      const pip = ['-m', 'pip', 'install', '--quiet', `bytewax==${VERSION}`]
      await execute(python, pip, { timeout: INSTALL_MS })
      await execute(python, ['-c', `import bytewax; open(${JSON.stringify(isThere)}, 'w').close()`])
    })
  }
  const script = inRepository('benchmarks/bytewax/queries.py')
  return async (query, input, output) => {
    const { stdout } = await execute(python, [script, query, input, output])
    return Number(stdout)
  }
}

async function orExplain(what: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work()
  } catch (error) {
    const why = error instanceof Error ? error.message.trim() : String(error)
    const message = `needs ${what}, which does not work here: ${why}`
    throw new Refusal('failure', message, { cause: error })
  }
}
