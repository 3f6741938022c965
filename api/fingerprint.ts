/**
 * The fingerprint of a graph: tells whether two threads have built the same job, and if not, what
 * differs.
 *
 * Plain data, so that it can travel. Compares what can be seen of a job: its operators, their
 * options, the text of the user's functions and how records flow. What a function has captured
 * cannot be seen.
 */
import { createHash } from 'node:crypto'
import type { GraphEdge, GraphNode, JobGraph, OperatorDescription, Partitioning } from './graph.ts'

/** What `fingerprint` returns. */
export interface GraphFingerprint {
  /** Equal for equal graphs; 64 hexadecimal digits. */
  readonly hash: string
  /** One JSON object with the job's name, then one per operator. */
  readonly lines: readonly string[]
}

/** The fields of one line, in the order in which they are compared. */
type Facts = Readonly<Record<string, string | number | boolean | null | readonly string[]>>

/**
 * The fingerprint of a graph.
 *
 * @example
 * fingerprint(await buildGraph(job)).hash === other.hash
 */
export function fingerprint(graph: JobGraph): GraphFingerprint {
  const header: Facts = { job: graph.jobName }
  const facts = [header, ...graph.nodes.map((node) => nodeFacts(node, graph.edges))]
  const lines = facts.map((fact) => JSON.stringify(fact))
  return { hash: sha256(lines.join('\n')), lines }
}

/**
 * Says where two graphs part for the first time, as the end of a sentence about "here" (`a`) and
 * "there" (`b`); undefined where they are equal.
 *
 * @example
 * firstDifference(mine, theirs) // "operator 2 'filter': parallelism is 2 here and 3 there"
 */
export function firstDifference(a: GraphFingerprint, b: GraphFingerprint): string | undefined {
  const length = Math.max(a.lines.length, b.lines.length)
  for (let i = 0; i < length; i++) {
    const here = a.lines[i]
    const there = b.lines[i]
    if (here === there) continue
    if (there === undefined) return `${describeLine(here)} exists here only`
    if (here === undefined) return `${describeLine(there)} exists there only`
    return `${describeLine(here)}: ${differingField(here, there)}`
  }
  return undefined
}

function nodeFacts(node: GraphNode, edges: readonly GraphEdge[]): Facts {
  const inputs = edges.filter((edge) => edge.to === node.id)
  return {
    operator: node.id,
    kind: node.operator.kind,
    name: node.name,
    uid: node.uid,
    parallelism: node.parallelism ?? null,
    'largest parallelism': node.parallelismLimit ?? null,
    maxParallelism: node.maxParallelism ?? null,
    chain: node.chain,
    onError: node.onError,
    inputs: inputs.map(describeInput),
    ...functionFacts(node.operator, inputs),
  }
}

function functionFacts(operator: OperatorDescription, inputs: readonly GraphEdge[]): Facts {
  const partitioners = inputs.map(({ partitioning }) => partitioningCode(partitioning))
  const facts: Facts = { partitioning: partitioners }
  switch (operator.kind) {
    case 'source':
      return {
        ...facts,
        source: operator.source.name,
        timestamp: code(operator.timestamp),
        watermarks: operator.watermarks === undefined ? null : describeData(operator.watermarks),
        watermarkIntervalMs: operator.watermarkIntervalMs ?? null,
      }
    case 'map':
    case 'filter':
    case 'flatMap':
      return { ...facts, function: code(operator.fn) }
    case 'timestamps':
      return {
        ...facts,
        timestamp: code(operator.timestamp),
        watermarks: operator.watermarks === undefined ? null : describeData(operator.watermarks),
      }
    case 'reduce':
      return { ...facts, key: code(operator.key), function: code(operator.reduce) }
    case 'aggregate':
      return {
        ...facts,
        key: code(operator.key),
        aggregate: describeData(operator.aggregate),
        result: code(operator.result),
      }
    case 'operator':
      return { ...facts, type: operator.type, ...givenFacts(operator.facts) }
    case 'sink':
      return { ...facts, sink: operator.sink.name }
    case 'collect':
      return { ...facts, collect: operator.name }
  }
}

function describeInput({ from, input, tag, partitioning }: GraphEdge): string {
  const side = tag === undefined ? '' : ` side output '${tag}'`
  const second = input === 1 ? ' as second input' : ''
  return `${partitioning.kind} from operator ${from}${side}${second}`
}

/** What the user gave to an operator, under names that can't be mistaken for those of this file. */
function givenFacts(given: Readonly<Record<string, unknown>>): Facts {
  return Object.fromEntries(
    Object.entries(given)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [`its ${name}`, givenFact(value)]),
  )
}

function givenFact(value: unknown): string | number | boolean | null {
  if (typeof value === 'function') return code(value as () => unknown)
  if (typeof value === 'object' && value !== null) return describeData(value)
  return typeof value === 'number' || typeof value === 'boolean' ? value : String(value)
}

function partitioningCode(partitioning: Partitioning): string {
  switch (partitioning.kind) {
    case 'key':
      return code(partitioning.selector) ?? ''
    case 'custom':
      return code(partitioning.fn) ?? ''
    case 'default':
    case 'forward':
    case 'rebalance':
    case 'rescale':
    case 'idlest':
    case 'shuffle':
    case 'broadcast':
    case 'global':
      return ''
  }
}

/**
 * Functions are compared by their text, which is the same in every thread that has loaded the same
 * module.
 */
function code(fn: ((...args: never[]) => unknown) | undefined): string | null {
  return fn === undefined
    ? null
    : `code ${sha256(Function.prototype.toString.call(fn)).slice(0, 12)}`
}

/**
 * Objects of ours and of users: their own fields, functions by their text; one level, for they may
 * hold anything below.
 */
function describeData(value: object): string {
  const fields = Object.entries(value)
    .filter(([, field]) => typeof field !== 'object' || field === null)
    .map(([name, field]) => [name, typeof field === 'function' ? code(field) : String(field)])
  return JSON.stringify([value.constructor?.name ?? '', ...fields])
}

function describeLine(line: string | undefined): string {
  const facts = JSON.parse(line ?? '{}') as Facts
  if (facts['operator'] === undefined) return 'the job'
  return `operator ${String(facts['operator'])} '${String(facts['name'])}'`
}

function differingField(here: string, there: string): string {
  const a = JSON.parse(here) as Facts
  const b = JSON.parse(there) as Facts
  for (const field of new Set([...Object.keys(a), ...Object.keys(b)])) {
    const inA = formatFact(a[field])
    const inB = formatFact(b[field])
    if (inA !== inB) return `${field} is ${inA} here and ${inB} there`
  }
  return 'its description differs'
}

function formatFact(fact: Facts[string] | undefined): string {
  if (fact === null || fact === undefined) return 'not set'
  if (typeof fact === 'string') return `'${fact}'`
  return Array.isArray(fact) ? `[${fact.join(', ')}]` : String(fact)
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
