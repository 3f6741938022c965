/** Puts an operator behind a stream without a method of the stream that does it. */
import { partsOfStream, Stream } from '../../api/stream.ts'
import type { Operator } from '../../operators/operator.ts'

/** The stream that leaves the operator. */
export function throughOperator<T, R>(
  stream: Stream<T>,
  create: () => Operator<T, R>,
  name = 'operator',
): Stream<R> {
  const { builder, ports } = partsOfStream(stream as Stream<never>)
  const port = builder.add({
    operator: { kind: 'operator', type: name, create, facts: {} },
    inputs: ports,
    defaultName: name,
    options: {},
  })
  return new Stream<R>(builder, [port])
}
