export { socketSource } from './socket-source.ts'
export type {
  SocketClock,
  SocketJsonOptions,
  SocketReconnect,
  SocketSourceOptions,
  SocketTextOptions,
} from './socket-source.ts'
