/** Tokens that walk over actors connected all to all, cycles included: where each goes next follows from its number and the hops it has left. */
import { Actor } from '../../../runtime/index.ts'
import type { ActorRef, Asks, Stateful } from '../../../runtime/index.ts'

/** A token that arrives. */
export interface Token {
  readonly token: number
  readonly hops: number
}

export type PlaceMessage =
  | { readonly type: 'connect'; readonly places: readonly ActorRef<PlaceMessage>[] }
  | ({ readonly type: 'token' } & Token)
  | ({ readonly type: 'read' } & Asks<readonly string[]>)

interface PlaceState {
  readonly places: readonly ActorRef<PlaceMessage>[]
  readonly seen: readonly string[]
}

/** The place to which a token with so many hops left goes. */
export function nextPlace({ token, hops }: Token, places: number): number {
  return (token * 7 + hops * 5 + Math.floor((token * hops) / 3)) % places
}

/** What a place remembers of a token. */
export function visit({ token, hops }: Token): string {
  return `${token}/${hops}`
}

/** Remembers which tokens it has seen, and hands them on. */
export class Place extends Actor<PlaceMessage> implements Stateful<PlaceState> {
  static readonly module = import.meta.url
  #places: readonly ActorRef<PlaceMessage>[] = []
  #seen: string[] = []

  receive(message: PlaceMessage): readonly string[] | void {
    switch (message.type) {
      case 'connect':
        this.#places = message.places
        return undefined
      case 'read':
        return this.#seen
      case 'token': {
        const { token, hops } = message
        this.#seen.push(visit(message))
        if (hops === 0) return undefined
        const next = { token, hops: hops - 1 }
        void this.#places[nextPlace(next, this.#places.length)]?.tell({ type: 'token', ...next })
      }
    }
  }

  snapshot(): PlaceState {
    return { places: this.#places, seen: [...this.#seen] }
  }

  restore({ places, seen }: PlaceState): void {
    this.#places = places
    this.#seen = [...seen]
  }
}
