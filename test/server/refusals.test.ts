/** What the server refuses, said in bytes as an attacker would: nothing of the files or of the page comes back. */
import { describe, expect, test } from 'vitest'
import { answerOf, type Lab, lab, memoryInput } from './lab.ts'

const SECRET = 'the-content-of-the-file'
const start = () => lab([memoryInput('rules.v4', SECRET)])

/** Neither files nor the page, nor the token. */
function expectNothing({ token }: Lab, came: string): void {
  expect(came).not.toContain(SECRET)
  expect(came).not.toContain('<script')
  expect(came).not.toContain('rules.v4')
  expect(came).not.toContain(token)
}

test('gives the page and the files to who has the token', async () => {
  const { get, token } = await start()
  expect(await get(`/${token}/`)).toMatchObject({ status: 200, body: expect.stringContaining('<script') })
  expect(await get(`/${token}/inputs/0`)).toMatchObject({ status: 200, body: SECRET })
})

describe('refuses with 403', () => {
  test.each([
    ['no token', () => '/'],
    ['no token, files', () => '/inputs/0'],
    ['no token, scripts', () => '/page.js'],
    ['another token', () => `/${'0'.repeat(32)}/inputs/0`],
    ['a token that is cut', (token: string) => `/${token.slice(0, -1)}/inputs/0`],
    ['a longer token', (token: string) => `/${token}0/inputs/0`],
    ['a token that ends otherwise', (token: string) => `/${token.slice(0, -1)}x/inputs/0`],
    ['the token behind something', (token: string) => `/x/${token}/inputs/0`],
  ])('%s', async (_, pathOf) => {
    const server = await start()
    const { status, body } = await server.get(pathOf(server.token))
    expect(status).toBe(403)
    expectNothing(server, body)
  })

  test.each([
    'evil.example',
    'evil.example:PORT',
    '127.0.0.1',
    '127.0.0.1:1',
    'localhost.evil.example:PORT',
    '127.0.0.1.nip.io:PORT',
    '0.0.0.0:PORT',
    '127.0.0.2:PORT',
    '127.0.0.1:PORT.evil.example',
    'user@127.0.0.1:PORT',
    '',
  ])('the host "%s"', async (host) => {
    const server = await start()
    const { status, body } = await server.get(`/${server.token}/inputs/0`, {
      host: host.replace('PORT', String(server.port)),
    })
    expect(status).toBe(403)
    expectNothing(server, body)
  })

  test('two hosts', async () => {
    const server = await start()
    const host = `Host: 127.0.0.1:${server.port}\r\n`
    const came = await server.raw(`GET /${server.token}/inputs/0 HTTP/1.1\r\n${host}Host: evil.example\r\n\r\n`)
    expect(answerOf(came).status).toBe(403)
    expectNothing(server, came)
  })

  test.each([
    'http://evil.example',
    'null',
    'https://127.0.0.1:PORT',
    'http://127.0.0.1',
    'http://127.0.0.1:1',
    'http://localhost:PORT',
    'http://127.0.0.1:PORT.evil.example',
  ])('the origin %s', async (origin) => {
    const server = await start()
    const { status, body } = await server.get(`/${server.token}/inputs/0`, {
      origin: origin.replace('PORT', String(server.port)),
    })
    expect(status).toBe(403)
    expectNothing(server, body)
  })

  test.each([
    ['cross-site', 'no-cors', 'script'],
    ['same-site', 'cors', 'empty'],
    ['cross-site', 'navigate', 'iframe'],
    ['same-site', 'no-cors', 'image'],
  ])('what a browser says is asked by a page elsewhere: %s %s %s', async (site, mode, dest) => {
    const server = await start()
    const { status, body } = await server.get(`/${server.token}/inputs/0`, {
      ...{ 'sec-fetch-site': site, 'sec-fetch-mode': mode, 'sec-fetch-dest': dest },
    })
    expect(status).toBe(403)
    expectNothing(server, body)
  })
})

test.each(['127.0.0.1', 'localhost', 'LOCALHOST', '[::1]'])('takes %s for its own host', async (name) => {
  const { get, token, port } = await start()
  const host = `${name}:${port}`
  expect((await get(`/${token}/inputs/0`, { host })).status).toBe(200)
  expect((await get(`/${token}/inputs/0`, { host, origin: `http://${host.toLowerCase()}` })).status).toBe(200)
})

test('opens a link that is clicked on a page elsewhere', async () => {
  const { get, token } = await start()
  const clicked = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
  expect((await get(`/${token}/`, clicked)).status).toBe(200)
})

