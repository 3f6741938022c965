import { boundedOutOfOrderness, count, defineJob, tumbling } from '../api/index.ts'
import { consoleSink } from '../connectors/console/index.ts'
import { jsonLinesSource } from '../connectors/json-lines/index.ts'

interface Click {
  readonly page: string
  readonly at: number
}

const args = { input: { type: 'string', required: true } } as const

export default defineJob({ name: 'clicks', args }, (env, { input }) => {
  const timestamp = (click: Click): number => click.at
  env
    .from(jsonLinesSource<Click>({ path: input }), {
      timestamp,
      watermarks: boundedOutOfOrderness(5_000),
    })
    .keyBy((click) => click.page)
    .window(tumbling(60_000))
    .aggregate(count(), (clicks, { key, windowStart }) => ({ page: key, windowStart, clicks }))
    .to(consoleSink())
})
