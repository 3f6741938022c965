import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { runJob, startCluster } from '../../../api/index.ts'
import type { LocalCluster, RunOptions } from '../../../api/index.ts'
import { leftovers, rejects, throwsCode } from '../../runner/expect.ts'
import threads from './fixtures/threads.ts'
import type { Seen } from './fixtures/threads.ts'

const MODULE = new URL('./fixtures/threads.js', import.meta.url)
/** Ten keys, each counted from 1 to 100. */
const EXPECTED = Array.from({ length: 1_000 }, (_, i) => Math.floor(i / 10) + 1)

function start(host: LocalCluster, how = 'ends', options: RunOptions = {}) {
  return runJob(MODULE, { host, args: { how }, ...options })
}

/** Runs the job to its end: the threads it was on, and how many jobs these had built. */
async function run(host: LocalCluster, options: RunOptions = {}) {
  const handle = start(host, 'ends', options)
  const seen: Seen[] = []
  for await (const value of handle.collect<Seen>('seen')) seen.push(value)
  await handle.result()
  assert.equal(
    seen.map(({ counted }) => counted).toSorted((a, b) => a - b),
    EXPECTED,
  )
  return {
    threads: [...new Set(seen.map(({ threadId }) => threadId))].toSorted((a, b) => a - b),
    built: Math.max(...seen.map(({ built }) => built)),
  }
}

/** Calls `use` with a cluster and stops it; nothing may be left. */
async function withCluster(use: (cluster: LocalCluster) => Promise<void>): Promise<void> {
  const nothingLeft = leftovers()
  const cluster = await startCluster({ slots: 2 })
  try {
    await use(cluster)
  } finally {
    await cluster.stop()
  }
  await nothingLeft()
}

test('jobs run one after the other on the same threads, and each gives what it gives alone', () =>
  withCluster(async (cluster) => {
    const first = await run(cluster)
    assert.is(first.threads.length, 2)
    for (let nth = 2; nth <= 4; nth++)
      assert.equal(await run(cluster), { threads: first.threads, built: nth })
  }))

test('a job of less parallelism uses fewer threads, and more slots than the cluster has are refused', () =>
  withCluster(async (cluster) => {
    assert.is((await run(cluster, { parallelism: 1 })).threads.length, 1)
    assert.is((await run(cluster, { parallelism: 5 })).threads.length, 2)
    throwsCode(() => start(cluster, 'ends', { slots: 3 }), 'INVALID_SLOTS')
  }))

test('jobs that run at the same time have threads of their own, which are kept for later jobs', () =>
  withCluster(async (cluster) => {
    const [a, b] = await Promise.all([run(cluster), run(cluster)])
    assert.is(new Set([...a.threads, ...b.threads]).size, 4)
    const later = await Promise.all([run(cluster), run(cluster)])
    assert.equal(
      later.flatMap((each) => each.threads).toSorted((x, y) => x - y),
      [...a.threads, ...b.threads].toSorted((x, y) => x - y),
    )
  }))

for (const [how, code] of [
  ['throws', 'OPERATOR_FAILED'],
  ['exits', 'SLOT_LOST'],
] as const) {
  test(`after a job that ${how} the next one gets new threads`, () =>
    withCluster(async (cluster) => {
      const before = await run(cluster)
      await rejects(start(cluster, how).result(), { code })
      const after = await run(cluster)
      assert.is(after.built, 1)
      assert.not(after.threads.some((id) => before.threads.includes(id)))
    }))
}

test('after a job that was cancelled the next one gets new threads', () =>
  withCluster(async (cluster) => {
    const endless = start(cluster, 'endless')
    for await (const seen of endless.collect<Seen>('seen')) {
      assert.is(seen.built, 1)
      break
    }
    await endless.cancel()
    assert.is((await run(cluster)).built, 1)
  }))

test('a cluster stops when the jobs on it have ended, and takes no more', async () => {
  const nothingLeft = leftovers()
  const cluster = await startCluster({ slots: 1 })
  const endless = start(cluster, 'endless')
  await endless.collected()
  let stopped = false
  const stopping = cluster.stop().then(() => {
    stopped = true
  })
  await rejects(start(cluster).result(), { code: 'CLUSTER_STOPPED' })
  assert.not.ok(stopped)
  await endless.cancel()
  await stopping
  await nothingLeft()
})

test('a cluster that is stopped while threads begin has ended these too', async () => {
  const nothingLeft = leftovers()
  const cluster = await startCluster({ slots: 1 })
  const busy = await cluster.lease()
  const begins = rejects(cluster.lease(), { code: 'CLUSTER_STOPPED' })
  const stopping = cluster.stop()
  await busy.giveBack()
  await stopping
  await nothingLeft()
  await begins
})

test('threads of which one has died are not kept, though their job has finished', () =>
  withCluster(async (cluster) => {
    const lease = await cluster.lease()
    lease.lost(1, new Error('died after the end of the job'))
    await lease.giveBack()
    const next = await cluster.lease()
    assert.is.not(next.main, lease.main)
    await next.giveBack()
  }))

test('no two jobs have channels of the same numbers', () =>
  withCluster(async (cluster) => {
    await run(cluster)
    const first = cluster.channels.next
    await run(cluster)
    assert.ok(first > 1)
    assert.is(cluster.channels.next - first, first - 1)
  }))

test('what is wrong is refused with a code', async () => {
  await rejects(startCluster({ slots: 0 }), { code: 'INVALID_SLOTS' })
  await rejects(startCluster({ slots: 257 }), { code: 'INVALID_SLOTS' })
  await rejects(startCluster({ threads: 2 } as never), { code: 'INVALID_ARGUMENT' })
  await rejects(startCluster(null as never), { code: 'INVALID_ARGUMENT' })
  await rejects(startCluster({ heartbeatTimeoutMs: 0 }), { code: 'INVALID_ARGUMENT' })
  await withCluster(async (host) => {
    throwsCode(() => start(host, 'ends', { heartbeatTimeoutMs: 5_000 }), 'INVALID_ARGUMENT')
    throwsCode(() => start(host, 'ends', { resourceLimits: {} }), 'INVALID_ARGUMENT')
    throwsCode(() => runJob(threads, { host }), 'INVALID_HOST')
  })
})

test.run()
