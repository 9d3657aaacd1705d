/** A module in a worker of headless Chromium, as Debian has it; pages and answers go over loopback. */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { extname, join, normalize } from 'node:path'
import { LATEST } from '../../latest.ts'

/** The first is Chromium without a window of its own: the same engine, for less than two thirds of the processor time. */
export const CHROMIUM = ['chromium-headless-shell', 'chromium', 'chromium-browser'].find(
  (name) => spawnSync(name, ['--version']).status === 0,
)

const TYPES: Readonly<Record<string, string>> = { '.js': 'text/javascript', '.mjs': 'text/javascript' }

/** What `worker` (a module's text) posts as its only message. `roots`: folders by the first part of their paths. */
export async function inWorker(worker: string, roots: Readonly<Record<string, string>>): Promise<unknown> {
  const profile = mkdtempSync(join(tmpdir(), 'nfwhy-chromium-'))
  let answer: (value: unknown) => void
  let fail: (error: Error) => void
  const answered = new Promise<unknown>((resolve, reject) => {
    answer = resolve
    fail = reject
  })
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url!, 'http://localhost')
    if (request.method === 'POST') {
      const parts: Buffer[] = []
      request.on('data', (part: Buffer) => parts.push(part))
      request.on('end', () => {
        answer(JSON.parse(Buffer.concat(parts).toString()))
        response.end()
      })
      return
    }
    if (pathname === '/') {
      response.setHeader('content-type', 'text/html').end(PAGE)
      return
    }
    if (pathname === '/worker.mjs') {
      response.setHeader('content-type', 'text/javascript').end(worker)
      return
    }
    const [, root = '', ...rest] = normalize(pathname).split('/')
    const file = join(roots[root] ?? '/nowhere', ...rest)
    if (!existsSync(file)) response.writeHead(404).end()
    else response.setHeader('content-type', TYPES[extname(file)] ?? 'application/octet-stream').end(readFileSync(file))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run']
  const quiet = ['--disable-background-networking', '--disable-component-update', '--disable-sync']
  const page = [`--user-data-dir=${profile}`, `http://127.0.0.1:${port}/`]
  const child = spawn(CHROMIUM!, [...flags, ...quiet, ...page], { stdio: 'ignore', detached: true })
  child.on('error', (error) => fail(error))
  const late = setTimeout(() => fail(new Error('the worker gave no answer')), LATEST)
  try {
    return await answered
  } finally {
    clearTimeout(late)
    const ended = new Promise((resolve) => child.on('exit', resolve))
    // its helpers as well, which still write to the profile
    process.kill(-child.pid!, 'SIGKILL')
    await ended
    server.closeAllConnections()
    server.close()
    try {
      rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
    } catch {
      // a helper that ends late; what it leaves in the system's temporary folder is nobody's test
    }
  }
}

const PAGE = `<!doctype html><title>worker</title><script type="module">
const tell = (value) => fetch('/answer', { method: 'POST', body: JSON.stringify(value) })
const worker = new Worker('/worker.mjs', { type: 'module' })
worker.onmessage = ({ data }) => tell(data)
worker.onerror = ({ message, filename, lineno }) => tell({ error: message + ' ' + filename + ':' + lineno })
</script>`
