/** Something that takes connections and says nothing, as servers of other protocols do. */
// @module-tag slow
import { createServer, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { Away, Broker } from '../../../src/store/nats/broker.ts'
import { readBroker } from '../../../src/store/nats/url.ts'

test('is away, and nothing stays connected to it', async () => {
  const sockets: Socket[] = []
  const server = createServer((socket) => sockets.push(socket.on('error', () => {})))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const { port } = server.address() as { port: number }
  await expect(Broker.connect(readBroker(`nats://127.0.0.1:${port}`, {}))).rejects.toBeInstanceOf(Away)
  expect(sockets).not.toEqual([])
  await expect.poll(() => new Promise((resolve) => server.getConnections((_, count) => resolve(count)))).toBe(0)
})
