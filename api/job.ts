/**
 * `defineJob`: a job as a module's default export, and the building of its graph.
 *
 * The coordinator and every slot import the same module and build the same graph. So the build
 * function must do the same everywhere: no random numbers, no clock, no reading of what may differ
 * between threads.
 */
import { MillraceError } from '../mailbox/errors.ts'
import { unknownOption } from '../runtime/known-options.ts'
import { checkArgumentSpecs, parseArguments } from './arguments.ts'
import type { ArgumentSpecs, ArgumentsOf } from './arguments.ts'
import {
  buildError,
  buildErrorHere,
  describeValue,
  requireAnyFunction,
  requireText,
} from './build-error.ts'
import { firstUserFrame } from './call-site.ts'
import { Environment } from './environment.ts'
import { GraphBuilder } from './graph-builder.ts'
import type { JobGraph } from './graph.ts'

/** What a job says about itself. */
export interface JobSpec<S extends ArgumentSpecs | undefined = ArgumentSpecs | undefined> {
  /** Shown wherever the job is. */
  readonly name: string
  /** Shown in the help of the command line. */
  readonly description?: string
  /** The arguments it takes. Undefined: any, all of them strings. */
  readonly args?: S
}

const KNOWN: readonly string[] = ['name', 'description', 'args'] satisfies (keyof JobSpec)[]

/** Puts a job together from streams of `env`. Runs once per thread. */
export type JobBuild<Args> = (env: Environment, args: Args) => void | Promise<void>

/** A job that can be run: what `defineJob` returns. */
export interface JobDefinition<S extends ArgumentSpecs | undefined = ArgumentSpecs | undefined> {
  readonly name: string
  readonly description: string | undefined
  readonly args: S
  /** @internal Use `buildGraph`. */
  readonly build: JobBuild<never>
  readonly [JOB_MARK]: true
}

/** Arguments of a job that describes none. */
export type AnyArguments = Readonly<Record<string, string>>

/**
 * Known to every copy of the package in a process, so that a job defined with one runs in another.
 */
const JOB_MARK: unique symbol = Symbol.for('millrace.job') as never

/**
 * Defines a job. Nothing runs yet; `runJob` and `millrace run` take it from the module's default
 * export.
 *
 * @param build puts the job together; may be asynchronous. Must do the same on every thread
 * @returns the definition. Throws INVALID_ARGUMENT for a missing name or build function,
 *   INVALID_JOB for arguments that are not well described
 * @example
 * export default defineJob(
 *   {
 *     name: 'late flights',
 *     args: {
 *       input: { type: 'string', required: true, description: 'CSV file' },
 *       minutes: { type: 'integer', default: 15 },
 *     },
 *   },
 *   (env, args) => {
 *     env
 *       .from(csvSource({ path: args.input, columns: { origin: 'string', delay: 'number' } }))
 *       .filter((flight) => flight.delay > args.minutes)
 *       .to(consoleSink())
 *   },
 * )
 */
export function defineJob(name: string, build: JobBuild<AnyArguments>): JobDefinition<undefined>
export function defineJob<const S extends ArgumentSpecs>(
  spec: JobSpec<S> & { readonly args: S },
  build: JobBuild<ArgumentsOf<S>>,
): JobDefinition<S>
export function defineJob(
  spec: JobSpec<undefined>,
  build: JobBuild<AnyArguments>,
): JobDefinition<undefined>
export function defineJob(nameOrSpec: string | JobSpec, build: JobBuild<never>): JobDefinition {
  if (typeof nameOrSpec !== 'string' && (typeof nameOrSpec !== 'object' || nameOrSpec === null)) {
    throw buildErrorHere(
      'INVALID_JOB',
      `defineJob needs a name or a description, got ${describeValue(nameOrSpec)}`,
    )
  }
  const spec: JobSpec = typeof nameOrSpec === 'string' ? { name: nameOrSpec } : nameOrSpec
  const unknown = Object.keys(spec).find((key) => !KNOWN.includes(key))
  if (unknown !== undefined)
    throw buildErrorHere('INVALID_JOB', `defineJob: ${unknownOption(unknown, KNOWN)}`)
  requireText(spec.name, 'defineJob: the name')
  requireAnyFunction(build, 'defineJob: the build function')
  if (spec.args !== undefined) checkArgumentSpecs(spec.args)
  return {
    name: spec.name,
    description: spec.description,
    args: spec.args,
    build,
    [JOB_MARK]: true,
  }
}

/** Whether a value, for example the default export of a module, is a job. */
export function isJobDefinition(value: unknown): value is JobDefinition {
  return typeof value === 'object' && value !== null && JOB_MARK in value
}

/** What `parseArguments` makes of raw arguments for a job, as its build function gets them. */
export type ParsedArguments = Readonly<Record<string, string | number | boolean | undefined>>

/**
 * Builds the graph of a job: checks the arguments, calls the build function once and checks what it
 * made.
 *
 * @param args raw arguments: strings from a command line, or plain data of the described types
 * @returns the finished graph. Rejects with the code of the first mistake; what the build function
 *   throws becomes JOB_BUILD_FAILED with that error as its cause
 * @example
 * const graph = await buildGraph(job, { input: 'flights.csv' })
 */
export async function buildGraph(
  job: JobDefinition,
  args: Readonly<Record<string, unknown>> = {},
): Promise<JobGraph> {
  const parsed = parseArguments(job.args, args)
  const builder = new GraphBuilder(job.name)
  const build = job.build as JobBuild<ParsedArguments>
  try {
    await build(new Environment(job.name, builder), parsed)
  } catch (error) {
    throw buildFailure(job, error)
  }
  return builder.finish()
}

/** Our own errors already say what is wrong and where. */
function buildFailure(job: JobDefinition, error: unknown): MillraceError {
  if (error instanceof MillraceError) return error
  const reason = error instanceof Error ? error.message : describeValue(error)
  const site = error instanceof Error ? firstUserFrame(error.stack) : undefined
  return buildError(
    'JOB_BUILD_FAILED',
    `the job '${job.name}' could not be built: ${reason}`,
    site,
    error,
  )
}
