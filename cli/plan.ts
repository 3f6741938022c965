/**
 * `millrace plan`: prints how a job would be laid out, without running it, or which arguments it takes.
 */
import { pathToFileURL } from 'node:url'
import { loadJobModule } from '../api/execution/job-module.ts'
import { resolveOptions } from '../api/execution/run-options.ts'
import type { JobDefinition } from '../api/job.ts'
import { buildGraph } from '../api/job.ts'
import type { JobGraph } from '../api/graph.ts'
import { createPlan } from '../api/plan.ts'
import type { ExecutionPlan } from '../api/plan.ts'
import { planToMermaid } from '../api/plan-mermaid.ts'
import { planToText } from '../api/plan-text.ts'
import { MillraceError } from '../mailbox/errors.ts'
import { argumentsText } from './job-arguments.ts'
import { runOptions } from './options.ts'
import type { JobCommandOptions } from './options.ts'
import { print, reserveStdout } from './output.ts'
import { stylesFor } from './terminal.ts'

/** Options of `millrace plan`. */
export interface PlanCommandOptions extends JobCommandOptions {
  /** As Mermaid instead of text. */
  readonly mermaid?: boolean
  /** The job's arguments instead of the plan. */
  readonly args?: boolean
  /** One line of JSON instead of text. */
  readonly json?: boolean
}

/** Prints the plan. Rejects with what building or planning the job raises. */
export async function planCommand(file: string, options: PlanCommandOptions): Promise<void> {
  const { json = false, mermaid = false } = options
  if (json && mermaid) {
    throw new MillraceError(
      'USAGE',
      'expected either --json or --mermaid, got both; see millrace --help',
    )
  }
  // What the job's module prints must not get into the line.
  const write = json ? reserveStdout() : print
  const job = await loadJob(file)
  if (options.args === true) {
    const { name, args } = job
    const text = json
      ? JSON.stringify({ job: name, args })
      : argumentsText(job, stylesFor(process.stdout, process.env))
    await write(`${text}\n`)
    return
  }
  const resolved = resolveOptions(runOptions(options), true)
  const { args, parallelism, maxParallelism, slots, preAggregation } = resolved
  const graph = await buildGraph(job, args)
  const plan = createPlan(graph, {
    parallelism,
    slots,
    preAggregation,
    ...(maxParallelism === undefined ? {} : { maxParallelism }),
  })
  const facts = (): string => JSON.stringify(planFacts(plan, graph))
  const draw = mermaid ? planToMermaid : planToText
  await write(`${json ? facts() : draw(plan, graph)}\n`)
}

/** The plan as it is, and of the graph what its ids stand for. */
function planFacts({ jobName, ...plan }: ExecutionPlan, { nodes }: JobGraph): object {
  return {
    job: jobName,
    ...plan,
    operators: nodes.map(({ id, name, uid, uidGiven, operator }) => ({
      id,
      name,
      uid,
      uidGiven,
      kind: operator.kind === 'operator' ? operator.type : operator.kind,
    })),
  }
}

/** Loads the job of a module given by path or `file:` URL. */
export function loadJob(file: string): Promise<JobDefinition> {
  return loadJobModule(file.startsWith('file:') ? file : pathToFileURL(file).href)
}
