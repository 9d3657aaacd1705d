/** A server with a page of one line and files in memory, and raw connections to it. */
import { connect } from 'node:net'
import { onTestFinished } from 'vitest'
import type { ServedInput } from '../../src/server/input.ts'
import type { LiveFeed } from '../../src/server/live.ts'
import { type Serving, startServer } from '../../src/server/server.ts'

export const HTML = '<!doctype html>\n<meta charset="utf-8">\n<script src="page.js" defer></script>\n'

export interface Lab extends Serving {
  token: string
  /** Sends these bytes as they are; resolves with all that came when the server has hung up. */
  raw(bytes: string): Promise<string>
  /** A GET of this path, and these headers besides the right Host. */
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Answer>
}

export interface Answer {
  status: number
  headers: Headers
  body: string
}

/** Names and texts of the built page. */
export const pageOf = (files: Readonly<Record<string, string>>) =>
  new Map(Object.entries(files).map(([name, text]) => [name, new TextEncoder().encode(text)]))

export async function lab(inputs: readonly ServedInput[] = [], live?: LiveFeed): Promise<Lab> {
  const page = pageOf({
    'index.html': HTML,
    'page.js': 'page()',
    'later/more.js': 'more()',
    'worker-text.js': 'not served',
    'secret.key': 'no',
  })
  const serving = await startServer({ page, inputs, ...(live ? { live } : {}) })
  onTestFinished(serving.end)
  const { port, link } = serving
  const raw = (bytes: string) => rawTo(port, bytes)
  return {
    ...serving,
    token: new URL(link).pathname.slice(1, -1),
    raw,
    async get(path, headers = {}) {
      const lines = Object.entries({ host: `127.0.0.1:${port}`, connection: 'close', ...headers })
      const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')
      return answerOf(await raw(`GET ${path} HTTP/1.1\r\n${head}\r\n`))
    },
  }
}

export function rawTo(port: number, bytes: string, host = '127.0.0.1'): Promise<string> {
  return new Promise((done, failed) => {
    let came = ''
    const socket = connect(port, host, () => socket.write(bytes))
    socket.setEncoding('latin1')
    socket.on('data', (part) => {
      came += part
    })
    socket.on('close', () => done(came))
    // a server that refuses what is still being sent hangs up
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED') failed(error)
    })
  })
}

export function answerOf(came: string): Answer {
  const [head = '', ...body] = came.split('\r\n\r\n')
  const [status = '', ...lines] = head.split('\r\n')
  const headers = new Headers(
    lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]),
  )
  return { status: Number(status.split(' ')[1]), headers, body: body.join('\r\n\r\n') }
}

/** A file of these bytes. */
export const memoryInput = (name: string, content: string, folders: readonly string[] = []): ServedInput => ({
  name,
  folders,
  size: async () => content.length,
  read: (from, to) => new Blob([content.slice(from, to)]).stream(),
})
