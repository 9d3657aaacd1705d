/** The page's server: this machine's loopback alone, and only for who has the link. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { makeApp } from './app.ts'
import type { ServedInput } from './input.ts'
import type { LiveFeed } from './live.ts'
import type { StoreFeed } from './over-time.ts'
import { pageFiles } from './page-files.ts'
import { refusalOf } from './refuse.ts'
import { makeToken } from './token.ts'
import type { WatchFeed } from './watch.ts'

export interface ServeOptions {
  /** The built page: dist/page, by the paths there. */
  page: ReadonlyMap<string, Uint8Array<ArrayBuffer>>
  inputs: readonly ServedInput[]
  /** A trace that goes on, in place of `inputs`. */
  live?: LiveFeed
  /** What a store holds, in place of `inputs`. */
  store?: StoreFeed
  /** A watch that goes on, in place of `inputs`. */
  watch?: WatchFeed
  /** Absent: a free one. */
  port?: number
}

export interface Serving {
  /** What a person opens; it has the token. */
  link: string
  port: number
  end(): void
}

/** The page's own policy, and stricter: nothing is from disk here, and no other page may frame it. */
const POLICY = [
  "default-src 'none'",
  ...["script-src 'self'", "style-src 'self'", "worker-src 'self'", "connect-src 'self'", 'img-src data:'],
  ...["base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"],
].join('; ')

/** Of every answer, refusals too. */
const HEADERS: readonly (readonly [string, string])[] = [
  ['content-security-policy', POLICY],
  ['x-content-type-options', 'nosniff'],
  // the token is part of the address
  ['referrer-policy', 'no-referrer'],
  ['cache-control', 'no-store'],
  ['x-frame-options', 'DENY'],
  ['cross-origin-opener-policy', 'same-origin'],
  ['cross-origin-resource-policy', 'same-origin'],
]

/** Milliseconds, bytes. No request of ours has a body, and hardly a header. */
const LIMITS = { headersTimeout: 5000, requestTimeout: 5000, connectionsCheckingInterval: 1000, maxHeaderSize: 8192 }
/** At once, at each address. */
export const MOST_CONNECTIONS = 256
/** IPv6 may be missing; IPv4 as well. */
const LOOPBACK = ['127.0.0.1', '::1'] as const
const MISSING: readonly unknown[] = ['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EINVAL']
/** A port that is free at one address may be taken at the other. */
const TRIES = 20

/** Rejects with the system's error where nothing can be listened at. */
export async function startServer({ page, port: wanted, ...served }: ServeOptions): Promise<Serving> {
  const { live, store, watch } = served
  const token = makeToken()
  const hosts = new Set<string>()
  const stop = live ? `/${token}/live/stop` : undefined
  const answer = getRequestListener(
    makeApp({
      ...{ ...served, token },
      page: pageFiles(page, live ? 'live' : store ? 'store' : watch ? 'watch' : 'files'),
    }).fetch,
    {
      overrideGlobalObjects: false,
    },
  )
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    for (const [name, value] of HEADERS) response.setHeader(name, value)
    const refusal = refusalOf(request, hosts, stop)
    if (!refusal) void answer(request, response)
    else refuse(request, response, refusal)
  }
  const { servers, port } = await listen(listener, wanted)
  for (const name of ['127.0.0.1', 'localhost', '[::1]']) {
    hosts.add(`${name}:${port}`)
    // browsers leave out the usual one
    if (port === 80) hosts.add(name)
  }
  const [{ address, family }] = servers.map((one) => one.address() as AddressInfo) as [AddressInfo]
  return {
    link: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}/${token}/`,
    port,
    end() {
      for (const server of servers) {
        server.closeAllConnections()
        server.close()
      }
    },
  }
}

/** And hangs up: what else comes on this connection is not read. */
function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  { status, words }: { status: number; words: string },
) {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' })
  response.end(request.method === 'HEAD' ? '' : words, () => request.socket.destroySoon())
}

type Listener = (request: IncomingMessage, response: ServerResponse) => void

async function listen(listener: Listener, wanted: number | undefined): Promise<{ servers: Server[]; port: number }> {
  for (let tries = 1; ; tries++) {
    const servers: Server[] = []
    let missing: unknown
    try {
      let port = wanted ?? 0
      for (const host of LOOPBACK)
        try {
          const server = await listenAt(listener, host, port)
          servers.push(server)
          port = (server.address() as AddressInfo).port
        } catch (error) {
          if (!MISSING.includes((error as NodeJS.ErrnoException).code)) throw error
          missing = error
        }
      if (servers.length === 0) throw missing
      return { servers, port }
    } catch (error) {
      for (const server of servers) server.close()
      if (wanted !== undefined || (error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || tries >= TRIES) throw error
    }
  }
}

function listenAt(listener: Listener, host: string, port: number): Promise<Server> {
  const server = createServer(LIMITS, listener)
  server.maxConnections = MOST_CONNECTIONS
  // a body that waits to be asked for is not asked for
  server.on('checkContinue', listener)
  return new Promise((done, failed) => {
    server.once('error', failed)
    server.listen({ host, port, ipv6Only: host.includes(':') }, () => {
      server.off('error', failed)
      done(server)
    })
  })
}
