/** A page of metrics for a collector: /metrics and nothing else, at one address or at all. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { isIP } from 'node:net'
import { printable } from '../model/printable.ts'
import { UserError } from '../model/user-error.ts'

export interface MetricsAddress {
  /** Absent: all addresses of this machine. */
  host?: string
  /** 0: a free one. */
  port: number
}

/** `:9469` (all addresses), `9469` (this machine only), `192.0.2.1:9469`, `[2001:db8::1]:9469`, `localhost:9469`. Throws UserError. */
export function readMetricsAddress(text: string): MetricsAddress {
  const [, bracketed, plain, digits] = /^(?:(?:\[([^\]]*)\]|([^:[\]]*)):)?(\d{1,5})$/.exec(text) ?? []
  const host = text.includes(':') ? (bracketed ?? plain) : 'localhost'
  const port = Number(digits)
  const isAddress =
    bracketed === undefined ? host === '' || host === 'localhost' || isIP(host ?? '') === 4 : isIP(bracketed) === 6
  if (digits === undefined || port > 65_535 || !isAddress)
    throw new UserError(
      `--metrics ${printable(text)}: give a port or an address with a port, as in :9469 (all addresses), 127.0.0.1:9469 or [::1]:9469.`,
    )
  return host === '' || host === undefined ? { port } : { host, port }
}

/** Milliseconds, bytes: as collectors ask. */
const LIMITS = { headersTimeout: 5000, requestTimeout: 5000, connectionsCheckingInterval: 1000, maxHeaderSize: 8192 }
const MOST_CONNECTIONS = 64

export interface MetricsServer {
  port: number
  end(): void
}

/** `page`: what /metrics is at the moment. Throws UserError where it cannot be listened there. */
export async function serveMetrics(
  { host, port }: MetricsAddress,
  type: string,
  page: () => string,
): Promise<MetricsServer> {
  const server = createServer(LIMITS, (request, response) => answer(request, response, type, page))
  server.maxConnections = MOST_CONNECTIONS
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen({ port, ...(host === undefined ? {} : { host }) }, resolve)
  }).catch((error: NodeJS.ErrnoException) => {
    throw new UserError(`--metrics: port ${port} cannot be listened on: ${WHY[error.code ?? ''] ?? error.message}.`)
  })
  // one that comes later is the connection's own
  server.on('error', () => {})
  return {
    port: (server.address() as AddressInfo).port,
    end() {
      server.close()
      server.closeAllConnections()
    },
  }
}

const WHY: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program listens there',
  EACCES: 'only root may listen on ports below 1024',
  EADDRNOTAVAIL: 'this machine does not have that address',
}

function answer(
  { method, url = '' }: IncomingMessage,
  response: ServerResponse,
  type: string,
  page: () => string,
): void {
  const reads = method === 'GET' || method === 'HEAD'
  const found = url.split('?', 1)[0] === '/metrics'
  const [status, text] = !reads ? [405, 'GET only\n'] : found ? [200, page()] : [404, 'see /metrics\n']
  const headers = {
    'content-type': status === 200 ? type : 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...(status === 405 ? { allow: 'GET, HEAD' } : {}),
  }
  response.writeHead(status, headers).end(method === 'HEAD' ? undefined : text)
}
