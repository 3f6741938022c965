/**
 * `millrace plan`: prints how a job would be laid out, without running it, or which arguments it takes.
 */
import { pathToFileURL } from 'node:url'
import { loadJobModule } from '../api/execution/job-module.ts'
import { resolveOptions } from '../api/execution/run-options.ts'
import type { JobDefinition } from '../api/job.ts'
import { buildGraph } from '../api/job.ts'
import { createPlan } from '../api/plan.ts'
import { planToMermaid } from '../api/plan-mermaid.ts'
import { planToText } from '../api/plan-text.ts'
import { argumentsText } from './job-arguments.ts'
import { runOptions } from './options.ts'
import type { JobCommandOptions } from './options.ts'
import { print } from './output.ts'
import { stylesFor } from './terminal.ts'

/** Options of `millrace plan`. */
export interface PlanCommandOptions extends JobCommandOptions {
  /** As Mermaid instead of text. */
  readonly mermaid?: boolean
  /** The job's arguments instead of the plan. */
  readonly args?: boolean
}

/** Prints the plan. Rejects with what building or planning the job raises. */
export async function planCommand(file: string, options: PlanCommandOptions): Promise<void> {
  const job = await loadJob(file)
  if (options.args === true) {
    await print(`${argumentsText(job, stylesFor(process.stdout, process.env))}\n`)
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
  const text = options.mermaid === true ? planToMermaid(plan, graph) : planToText(plan, graph)
  await print(`${text}\n`)
}

/** Loads the job of a module given by path or `file:` URL. */
export function loadJob(file: string): Promise<JobDefinition> {
  return loadJobModule(file.startsWith('file:') ? file : pathToFileURL(file).href)
}
