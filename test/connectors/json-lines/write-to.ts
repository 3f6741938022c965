/**
 * A process for the test of the JSON Lines sink: writes five megabytes to the path it is given and says on stderr how that ended.
 */
import { jsonLinesSink } from '../../../connectors/json-lines/index.ts'

try {
  const sink = jsonLinesSink({ path: process.argv[2] ?? '' })
  const writer = await sink.open({ subtaskIndex: 0, parallelism: 1 })
  for (let index = 0; index < 500; index++) {
    await writer.write(['x'.repeat(10_000)], new Float64Array(1))
  }
  await writer.flush()
  await writer.close()
  process.stderr.write('finished')
} catch (error) {
  process.stderr.write(
    error instanceof Error && 'code' in error ? String(error.code) : String(error),
  )
}
