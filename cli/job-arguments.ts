/**
 * The arguments that a job describes, as a list for people.
 */
import type { ArgumentSpec } from '../api/arguments.ts'
import type { JobDefinition } from '../api/job.ts'
import { oneLine } from './terminal.ts'
import type { Styles } from './terminal.ts'

/** The job's arguments under a title, with types, defaults and descriptions; without a line break at the end. */
export function argumentsText(job: JobDefinition, styles: Styles): string {
  const name = oneLine(job.name)
  if (job.args === undefined) return `The job '${name}' takes any arguments: it describes none.`
  const described = Object.entries(job.args)
  if (described.length === 0) return `The job '${name}' takes no arguments.`
  const lines = described.flatMap(([argument, spec]) => argumentLines(argument, spec, styles))
  return [`Arguments of the job '${name}', given as --arg name=value:`, ...lines].join('\n')
}

function argumentLines(name: string, spec: ArgumentSpec, styles: Styles): readonly string[] {
  const head = `  ${styles.bold(name)}: ${[typeText(spec), ...fallback(spec)].join(', ')}`
  return spec.description === undefined ? [head] : [head, `      ${oneLine(spec.description)}`]
}

function typeText({ type, choices }: ArgumentSpec): string {
  return choices === undefined ? type : choices.map((choice) => oneLine(String(choice))).join(' | ')
}

function fallback(spec: ArgumentSpec): readonly string[] {
  if (spec.required === true) return ['required']
  if (spec.default === undefined) return []
  const text = typeof spec.default === 'string' ? `'${spec.default}'` : String(spec.default)
  return [`default ${oneLine(text)}`]
}
