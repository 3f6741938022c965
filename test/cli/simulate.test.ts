import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { assertFailed, fixture, millrace } from './command.ts'

const job = fixture('simulated')
const simulate = (...args: string[]) => millrace(['simulate', job, ...args])

test('a job without a fault ends with 0 and a summary', async () => {
  const { code, stdout, stderr } = await simulate('--seeds', '15')
  assert.is(code, 0, stderr)
  assert.match(stdout, /^simulated: 15 seeds, no fault found\n/)
  assert.match(stdout, /faults: \w+/)
  assert.match(stdout, /output undisturbed: counts: 60 rows/)
  assert.is(stderr, '')
})

test('a failed seed ends with 1 and prints the command that replays it', async () => {
  const options = '--faults actor,process --mode aligned --parallelism 2,1 --arg forgets=true'
  const found = await simulate('--seeds', '300', ...options.split(' '))
  assert.is(found.code, 1, found.stderr)
  assert.match(found.stdout, /seed \d+: wrong output\n {2}output 'counts': \d+ rows are too many/)
  assert.match(
    found.stdout,
    /what went wrong on purpose:\n {2}process 1, step \d+: (actor|process)/,
  )
  const [, command = ''] = /replay it with:\n {2}millrace (.*)\n/.exec(found.stdout) ?? []
  assert.match(
    command,
    /--seed \d+ --trace --parallelism 2,1 --faults actor,process --mode aligned --arg forgets=true$/,
  )
  const replayed = await millrace(command.split(' '))
  assert.is(replayed.code, 1, replayed.stderr)
  const failureOf = (text: string): string => text.slice(text.search(/^seed \d+: /m))
  assert.is(failureOf(replayed.stdout), failureOf(found.stdout))
  assert.match(replayed.stdout, /^#\d+ +\d+\.\d{3} ms {2}FAULT: /m)
})

test('--json prints the report as one line', async () => {
  const { code, stdout } = await simulate('--seeds', '3', '--faults', 'none', '--json')
  assert.is(code, 0)
  const report = JSON.parse(stdout) as Record<string, unknown>
  assert.is(report['seeds'], 3)
  assert.equal(report['rows'], { counts: 60 })
  assert.equal(report['failures'], [])
})

test('what is asked for is checked', async () => {
  assertFailed(await simulate('--seed', '4294967296'), 2, 'INVALID_SEED')
  assertFailed(await simulate('--seeds', '0'), 2, 'INVALID_ARGUMENT')
  assertFailed(await simulate('--seed', '1', '--seeds', '2'), 2, 'USAGE')
  assertFailed(await simulate('--faults', 'actor,flood'), 2, 'INVALID_FAULTS')
  assertFailed(await simulate('--parallelism', '1,0'), 2, 'INVALID_PARALLELISM')
  assertFailed(await simulate('--mode', 'sideways'), 2, 'USAGE')
  assertFailed(await millrace(['simulate', 'no-such-job.js']), 2, 'JOB_MODULE_NOT_FOUND')
})

test.run()
