/**
 * A server for tests of the socket source: it waits for connections and says when one comes.
 */
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'

export interface LineServer {
  readonly port: number
  /** The next connection that nobody has taken yet. */
  accept(): Promise<Socket>
  close(): Promise<void>
}

export async function lineServer(port = 0): Promise<LineServer> {
  const sockets = new Set<Socket>()
  const waiting: Socket[] = []
  const takers: ((socket: Socket) => void)[] = []
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    const taker = takers.shift()
    if (taker === undefined) waiting.push(socket)
    else taker(socket)
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    accept() {
      const socket = waiting.shift()
      return socket === undefined
        ? new Promise((resolve) => takers.push(resolve))
        : Promise.resolve(socket)
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

/** Runs with a server that is closed afterwards. */
export async function withServer<R>(body: (server: LineServer) => Promise<R>): Promise<R> {
  const server = await lineServer()
  try {
    return await body(server)
  } finally {
    await server.close()
  }
}

/** Sends it and waits until the system has taken it. */
export function send(socket: Socket, data: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.write(data, (error) => (error ? reject(error) : resolve()))
  })
}
