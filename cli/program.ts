/**
 * The commands and options of the command line, as commander has them.
 */
import { createRequire } from 'node:module'
import { Command, Option } from 'commander'
import type { CheckpointCommandOptions } from './checkpoint.ts'
import {
  collectArgument,
  parseMaxParallelism,
  parseCount,
  parseFaultKinds,
  parseParallelism,
  parseParallelisms,
  parseRows,
  parseSeed,
  parseSlots,
} from './options.ts'
import type { PlanCommandOptions } from './plan.ts'
import {
  DEFAULT_INTERVAL,
  parseDirectory,
  parseInterval,
  parseRestarts,
  parseUnalignedAfter,
} from './recovery-options.ts'
import type { RunCommandOptions } from './run.ts'
import type { SimulateCommandOptions } from './simulate.ts'

const DEFAULT_ROWS = 20

/** What the commands do. */
export interface CommandActions {
  readonly run: (file: string, options: RunCommandOptions) => Promise<void>
  readonly plan: (file: string, options: PlanCommandOptions) => Promise<void>
  readonly simulate: (file: string, options: SimulateCommandOptions) => Promise<void>
  readonly listCheckpoints: (directory: string, options: CheckpointCommandOptions) => Promise<void>
  readonly showCheckpoint: CheckpointAction
  readonly verifyCheckpoints: CheckpointAction
}

type CheckpointAction = (
  directory: string,
  id: string | undefined,
  options: CheckpointCommandOptions,
) => Promise<void>

