import { boundedOutOfOrderness, count, defineJob, tumbling } from '../api/index.ts'
import { consoleSink } from '../connectors/console/index.ts'
import { jsonLinesSource } from '../connectors/json-lines/index.ts'

type Click = { readonly page: string; readonly at: number }
const args = { input: { type: 'string', required: true } } as const
const watermarks = boundedOutOfOrderness(5_000)

export default defineJob({ name: 'clicks', args }, (env, { input }) => {
  env
    .from(jsonLinesSource<Click>({ path: input }), { timestamp: (click) => click.at, watermarks })
    .keyBy((click) => click.page)
    .window(tumbling(60_000))
    .aggregate(count(), (clicks, { key, windowStart }) => ({ page: key, windowStart, clicks }))
    .to(consoleSink())
})
