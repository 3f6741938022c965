/**
 * Which outputs the jobs of this process write, so that no two sinks write to one: the file of the one would replace that of the other, and
 * nobody would hear of it. On the thread that runs the coordinators; jobs in other processes are not seen.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import { buildError, describeValue } from '../build-error.ts'
import { formatCallSite } from '../call-site.ts'
import type { GraphNode, JobGraph } from '../graph.ts'

interface Writer {
  readonly node: GraphNode
  readonly graph: JobGraph
}

const writers = new Map<string, Writer>()

/** The outputs of one job's sinks. */
export class ExclusiveOutputs {
  readonly #own = new Set<string>()
  #released = false

  /** Takes them. Errors: `OUTPUT_IN_USE`, with both sinks; `INVALID_SINK` for a name that is no text; what `exclusiveOutput` of a sink throws. */
  async take(graph: JobGraph): Promise<void> {
    for (const node of graph.nodes) {
      if (node.operator.kind !== 'sink') continue
      const output: unknown = await node.operator.sink.exclusiveOutput?.()
      // The job was cancelled while the sink was asked.
      if (this.#released) return
      if (output === undefined) continue
      if (typeof output !== 'string' || output === '') throw noName(node, output)
      const other = writers.get(output)
      if (other !== undefined) throw inUse(output, { node, graph }, other)
      writers.set(output, { node, graph })
      this.#own.add(output)
    }
  }

  /** Gives back what was taken; nothing is taken any more. */
  release(): void {
    this.#released = true
    for (const output of this.#own) writers.delete(output)
    this.#own.clear()
  }
}

function noName({ name }: GraphNode, given: unknown): MillraceError {
  return new MillraceError(
    'INVALID_SINK',
    `exclusiveOutput of '${name}' must give a text or undefined, got ${given === '' ? 'an empty text' : describeValue(given)}`,
  )
}

function inUse(output: string, { node, graph }: Writer, other: Writer): Error {
  const { name, callSite } = other.node
  const place = callSite === undefined ? '' : ` at ${formatCallSite(callSite)}`
  const who =
    other.graph === graph
      ? `so does '${name}'${place}; give each sink an output of its own, or join the streams with union`
      : `so does '${name}'${place} of the job '${other.graph.jobName}', which still runs in this process`
  return buildError(
    'OUTPUT_IN_USE',
    `'${node.name}' writes to ${output}, and ${who}`,
    node.callSite,
  )
}
