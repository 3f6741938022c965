/** Types for comlink as a module, which it ships in a place that NodeNext does not look at. */
declare module 'comlink/dist/esm/comlink.mjs' {
  export * from 'comlink'
}

/** Types for comlink's adapter to Node's MessagePort, likewise. */
declare module 'comlink/dist/esm/node-adapter.mjs' {
  import type { MessagePort } from 'node:worker_threads'
  import type { Endpoint } from 'comlink'
  export default function nodeEndpoint(port: MessagePort): Endpoint
}
