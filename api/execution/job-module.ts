/**
 * Loads the job that a module exports.
 */
import { stat } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import { MillraceError } from '../../mailbox/errors.ts'
import { isJobDefinition } from '../job.ts'
import type { JobDefinition } from '../job.ts'

/**
 * The default export of a job module.
 *
 * @param url absolute `file:` URL
 * @returns the job. Rejects with `JOB_MODULE_NOT_FOUND`, `JOB_MODULE_FAILED` (it throws while it is loaded; the error is the cause) or
 *   `NOT_A_JOB` (its default export is something else, or missing)
 */
export async function loadJobModule(url: string): Promise<JobDefinition> {
  await checkFile(url)
  let module: Record<string, unknown>
  try {
    module = (await import(url)) as Record<string, unknown>
  } catch (error) {
    const reason = error instanceof Error ? error.message : inspect(error)
    throw new MillraceError(
      'JOB_MODULE_FAILED',
      `The module ${display(url)} failed to load: ${reason}`,
      {
        cause: error,
      },
    )
  }
  const exported = defaultExport(module)
  if (isJobDefinition(exported)) return exported
  const got =
    exported !== undefined ? `its default export is ${typeof exported}` : 'it has no default export'
  throw new MillraceError(
    'NOT_A_JOB',
    `Expected 'export default defineJob(…)' in ${display(url)}, but ${got}`,
  )
}

/** The default export. TypeScript compiles it to a field of that name where it writes CommonJS, and Node exports the object which has that field. */
function defaultExport(module: Readonly<Record<string, unknown>>): unknown {
  const exported = module['default']
  const fields = (typeof exported === 'object' && exported !== null ? exported : {}) as {
    readonly __esModule?: unknown
    readonly default?: unknown
  }
  return fields.__esModule === true ? fields.default : exported
}

async function checkFile(url: string): Promise<void> {
  if (!url.startsWith('file:')) return
  const found = await stat(fileURLToPath(url)).catch(() => undefined)
  if (found?.isFile() === true) return
  const what = found === undefined ? 'does not exist' : 'is not a file'
  throw new MillraceError('JOB_MODULE_NOT_FOUND', `The job module ${display(url)} ${what}`)
}

function display(url: string): string {
  return url.startsWith('file:') ? fileURLToPath(url) : url
}
