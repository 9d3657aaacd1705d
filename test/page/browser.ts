/** The built page in headless Chromium: from a web server of the test's own on loopback, or from disk. */
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join, normalize } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { type Browser, chromium, type Page } from 'playwright-core'
import { CHROMIUM } from '../cli/library/browser.ts'
import { LATEST } from '../latest.ts'

export const BUILT = fileURLToPath(new URL('../../dist/page/', import.meta.url))

const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.html': 'text/html; charset=utf-8',
}
const QUIET = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'].concat([
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
])

export const hasChromium = CHROMIUM !== undefined

/** A page, what it asked for from where, and what its console said that is an error. */
export interface Shown {
  page: Page
  /** Addresses of all requests, in order. */
  requests: string[]
  /** What the console was told as an error, and what nothing caught. */
  errors: string[]
}

export interface Look {
  width?: number
  height?: number
  dark?: boolean
}

/** One browser for all of a test file; `end` when done. */
export class Chromium {
  private browser: Promise<Browser> | undefined

  async open(address: string, { width = 1280, height = 900, dark = false }: Look = {}): Promise<Shown> {
    this.browser ??= chromium.launch({ executablePath: `/usr/bin/${CHROMIUM}`, args: QUIET })
    const context = await (await this.browser).newContext({
      viewport: { width, height },
      colorScheme: dark ? 'dark' : 'light',
    })
    context.setDefaultTimeout(LATEST)
    const page = await context.newPage()
    const requests: string[] = []
    const errors: string[] = []
    page.on('request', (request) => requests.push(request.url()))
    page.on('console', (message) => message.type() === 'error' && errors.push(message.text()))
    page.on('pageerror', (error) => errors.push(String(error)))
    await page.goto(address)
    return { page, requests, errors }
  }

  async end(): Promise<void> {
    await (await this.browser)?.close()
  }
}

/** The page from disk. */
export const FROM_DISK = pathToFileURL(join(BUILT, 'index.html')).href

/** The page from a web server that knows nothing but files. `end` when done. */
export async function serveFiles(root = BUILT): Promise<{ address: string; end(): void }> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url!, 'http://localhost')
    const file = join(root, normalize(pathname === '/' ? '/index.html' : pathname))
    if (!existsSync(file)) response.writeHead(404).end()
    else response.setHeader('content-type', TYPES[extname(file)] ?? 'application/octet-stream').end(readFileSync(file))
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  return {
    address: `http://127.0.0.1:${port}/`,
    end: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

/** Chooses these files, as a person does, and waits until something is said of them. */
export async function choose({ page }: Shown, files: readonly string[]): Promise<void> {
  await page.setInputFiles('input[type=file]', [...files])
  await page.waitForSelector('.explanation, .wrong, .main.alone')
}
