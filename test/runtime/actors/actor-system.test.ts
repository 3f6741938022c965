import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { Actor, ActorSystem, defineActor } from '../../../runtime/index.ts'
import { Simulator } from '../../../runtime/simulator.ts'
import { leftovers, rejects, throwsCode } from '../../runner/expect.ts'
import { Counter, echo, Recorder } from './actor-fixtures.ts'
import { HOSTS, withSystem } from './actor-hosts.ts'

const run = promisify(execFile)

test('arguments of start out of range are refused by code', async () => {
  for (const slots of [0, -1, 1.5, Number.NaN, 256, 1e9, '2' as never]) {
    await rejects(ActorSystem.start({ slots }), { code: 'INVALID_SLOTS' })
  }
  await rejects(ActorSystem.start({ host: 'cluster' as never }), { code: 'INVALID_HOST' })
  await rejects(ActorSystem.start({ host: {} as never }), { code: 'INVALID_HOST' })
  const host = new Simulator({ seed: 1, slots: 2 })
  await rejects(ActorSystem.start({ host, slots: 3 }), { code: 'INVALID_SLOTS' })
  await rejects(ActorSystem.start(null as never), { code: 'INVALID_ARGUMENT' })
  await rejects(ActorSystem.start({ slot: 2 } as never), {
    code: 'INVALID_ARGUMENT',
    message:
      /^ActorSystem.start: unknown option 'slot'; did you mean 'slots'\? \(known are slots, host, resourceLimits, from\)$/,
  })
})

for (const host of HOSTS) {
  test(`${host.name}: arguments of spawn out of range are refused by code`, () =>
    withSystem(host, async (system) => {
      const wrong = [
        { slot: 3 },
        { slot: -1 },
        { mailboxCapacity: 0 },
        { mailboxCapacity: 1.5 },
        { name: 5 },
        { args: 'no array' },
      ]
      for (const options of wrong) {
        const spawned = system.spawn(Counter, options as unknown as { args: [number] })
        await rejects(spawned, { code: 'INVALID_SPAWN' })
      }
      const supervision = { onFailure: 'panic' as never }
      await rejects(system.spawn(Counter, { args: [1], supervision }), {
        code: 'INVALID_SUPERVISION',
      })
      await rejects(system.spawn(class Mute {} as never), { code: 'INVALID_ACTOR' })
      const args = [() => 1] as never
      await rejects(system.spawn(Counter, { args, slot: 1 }), { code: 'UNSENDABLE_VALUE' })
      await rejects(system.stop({ timeoutMs: -1 }), { code: 'INVALID_TIMEOUT' })
    }))

  test(`${host.name}: unknown options of spawn are refused with the known ones`, () =>
    withSystem(host, async (system) => {
      const known = 'args, name, slot, supervision, mailboxCapacity'
      // `export` is an option of modules only.
      const told = [
        ['slott', `; did you mean 'slot'\\? \\(known are ${known}\\)`],
        ['export', `; known are ${known}`],
      ] as const
      for (const [option, rest] of told) {
        const options = { args: [1], [option]: 'Counter' } as { args: [number] }
        await rejects(system.spawn(Counter, options), {
          code: 'INVALID_ARGUMENT',
          message: new RegExp(`^spawn: unknown option '${option}'${rest}$`),
        })
      }
      const url = new URL('./actor-fixtures.js', import.meta.url)
      await rejects(system.spawn(url, { exports: 'Counter' } as object), {
        code: 'INVALID_ARGUMENT',
        message: new RegExp(
          `'exports'; did you mean 'export'\\? \\(known are ${known}, export\\)$`,
        ),
      })
    }))

  test(`${host.name}: a module without such an export, or no such module, is named`, () =>
    withSystem(host, async (system) => {
      const url = new URL('./actor-fixtures.js', import.meta.url)
      await rejects(system.spawn(url, { export: 'Nobody' }), {
        code: 'ACTOR_NOT_FOUND',
        message: /'Nobody' of .*actor-fixtures/,
      })
      await rejects(system.spawn(url, { export: 'OddError' }), { code: 'INVALID_ACTOR' })
      await rejects(system.spawn(new URL('./nowhere.js', import.meta.url)), {
        code: 'ERR_MODULE_NOT_FOUND',
      })
    }))

  test(`${host.name}: nothing is left over after stop, which may be called twice`, async () => {
    const nothingLeft = leftovers()
    const system = await host.start()
    const actor = await system.spawn(echo)
    await actor.ask(1)
    await Promise.all([system.stop(), system.stop()])
    await actor.tell('into the void')
    await nothingLeft()
  })

  test(`${host.name}: metrics count the actors, and what has been handled`, () =>
    withSystem(host, async (system) => {
      const recorder = await system.spawn(Recorder, { slot: 1 })
      for (let i = 0; i < 10; i++) void recorder.tell(i)
      await recorder.ask('seen')
      const { slots, actors, lostSlots } = await system.metrics()
      assert.is(actors, 1)
      assert.is(lostSlots, 0)
      assert.equal(
        slots.map(({ slot }) => slot),
        [0, 1, 2],
      )
      const { accepted, completed } = slots[1] ?? { accepted: 0, completed: 0 }
      assert.ok(completed >= 11)
      assert.is(accepted, completed)
    }))
}

class Unexported extends Actor {
  receive(message: string): string {
    return `${message}!`
  }
}

test('a class without a module can live where the caller lives, and nowhere else', async () => {
  const threads = await ActorSystem.start({ slots: 1 })
  const here = await threads.spawn(Unexported, { slot: 0 })
  assert.is(await here.ask('here'), 'here!')
  await rejects(threads.spawn(Unexported), { code: 'MODULE_MISSING' })
  await threads.stop()
  const inline = await ActorSystem.start({ slots: 1, host: 'inline' })
  assert.is(await (await inline.spawn(Unexported)).ask('inline'), 'inline!')
  await inline.stop()
})

test('a setup that returns no function is refused', async () => {
  const system = await ActorSystem.start({ slots: 1, host: 'inline' })
  const wrong = defineActor(import.meta.url, 'wrong', () => 5 as never)
  await rejects(system.spawn(wrong), { code: 'INVALID_ACTOR' })
  throwsCode(() => system.onDeadLetter(5 as never), 'INVALID_ARGUMENT')
  await system.stop()
})

for (const host of ['threads', 'inline']) {
  test(`${host}: a program that stops its system ends by itself`, async () => {
    const program = fileURLToPath(new URL('./fixtures/actor-program.js', import.meta.url))
    const { stdout, stderr } = await run(process.execPath, [program, host], { timeout: 15_000 })
    assert.match(stdout, /^ended \d+\n$/)
    assert.is(stderr, '')
  })
}

test.run()
