/**
 * A process for the test of the console sink: prints `count` lines at a parallelism of 2 and says on stderr how it ended.
 */
import { consoleSink } from '../../../connectors/console/index.ts'

const count = Number(process.argv[2])
try {
  const sink = consoleSink({ prefix: 'p' })
  const writers = await Promise.all(
    [0, 1].map(async (subtaskIndex) => sink.open({ subtaskIndex, parallelism: 2 })),
  )
  for (let index = 0; index < count; index += 100) {
    const values = Array.from({ length: 100 }, (_, at) => ({
      index: index + at,
      text: 'ä'.repeat(20),
    }))
    const writer = writers[(index / 100) % 2]
    await writer?.write(values, new Float64Array(100))
  }
  for (const writer of writers) {
    await writer.flush()
    await writer.close()
  }
  process.stderr.write('finished')
} catch (error) {
  process.stderr.write(
    error instanceof Error && 'code' in error ? String(error.code) : String(error),
  )
}
