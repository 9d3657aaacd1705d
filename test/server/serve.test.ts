/** What the server of the page gives, and to whom: asked over sockets, as whoever means harm would. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Listening, listen } from '../../src/server/listen.ts'

const folder = mkdtempSync(join(tmpdir(), 'nfwhy-serve-'))
const CAPTURE = 'TRACE: raw:PREROUTING:policy:1 IN=eth0 \n'.repeat(1000)
let listening: Listening
let port: number
let base: string

beforeAll(async () => {
  writeFileSync(
    join(folder, 'index.html'),
    '<!doctype html>\n<meta http-equiv="Content-Security-Policy" content="x">\n<div id="page"></div>',
  )
  writeFileSync(join(folder, 'page.js'), '1')
  writeFileSync(join(folder, 'secret.txt'), 'secret')
  writeFileSync(join(folder, 'trace.log'), CAPTURE)
  const files = [
    { name: 'trace.log', folders: ['bundle'], content: { path: join(folder, 'trace.log'), size: CAPTURE.length } },
    { name: 'standard input', folders: [], as: 'kernel-log', content: { bytes: new TextEncoder().encode('abc') } },
    { name: 'empty', folders: [], content: { bytes: new Uint8Array() } },
  ]
  listening = await listen({ page: folder, files }, 0)
  const { port: chosen, pathname } = new URL(listening.link)
  port = Number(chosen)
  base = pathname
})
afterAll(() => {
  listening.close()
  rmSync(folder, { recursive: true })
})

/** What comes back for these bytes, until the server closes or is silent for a while. */
function raw(text: string): Promise<string> {
  return new Promise((done, failed) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text))
    let got = ''
    socket.on('data', (some) => {
      got += some.toString('latin1')
    })
    socket.on('close', () => done(got))
    socket.on('error', (error: NodeJS.ErrnoException) =>
      got === '' && error.code !== 'ECONNRESET' ? failed(error) : done(got),
    )
  })
}

const ask = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
  raw(
    [
      `${method} ${path} HTTP/1.1`,
      ...Object.entries({ Host: `127.0.0.1:${port}`, Connection: 'close', ...headers }).map(
        ([name, value]) => `${name}: ${value}`,
      ),
      '\r\n',
    ].join('\r\n'),
  )
const statusOf = (answer: string) => Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1])

describe('who has the link', () => {
  test('gets the page, which is marked, and its files', async () => {
    const page = await ask(base)
    expect(statusOf(page)).toBe(200)
    expect(page).toContain('<div id="page" data-served>')
    expect(page).not.toContain('http-equiv')
    expect(statusOf(await ask(`${base}page.js`))).toBe(200)
  })

  test('gets the list of inputs', async () => {
    const [, json] = (await ask(`${base}inputs`)).split('\r\n\r\n')
    expect(json).toContain('{"name":"trace.log","folders":["bundle"],"size":40000}')
    expect(json).toContain('"as":"kernel-log","size":3')
  })

  test('gets a file, and parts of it', async () => {
    expect((await ask(`${base}inputs/0`)).split('\r\n\r\n')[1]).toHaveLength(CAPTURE.length)
    const part = await ask(`${base}inputs/0`, { Range: 'bytes=7-9' })
    expect(statusOf(part)).toBe(206)
    expect(part).toMatch(/content-range: bytes 7-9\/40000/i)
    expect(part.split('\r\n\r\n')[1]).toBe(CAPTURE.slice(7, 10))
    expect((await ask(`${base}inputs/1`, { Range: 'bytes=1-99' })).split('\r\n\r\n')[1]).toBe('bc')
    expect(statusOf(await ask(`${base}inputs/2`))).toBe(200)
    expect(statusOf(await ask(`${base}inputs/3`))).toBe(404)
  })

  test.each([
    'secret.txt',
    '../etc/passwd',
    '%2e%2e/secret.txt',
    '..%2fsecret.txt',
    'later/../secret.txt',
    'inputs/../secret.txt',
    'page.js%00',
  ])('gets nothing else: %s', async (path) => {
    const answer = await ask(base + path)
    expect([403, 404]).toContain(statusOf(answer))
    expect(answer).not.toContain('secret')
  })

  test.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('cannot %s', async (method) =>
    expect(statusOf(await ask(base, {}, method))).toBe(405),
  )

  test('is told by headers to load nothing from elsewhere', async () => {
    const page = await ask(base)
    expect(page).toMatch(/content-security-policy: default-src 'none'; script-src 'self'/i)
    expect(page).not.toMatch(/unsafe-|\*/)
    expect(page).toMatch(/referrer-policy: no-referrer/i)
    expect(page).toMatch(/x-content-type-options: nosniff/i)
    expect(page).not.toMatch(/access-control/i)
  })
})

describe('is refused', () => {
  test.each(['/', '/index.html', '/inputs', '/inputs/0', '/page.js', '//'])('without the token: %s', async (path) => {
    const answer = await ask(path)
    expect(statusOf(answer)).toBe(403)
    expect(answer).not.toContain('TRACE')
  })

  test('with another token', async () => {
    const other = base.replace(/\w\/$/, (end) => (end === 'A/' ? 'B/' : 'A/'))
    expect(statusOf(await ask(`${other}inputs`))).toBe(403)
    expect(statusOf(await ask(`${base.slice(0, -2)}/inputs`))).toBe(403)
  })

  test.each(['evil.example', 'evil.example:80', '127.0.0.1', '127.0.0.1:1', ''])('with the host "%s"', async (host) =>
    expect([400, 403]).toContain(statusOf(await ask(base, { Host: host }))),
  )

  test.each(['http://evil.example', 'null', 'https://127.0.0.1'])('from the origin %s', async (origin) =>
    expect(statusOf(await ask(`${base}inputs`, { Origin: origin }))).toBe(403),
  )

  test('over-long: address, headers', async () => {
    expect(statusOf(await ask(base + 'a'.repeat(2000)))).toBe(414)
    expect(statusOf(await ask(base, { X: 'a'.repeat(20_000) }))).toBe(431)
  })

  test('with a body that never ends: it is not read', async () => {
    const answer = await ask(base, { 'Transfer-Encoding': 'chunked' }, 'POST')
    expect(statusOf(answer)).toBe(405)
  })
})