describe('refuses the address', () => {
  test.each([
    ['/TOKEN/../TOKEN/', 400],
    ['/TOKEN/..', 400],
    ['/TOKEN/../../../../etc/passwd', 400],
    ['/TOKEN/%2e%2e/%2e%2e/etc/passwd', 400],
    ['/TOKEN/..%2f..%2fetc/passwd', 400],
    ['/TOKEN/....//etc/passwd', 400],
    ['/TOKEN/..\\..\\etc\\passwd', 400],
    ['/TOKEN//etc/passwd', 400],
    ['//evil.example/TOKEN/', 400],
    ['http://evil.example/TOKEN/', 400],
    ['http://127.0.0.1/TOKEN/', 400],
    ['*', 400],
    ['/TOKEN/?x=1', 400],
    ['/TOKEN/inputs/0%00', 400],
    [`/TOKEN/${'a'.repeat(600)}`, 414],
    ['/TOKEN/etc/passwd', 404],
    ['/TOKEN/index.htm', 404],
    ['/TOKEN/secret.key', 404],
    ['/TOKEN/worker-text.js', 404],
    ['/TOKEN/inputs/1', 404],
    ['/TOKEN/inputs/-1', 404],
    ['/TOKEN/inputs/00000000000000', 404],
    ['/TOKEN/inputs/0/x', 404],
    ['/TOKEN/__proto__', 404],
    ['/TOKEN/constructor', 404],
  ])('%s', async (path, expected) => {
    const server = await start()
    const { status, body } = await server.get(path.replaceAll('TOKEN', server.token))
    expect(status).toBe(expected)
    expectNothing(server, body)
  })
})

describe('refuses a request', () => {
  test.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE'])('%s', async (method) => {
    const server = await start()
    const came = await server.raw(
      `${method} /${server.token}/inputs/0 HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\n\r\n`,
    )
    expect(answerOf(came).status).toBe(405)
    expectNothing(server, came)
  })

  test('CONNECT', async () => {
    const server = await start()
    const came = await server.raw(`CONNECT evil.example:80 HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\n\r\n`)
    expect(came).not.toMatch(/^HTTP\/1.1 2/)
  })

  test.each([
    ['with a body', 'Content-Length: 5\r\n\r\nhello', 413],
    ['with a body that is promised, and never comes', 'Content-Length: 999999999999\r\n\r\n', 413],
    ['with an endless body', `Transfer-Encoding: chunked\r\n\r\n${'5\r\nhello\r\n'.repeat(1000)}`, 413],
    ['that asks whether it may send a body', 'Expect: 100-continue\r\nContent-Length: 5\r\n\r\n', 413],
    ['that smuggles another', 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 400],
    ['for another protocol', 'Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n', 400],
    ['with long headers', `X-Long: ${'a'.repeat(20_000)}\r\n\r\n`, 431],
    ['with many headers', `${'X-A: b\r\n'.repeat(5000)}\r\n`, 431],
    ['with a header that is none', 'X-A b\r\n\r\n', 400],
  ])('%s', async (_, rest, expected) => {
    const server = await start()
    // the server hangs up by itself
    const came = await server.raw(`GET /${server.token}/inputs/0 HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\n${rest}`)
    expect(answerOf(came).status).toBe(expected)
    expect(came.match(/HTTP\/1\.1/g)).toHaveLength(1)
    expectNothing(server, came)
  })

  test('without a host', async () => {
    const server = await start()
    const came = await server.raw(`GET /${server.token}/inputs/0 HTTP/1.1\r\n\r\n`)
    expect(answerOf(came).status).toBe(400)
    expectNothing(server, came)
  })

  test('of an older HTTP without a host', async () => {
    const server = await start()
    const came = await server.raw(`GET /${server.token}/inputs/0 HTTP/1.0\r\n\r\n`)
    expect(answerOf(came).status).toBe(403)
    expectNothing(server, came)
  })

  test('whose headers do not end', { tags: 'slow' }, async () => {
    const server = await start()
    const began = Date.now()
    const came = await server.raw(`GET /${server.token}/inputs/0 HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nX-A: b`)
    expect(answerOf(came).status).toBe(408)
    expect(Date.now() - began).toBeLessThan(20_000)
  })

  test('that is no HTTP', async () => {
    const server = await start()
    const came = await server.raw('\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n')
    expect(answerOf(came).status).toBe(400)
  })
})
