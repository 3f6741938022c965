/** Query 8: who has opened an auction within the ten seconds in which they registered? */
import { tumbling } from '../../../api/index.ts'
import type { Emit } from '../../../api/index.ts'
import type { Query, Row } from './query.ts'

const SIZE_MS = 10_000

export const q8: Query = {
  title: 'new people who sell at once',
  columns: ['id', 'name', 'windowStart'],
  build: ({ auctions, persons }) =>
    // More of them would only be kept until the window ends.
    persons
      .map(({ id, name }) => ({ id, name }))
      .keyBy((person) => person.id)
      .coGroup(auctions.map(({ seller }) => ({ seller })).keyBy((auction) => auction.seller))
      .window(tumbling(SIZE_MS))
      .process({
        coGroup({ window }, { first: persons, second: auctions }, emit: Emit<Row>) {
          if (auctions.length === 0) return
          for (const { id, name } of persons) emit([id, name, window.start])
        },
      }),
}
