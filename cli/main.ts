#!/usr/bin/env node
/**
 * The command `millrace`: parses, does what was asked for, shows an error if there was one, and sets the exit code.
 *
 * The process ends by itself, so that everything printed arrives; only what a job's module left running is not waited for.
 */
import { CommanderError } from 'commander'
import { MillraceError } from '../mailbox/errors.ts'
import type * as CheckpointCommands from './checkpoint.ts'
import { EXIT, errorText, exitCodeOf, isArgumentError, lacksDirectory } from './errors.ts'
import { argumentsText } from './job-arguments.ts'
import { watchPipe } from './output.ts'
import { createProgram } from './program.ts'
import type { Interruption } from './run.ts'
import { endAtSignals } from './signals.ts'
import { stylesFor, writeErrorNow } from './terminal.ts'

/** How long the process may go on after its work is done: something in the job's module keeps it alive. */
const GRACE_MS = 500

let interrupt: (reason: Interruption) => void = (reason) => {
  if (reason.kind === 'broken pipe') process.exit(EXIT.brokenPipe)
  void fail(reason.error)
}

async function main(): Promise<void> {
  watchPipe((error) => {
    if (error === undefined) process.exitCode = EXIT.brokenPipe
    else void fail(error)
    interrupt({ kind: 'broken pipe' })
  })
  process.on('uncaughtException', (error) => {
    interrupt({ kind: 'error', error })
  })
  let done = false
  process.on('beforeExit', () => {
    if (done) return
    done = true
    interrupt({ kind: 'error', error: nothingLeft() })
  })
  let file: string | undefined
  const program = createProgram({
    run: async (path, options) => {
      file = path
      // From here to the moment when the job can be stopped.
      const early = endAtSignals()
      // Loaded when it is needed: help and mistakes in the options are told without the engine.
      const { runCommand } = await import('./run.ts')
      const { exitCode, error, advice } = await runCommand(path, options, {
        onInterrupt: (stop) => {
          early.release()
          interrupt = stop
        },
      })
      process.exitCode ??= exitCode
      if (error !== undefined) await fail(error, path)
      if (advice !== undefined) process.stderr.write(advice)
    },
    plan: async (path, options) => {
      file = path
      const { planCommand } = await import('./plan.ts')
      await planCommand(path, options)
    },
    simulate: async (path, options) => {
      file = path
      const { simulateCommand } = await import('./simulate.ts')
      process.exitCode ??= await simulateCommand(path, options)
    },
    listCheckpoints: (directory, options) =>
      inspect(({ listCheckpoints }) => listCheckpoints(directory, options)),
    showCheckpoint: (directory, id, options) =>
      inspect(({ showCheckpoint }) => showCheckpoint(directory, id, options)),
    verifyCheckpoints: (directory, id, options) =>
      inspect(({ verifyCheckpoints }) => verifyCheckpoints(directory, id, options)),
  })
  try {
    await program.parseAsync()
  } catch (error) {
    await fail(error, file)
  }
  done = true
  endSoon()
}

/** Looks into a directory of checkpoints, which was given as an argument. */
async function inspect(
  look: (commands: typeof CheckpointCommands) => Promise<void>,
): Promise<void> {
  try {
    await look(await import('./checkpoint.ts'))
  } catch (error) {
    if (lacksDirectory(error)) process.exitCode ??= EXIT.usage
    throw error
  }
}

/** Node would end without a word. */
function nothingLeft(): MillraceError {
  return new MillraceError(
    'NOTHING_LEFT',
    'The job has not ended, but nothing is left that could go on: a promise in its code never settles',
  )
}

/** Shows an error and sets the exit code. */
async function fail(error: unknown, file?: string): Promise<void> {
  const shown = error instanceof CommanderError ? usageError(error) : error
  if (shown === undefined) return
  process.exitCode ??= exitCodeOf(shown)
  const styles = stylesFor(process.stderr, process.env)
  process.stderr.write(errorText(shown, styles, process.env))
  if (file === undefined || !isArgumentError(shown)) return
  const { loadJob } = await import('./plan.ts')
  const job = await loadJob(file).catch(() => undefined)
  if (job?.args === undefined) return
  process.stderr.write(`\n${argumentsText(job, styles)}\n`)
}

/** What commander found wrong; undefined where it printed help or the version. */
function usageError(error: CommanderError): MillraceError | undefined {
  if (error.exitCode === 0) return undefined
  // Without a command, commander has printed the help to stderr.
  if (error.code === 'commander.help') return new MillraceError('USAGE', 'expected a command')
  const message = error.message.replace(/^error: /, '').replace(/\.?\n/g, ' ')
  return new MillraceError('USAGE', `${message.replace(/\.$/, '')}; see millrace --help`)
}

/** Ends the process if it does not end by itself: a timer or socket of the job's module would keep it alive. */
function endSoon(): void {
  setTimeout(() => {
    if (process.stdout.writableLength > 0) endSoon()
    else process.exit()
  }, GRACE_MS).unref()
}

main().catch((error: unknown) => {
  writeErrorNow(`millrace: ${String(error)}\n`)
  process.exit(EXIT.failed)
})
