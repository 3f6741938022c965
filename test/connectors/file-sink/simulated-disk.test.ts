/** What a folder sink leaves on a disk that loses everything that was not synced. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { DiskFault } from '../../../checkpoint/store/simulated-disk.ts'
import { SimulatedDisk } from '../../../checkpoint/store/simulated-disk.ts'
import type { OutputDisk } from '../../../checkpoint/store/output-disk.ts'
import { fileSink } from '../../../connectors/file-sink/index.ts'
import { jsonLines } from '../../../connectors/json-lines/index.ts'
import type { Sink, WriterContext } from '../../../operators/sink.ts'
import { seededRandom } from '../../../runtime/seeded-random.ts'
import { rejects } from '../../runner/expect.ts'

interface Row {
  readonly n: number
}
type Faults = (call: string) => DiskFault | undefined

class Machine {
  /** Undefined: nothing goes wrong. */
  faults: Faults = () => undefined
  readonly #disk = new SimulatedDisk({
    random: seededRandom(1),
    faultAt: (_, call) => this.faults(call),
  })
  #processes = 0

  start(): OutputDisk {
    return this.#disk.mountForOutputs({ id: ++this.#processes, isRunning: () => false })
  }

  losePower(): void {
    this.#disk.crash('all')
  }

  /** The texts of all visible files, by path. */
  visible(): Record<string, string> {
    const files = [...this.#disk.contents()].filter(([path]) => !/\/\.[^/]*$/.test(path))
    return Object.fromEntries(files.map(([path, bytes]) => [path, bytes.toString()]))
  }

  /** The texts of all visible files, in the order of their names. */
  texts(): string[] {
    const visible = this.visible()
    return Object.keys(visible)
      .sort()
      .map((path) => visible[path] ?? '')
  }
}

const sink = fileSink<Row>({
  directory: '/out',
  format: jsonLines(),
  bucket: ({ n }) => `of/${n % 2}`,
})

function sinkOn(disk: OutputDisk): typeof sink {
  const own = sink.onDisk?.(disk)
  assert.ok(own)
  return own
}

type State = typeof sink extends Sink<Row, infer S> ? S : never
const context: WriterContext<State> = { subtaskIndex: 0, parallelism: 1, checkpoints: true }

/** Writes rows and commits them; returns the state behind them. */
async function writeAndCommit(
  own: typeof sink,
  rows: readonly Row[],
  restored?: readonly State[],
): Promise<State> {
  const writer = await own.open({ ...context, ...(restored === undefined ? {} : { restored }) })
  await writer.write(rows, new Float64Array(rows.length))
  const { state, committables } = (await writer.prepare?.(false)) ?? {}
  await own.commit?.(committables ?? [])
  assert.ok(state)
  return state
}

test('what was committed is there when the power goes behind it', async () => {
  const machine = new Machine()
  await writeAndCommit(sinkOn(machine.start()), [{ n: 1 }, { n: 2 }])
  machine.losePower()
  assert.equal(machine.texts(), ['{"n":2}\n', '{"n":1}\n'])
})

test('what was prepared is there when the power goes behind it, and can be committed', async () => {
  const machine = new Machine()
  const writer = await sinkOn(machine.start()).open(context)
  await writer.write([{ n: 1 }], new Float64Array(1))
  const prepared = await writer.prepare?.(false)
  assert.equal(machine.texts(), [])
  machine.losePower()
  assert.equal(machine.texts(), [])
  const own = sinkOn(machine.start())
  await own.open({ ...context, restored: [prepared?.state as State] })
  await own.commit?.(prepared?.committables ?? [])
  assert.equal(machine.texts(), ['{"n":1}\n'])
})

test('what a restore takes away does not come back when the power goes', async () => {
  const machine = new Machine()
  const first = await writeAndCommit(sinkOn(machine.start()), [{ n: 1 }])
  await writeAndCommit(sinkOn(machine.start()), [{ n: 3 }, { n: 2 }], [first])
  assert.is(machine.texts().length, 3)
  await sinkOn(machine.start()).open({ ...context, restored: [first] })
  machine.losePower()
  assert.equal(machine.texts(), ['{"n":1}\n'])
})

for (const above of ['/', '/out', '/out/of']) {
  test(`a folder in ${above} that an attempt has made, but not waited for, is on disk when the next one goes on`, async () => {
    const machine = new Machine()
    machine.faults = (call) => (call === `syncFolder ${above}` ? 'EIO' : undefined)
    const own = sinkOn(machine.start())
    await rejects(writeAndCommit(own, [{ n: 1 }]), { code: 'OUTPUT_NOT_WRITABLE' })
    machine.faults = () => undefined
    await writeAndCommit(sinkOn(machine.start()), [{ n: 1 }])
    machine.losePower()
    assert.equal(machine.texts(), ['{"n":1}\n'])
  })
}

test('a file in the place of the folder is told', async () => {
  const disk = new Machine().start()
  await disk.open('/file')
  const inFile = fileSink({ directory: '/file', format: jsonLines() }).onDisk?.(disk)
  const opening = async (): Promise<unknown> => inFile?.open(context)
  await rejects(opening(), { code: 'OUTPUT_NOT_WRITABLE', message: /\/file is not a folder/ })
})

test.run()
