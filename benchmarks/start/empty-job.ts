/** A job without a record: what is left is the start. */
import { defineJob } from '../../api/index.ts'
import { arraySource } from '../../connectors/collection/index.ts'
import { discardSink } from '../../connectors/discard/index.ts'

export default defineJob('empty', (env) => {
  env.from(arraySource([])).to(discardSink())
})
