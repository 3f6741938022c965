/**
 * Which outputs the jobs of this process write, so that no two sinks write to one: the file of the one would replace that of the other, and
 * nobody would hear of it. On the thread that runs the coordinators; jobs in other processes are not seen.
 */
import { buildError } from '../build-error.ts'
import { formatCallSite } from '../call-site.ts'
import type { GraphNode, JobGraph } from '../graph.ts'

interface Writer {
  readonly node: GraphNode
  readonly graph: JobGraph
}

const writers = new Map<string, Writer>()

/**
 * Takes the outputs of a job's sinks, and returns what gives them back. Errors: `OUTPUT_IN_USE`, with both sinks; then nothing is taken.
 */
export async function claimOutputs(graph: JobGraph): Promise<() => void> {
  const own: string[] = []
  const release = (): void => {
    for (const output of own) writers.delete(output)
  }
  try {
    for (const node of graph.nodes) {
      if (node.operator.kind !== 'sink') continue
      const output = await node.operator.sink.exclusiveOutput?.()
      if (output === undefined) continue
      const other = writers.get(output)
      if (other !== undefined) throw inUse(output, { node, graph }, other)
      writers.set(output, { node, graph })
      own.push(output)
    }
  } catch (error) {
    release()
    throw error
  }
  return release
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
