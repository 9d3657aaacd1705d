/** Listens on this host alone. */
import { randomBytes } from 'node:crypto'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import { type Served, serverApp } from './app.ts'

/** Milliseconds for a request's headers: nobody keeps a connection open with half of one. */
const PATIENCE = 10_000
/** Bytes of a request's headers. */
const LONGEST_HEADERS = 16_384

export interface Listening {
  /** What a person opens; whoever has it may read the files. */
  link: string
  close(): void
}

/** `port`: 0 for any that is free. Rejects with the system's error where it is taken. */
export async function listen(served: Omit<Served, 'token' | 'port'>, port: number): Promise<Listening> {
  const token = randomBytes(16).toString('base64url')
  let chosen = port
  const app = serverApp({ ...served, token, port: () => chosen })
  const server = await new Promise<Server>((done, failed) => {
    const starting = serve(
      {
        fetch: app.fetch,
        hostname: '127.0.0.1',
        port,
        serverOptions: { headersTimeout: PATIENCE, requestTimeout: PATIENCE, maxHeaderSize: LONGEST_HEADERS },
      },
      () => done(starting as Server),
    )
    starting.on('error', failed)
  })
  chosen = (server.address() as AddressInfo).port
  return {
    link: `http://127.0.0.1:${chosen}/${token}/`,
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