/** The program. Parsing throws commander's `CommanderError` (also after help and version), or what an option's value raises. */
export function createProgram(actions: CommandActions): Command {
  const program = new Command('millrace')
    .description('Stateful stream and batch processing on worker threads.')
    .version(`millrace ${packageVersion()}`, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .exitOverride()
    // Errors are shown by main, in one form.
    .configureOutput({ outputError: () => {} })
  withRecoveryOptions(withJobOptions(program.command('run')))
    .description('run the job that a module exports, and show its totals and collected streams')
    .addOption(choice('--host <host>', 'who runs the slots', ['threads', 'inline']))
    .addOption(choice('--codec <codec>', 'how records cross slots', ['columns', 'msgpack']))
    .addOption(
      new Option('--rows <n>', 'rows that a table shows at most')
        .argParser(parseRows)
        .default(DEFAULT_ROWS),
    )
    .option('--json', 'print one line of JSON; what the job prints goes to stderr')
    .action(actions.run)
  withJobOptions(program.command('plan'))
    .description('print tasks, subtasks and channels of a job without running it')
    .option('--mermaid', 'print it as a Mermaid flowchart')
    .option('--args', 'print the arguments that the job takes instead')
    .option('--json', 'print one line of JSON')
    .action(actions.plan)
  addSimulateCommand(program, actions)
  addCheckpointCommands(program, actions)
  return program
}

function addSimulateCommand(program: Command, actions: CommandActions): void {
  const option = (flags: string, description: string, parse: (text: string) => unknown): Option =>
    new Option(flags, description).argParser(parse)
  program
    .command('simulate')
    .argument('<file>', "JavaScript module with 'export default defineJob(…)'")
    .description(
      'run the job through simulated interleavings and faults, and compare its output; ends with 1 where it is wrong',
    )
    .addOption(option('--seeds <n>', 'how many seeds (default: 100)', parseCount('--seeds')))
    .addOption(option('--first-seed <n>', 'the first one (default: 0)', parseSeed('--first-seed')))
    .addOption(option('--seed <n>', 'only this one', parseSeed('--seed')))
    .option('--trace', 'print every step')
    .addOption(
      option(
        '--faults <kinds>',
        "what may go wrong, e.g. actor,slot,process, or 'none' (default: everything)",
        parseFaultKinds,
      ),
    )
    .addOption(
      new Option('--mode <mode>', 'how checkpoints are made (default: chosen by the seed)').choices(
        ['aligned', 'unaligned', 'at-least-once'],
      ),
    )
    .addOption(
      new Option('-a, --arg <name=value>', 'an argument of the job; can be repeated')
        .argParser(collectArgument)
        .default({}, 'none'),
    )
    .addOption(
      option(
        '-p, --parallelism <n,…>',
        'of the first process, of the one after its death, and so on (default: 1 to 3)',
        parseParallelisms,
      ),
    )
    .addOption(option('--slots <n>', 'simulated threads (default: 1 to 3)', parseSlots))
    .addOption(
      option('--max-parallelism <n>', 'number of key groups (default: 128)', parseMaxParallelism),
    )
    .addOption(
      option('--max-steps <n>', 'a run of more steps makes no progress', parseCount('--max-steps')),
    )
    .option('--json', 'print one line of JSON')
    .action(actions.simulate)
}

function addCheckpointCommands(program: Command, actions: CommandActions): void {
  const checkpoint = program
    .command('checkpoint')
    .description('look into a directory of checkpoints and savepoints; no job needs to run')
    .helpCommand(false)
  const inDirectory = (name: string): Command =>
    checkpoint
      .command(name)
      .argument('<directory>', 'where they are, or the folder of one')
      .option('--json', 'print one line of JSON')
  inDirectory('ls')
    .description('list what there is, by its metadata; ends with 1 where that is damaged')
    .action(actions.listCheckpoints)
  inDirectory('show')
    .argument('[id]', 'which one (default: the newest)')
    .description('print what a checkpoint consists of')
    .action(actions.showCheckpoint)
  inDirectory('verify')
    .argument('[id]', 'which one (default: all)')
    .description(
      'read every byte and tell what is damaged; ends with 1 where anything is, or nothing is whole',
    )
    .action(actions.verifyCheckpoints)
}

function withJobOptions(command: Command): Command {
  return command
    .argument('<file>', "JavaScript module with 'export default defineJob(…)'")
    .addOption(
      new Option('-a, --arg <name=value>', 'an argument of the job; can be repeated')
        .argParser(collectArgument)
        .default({}, 'none'),
    )
    .addOption(
      new Option(
        '-p, --parallelism <n>',
        'subtasks of each operator that says nothing else (default: number of slots)',
      ).argParser(parseParallelism),
    )
    .addOption(
      new Option(
        '--slots <n>',
        'worker threads (default: one per core, at most the parallelism)',
      ).argParser(parseSlots),
    )
    .addOption(
      new Option('--max-parallelism <n>', 'number of key groups (default: 128)').argParser(
        parseMaxParallelism,
      ),
    )
}

function withRecoveryOptions(command: Command): Command {
  const option = (flags: string, description: string): Option => new Option(flags, description)
  return command
    .addOption(
      option('--checkpoints <dir>', 'make checkpoints in this directory').argParser(parseDirectory),
    )
    .addOption(
      option(
        '--checkpoint-interval <time>',
        `time between them, e.g. 500ms, 10s, 5m (default: ${DEFAULT_INTERVAL})`,
      ).argParser(parseInterval),
    )
    .addOption(
      choice('--checkpoint-mode <mode>', 'what a failure may repeat', [
        'exactly-once',
        'at-least-once',
      ]),
    )
    .addOption(
      option(
        '--unaligned-after <time>',
        'let barriers overtake records that have held them up for so long (default: never)',
      ).argParser(parseUnalignedAfter),
    )
    .option('--incremental', 'checkpoints have only what has changed since the one before')
    .option('--resume', 'go on from the newest checkpoint there, if there is one')
    .addOption(
      option('--from <dir>', 'begin with the newest savepoint in here, or with this one').argParser(
        parseDirectory,
      ),
    )
    .option('--allow-non-restored-state', 'give up state whose operator is gone')
    .addOption(
      option(
        '--restarts <how>',
        'none, fixed:TIMES:DELAY, rate:FAILURES:INTERVAL:DELAY or exponential ' +
          '(default: exponential with --checkpoints, else none)',
      ).argParser(parseRestarts),
    )
    .addOption(
      option(
        '--savepoint <dir>',
        'make a savepoint here on SIGUSR2 and go on, on Ctrl-C and stop',
      ).argParser(parseDirectory),
    )
}

function choice(flags: string, description: string, choices: readonly string[]): Option {
  return new Option(flags, `${description} (default: "${choices[0] ?? ''}")`).choices(choices)
}

function packageVersion(): string {
  // The package by its own name: its place relative to this file depends on where it was compiled to.
  const { version } = createRequire(import.meta.url)('millrace/package.json') as { version: string }
  return version
}
