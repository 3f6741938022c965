import type {
  BroadcastStateDescriptor,
  ValueStateDescriptor,
  OperatorListStateDescriptor,
} from '../../../checkpoint/state/state-descriptors.ts'
export const valueState = <T>(): ValueStateDescriptor<T> => ({ kind: 'value' })
export const broadcastState = <K, V>(): BroadcastStateDescriptor<K, V> => ({ kind: 'broadcast' })
export const splitListState = <T>(): OperatorListStateDescriptor<T> => ({ kind: 'split-list' })
