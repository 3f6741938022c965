import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { assertFailed, fixture, millrace } from './command.ts'

test('--version prints the version', async () => {
  const { code, stdout, stderr } = await millrace(['--version'])
  assert.is(code, 0)
  assert.match(stdout, /^millrace \d+\.\d+\.\d+\n$/)
  assert.is(stderr, '')
})

test('--help prints the commands, and that of a command its options, within 80 columns', async () => {
  const [general, run] = await Promise.all([millrace(['--help']), millrace(['run', '--help'])])
  assert.is(general.code, 0)
  assert.match(general.stdout, /run \[options\] <file>/)
  assert.match(general.stdout, /plan \[options\] <file>/)
  assert.is(run.code, 0)
  assert.match(run.stdout, /--parallelism <n>/)
  assert.ok(`${general.stdout}${run.stdout}`.split('\n').every((line) => line.length <= 80))
})

test('a wrong command or option is told and ends with 2', async () => {
  const wrong: readonly (readonly [readonly string[], RegExp])[] = [
    [[], /expected a command/],
    [['rnu', 'job.js'], /unknown command 'rnu' \(Did you mean run\?\)/],
    [['run'], /missing required argument 'file'/],
    [['run', 'job.js', '--parralelism', '2'], /Did you mean --parallelism\?/],
    [['run', 'job.js', '--host', 'moon'], /Allowed choices are threads, inline/],
    [['run', 'job.js', '--codec', 'xml'], /Allowed choices are columns, msgpack/],
  ]
  await Promise.all(
    wrong.map(async ([args, message]) => {
      const ended = await millrace(args)
      assertFailed(ended, 2, 'USAGE')
      assert.match(ended.stderr, message)
      assert.is(ended.stdout, '')
    }),
  )
})

test('a --parallelism that is no whole number from 1 to the number of key groups is refused', async () => {
  const values = ['0', '-1', 'NaN', '1e9', '1.5', 'abc', '', '129', '1000000000']
  await Promise.all(
    values.map(async (value) => {
      const ended = await millrace(['run', fixture('rows'), '--parallelism', value])
      assertFailed(ended, 2, 'INVALID_PARALLELISM')
      assert.ok(ended.stderr.includes(`got '${value}'`) || ended.stderr.includes(value))
    }),
  )
})

test('--slots, --max-parallelism and --rows are held to their ranges', async () => {
  const [slots, max, rows] = await Promise.all([
    millrace(['run', fixture('rows'), '--slots', '257']),
    millrace(['run', fixture('rows'), '--max-parallelism', '32769']),
    millrace(['run', fixture('rows'), '--rows', '0']),
  ])
  assertFailed(slots, 2, 'INVALID_SLOTS')
  assertFailed(max, 2, 'INVALID_PARALLELISM')
  assertFailed(rows, 2, 'INVALID_ROWS')
})

test("an unknown --arg gets a suggestion and the list of the job's arguments", async () => {
  const ended = await millrace(['run', fixture('rows'), '--arg', 'cuont=4'])
  assertFailed(ended, 2, 'UNKNOWN_ARGUMENT')
  assert.match(ended.stderr, /did you mean 'count'\?/)
  assert.match(ended.stderr, /count: integer, default 3\n +how many records there are/)
  assert.match(ended.stderr, /mode: plain \| fancy, default 'plain'/)
})

test('an --arg of the wrong type, without a value or left out is told', async () => {
  const [type, choice, bare, missing, prototype] = await Promise.all([
    millrace(['run', fixture('rows'), '--arg', 'count=many']),
    millrace(['run', fixture('rows'), '--arg', 'mode=loud']),
    millrace(['run', fixture('rows'), '--arg', 'count']),
    millrace(['run', fixture('copy'), '--arg', 'input=a.jsonl']),
    millrace(['run', fixture('rows'), '--arg', '__proto__=x']),
  ])
  assertFailed(type, 2, 'BAD_ARGUMENT')
  assert.match(type.stderr, /'count': expected a whole number, got "many"/)
  assertFailed(choice, 2, 'BAD_ARGUMENT')
  assert.match(choice.stderr, /expected one of plain, fancy, got "loud"/)
  assertFailed(bare, 2, 'BAD_ARGUMENT')
  assert.match(bare.stderr, /expected name=value, got 'count'/)
  assertFailed(missing, 2, 'MISSING_ARGUMENT')
  assert.match(missing.stderr, /'output'/)
  assertFailed(prototype, 2, 'UNKNOWN_ARGUMENT')
})

test('a value of --arg may contain an equals sign', async () => {
  const ended = await millrace(['run', fixture('copy'), '-a', 'input=a=b', '-a', 'output=c'])
  assertFailed(ended, 1, 'FILE_NOT_FOUND')
  assert.match(ended.stderr, /a=b/)
})

test('plan prints tasks and subtasks, --mermaid a flowchart, --args the arguments', async () => {
  const [text, mermaid, args] = await Promise.all([
    millrace(['plan', fixture('rows'), '--parallelism', '2', '--slots', '2']),
    millrace(['plan', fixture('rows'), '--mermaid']),
    millrace(['plan', fixture('rows'), '--args']),
  ])
  assert.is(text.code, 0)
  assert.match(text.stdout, /^rows: \d+ tasks, 2 slots$/m)
  assert.match(text.stdout, /collect\(objects\)/)
  assert.is(mermaid.code, 0)
  assert.match(mermaid.stdout, /^flowchart/m)
  assert.is(args.code, 0)
  assert.match(args.stdout, /ratio: number\n/)
})

test('plan --json prints one line with tasks, channels and what their ids stand for', async () => {
  const [json, args, both] = await Promise.all([
    millrace(['plan', fixture('rows'), '--json', '--parallelism', '2', '--slots', '2']),
    millrace(['plan', fixture('rows'), '--json', '--args']),
    millrace(['plan', fixture('rows'), '--json', '--mermaid']),
  ])
  assert.is(json.code, 0)
  assert.match(json.stdout, /^\{.*\}\n$/)
  const plan = JSON.parse(json.stdout) as Record<'tasks' | 'edges' | 'operators', object[]> & {
    readonly job: string
    readonly slots: number
  }
  assert.equal([plan.job, plan.slots], ['rows', 2])
  assert.ok(plan.tasks.length > 0)
  assert.ok(plan.edges.every((edge) => 'channels' in edge && 'partitioning' in edge))
  assert.equal(
    plan.operators.map((operator) => 'id' in operator && operator.id),
    plan.operators.map((_, id) => id),
  )
  const described = JSON.parse(args.stdout) as { readonly args: Record<string, object> }
  assert.equal(described.args['ratio'], { type: 'number' })
  assertFailed(both, 2, 'USAGE')
})

test.run()
