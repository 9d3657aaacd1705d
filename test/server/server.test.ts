/** What the server gives: the page, the list of files, ranges of them. */
import { closeSync, openSync, truncateSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { descriptorInput, diskInput } from '../../src/server/input.ts'
import { startServer } from '../../src/server/server.ts'
import { folder } from '../cli/nfwhy.ts'
import { answerOf, lab, memoryInput, pageOf, rawTo } from './lab.ts'

test('says in every answer how little a browser may do with it', async () => {
  const { get, token } = await lab([memoryInput('a', 'content')])
  for (const path of [`/${token}/`, `/${token}/inputs`, `/${token}/inputs/0`, `/${token}/page.js`, '/wrong', '/..']) {
    const { headers } = await get(path)
    const policy = headers.get('content-security-policy')!
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("script-src 'self';")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).not.toMatch(/unsafe|https?:|\*|blob:/)
    expect(Object.fromEntries(headers)).toMatchObject({
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
      'x-frame-options': 'DENY',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
    })
    expect(headers.has('access-control-allow-origin')).toBe(false)
    expect(headers.has('set-cookie')).toBe(false)
  }
})

test('gives the page, told that it is served, its scripts, and where a link lost its slash the page all the same', async () => {
  const { get, token } = await lab()
  const page = await get(`/${token}/`)
  expect(page.body).toContain('<meta name="nfwhy-served"')
  expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
  expect((await get(`/${token}/page.js`)).body).toBe('page()')
  const later = await get(`/${token}/later/more.js`)
  expect(later).toMatchObject({ status: 200, body: 'more()' })
  expect(later.headers.get('content-type')).toBe('text/javascript; charset=utf-8')
  const moved = await get(`/${token}`)
  expect(moved.status).toBe(308)
  expect(moved.headers.get('location')).toBe(`/${token}/`)
})

test('makes another token each time, of 128 bits', async () => {
  const tokens = await Promise.all(Array.from({ length: 5 }, async () => (await lab()).token))
  expect(new Set(tokens).size).toBe(5)
  for (const token of tokens) expect(token).toMatch(/^[0-9a-f]{32}$/)
})

describe('lists and reads', () => {
  const read = async (path: string, range?: string) => {
    const { get, token } = await lab([diskInput({ name: 'log', folders: ['a', 'b'], as: 'kernel-log' }, path)])
    const { status, headers, body } = await get(`/${token}/inputs/0`, range === undefined ? {} : { range })
    return { status, body, range: headers.get('content-range') }
  }
  const file = () => join(folder({ log: '0123456789' }), 'log')

  test('a file by its name, its folders and what it is said to be', async () => {
    const { get, token } = await lab([diskInput({ name: 'x/log', folders: ['x'], as: 'kernel-log' }, file())])
    const { body } = await get(`/${token}/inputs`)
    expect(JSON.parse(body)).toEqual([{ name: 'x/log', folders: ['x'], as: 'kernel-log', size: 10 }])
  })

  test.each([
    ['bytes=0-3', 206, '0123', 'bytes 0-3/10'],
    ['bytes=8-99', 206, '89', 'bytes 8-9/10'],
    ['bytes=9-9', 206, '9', 'bytes 9-9/10'],
    ['bytes=10-12', 416, '', 'bytes */10'],
    ['bytes=5-2', 416, '', 'bytes */10'],
    ['bytes=0-1,3-4', 416, '', 'bytes */10'],
    ['bytes=-3', 416, '', 'bytes */10'],
    ['bytes=99999999999999999999-1', 416, '', 'bytes */10'],
    [undefined, 200, '0123456789', null],
  ])('the range %s', async (asked, status, body, range) => {
    expect(await read(file(), asked)).toEqual({ status, body, range })
  })

  test('an empty file', async () => {
    const path = join(folder({ log: '' }), 'log')
    expect(await read(path)).toEqual({ status: 200, body: '', range: null })
    expect((await read(path, 'bytes=0-9')).status).toBe(416)
  })

  test('a file as it is now', async () => {
    const path = file()
    const { get, token } = await lab([diskInput({ name: 'log', folders: [] }, path)])
    writeFileSync(path, 'changed since')
    expect(JSON.parse((await get(`/${token}/inputs`)).body)).toEqual([{ name: 'log', folders: [], size: 13 }])
    expect((await get(`/${token}/inputs/0`)).body).toBe('changed since')
    truncateSync(path, 0)
    expect((await get(`/${token}/inputs/0`)).body).toBe('')
  })

  test('no file that is gone, and says nothing of where it was', async () => {
    const { status, body } = await read('/does/not/exist')
    expect(status).toBe(404)
    expect(body).not.toContain('exist')
  })

  test('an open file again and again', async () => {
    const fd = openSync(file(), 'r')
    onTestFinished(() => closeSync(fd))
    const { get, token } = await lab([descriptorInput({ name: 'standard input', folders: [] }, fd)])
    for (let i = 0; i < 3; i++) expect((await get(`/${token}/inputs/0`)).body).toBe('0123456789')
  })

  test('nothing for HEAD but how much there is', async () => {
    const server = await lab([memoryInput('log', '0123456789')])
    const came = await server.raw(
      `HEAD /${server.token}/inputs/0 HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nConnection: close\r\n\r\n`,
    )
    const { status, headers, body } = answerOf(came)
    expect([status, headers.get('content-length'), body]).toEqual([200, '10', ''])
  })

  test('no more of a large file than is taken', async () => {
    let taken = 0
    const endless = {
      name: 'endless',
      folders: [],
      size: async () => 1e12,
      read: () =>
        new ReadableStream<Uint8Array<ArrayBuffer>>({
          pull(controller) {
            taken += 1 << 16
            controller.enqueue(new Uint8Array(1 << 16))
          },
          cancel: () => ended(),
        }),
    }
    let ended = () => {}
    const cancelled = new Promise<void>((done) => {
      ended = done
    })
    const { port, link } = await lab([endless])
    const reader = request({ port, host: '127.0.0.1', path: `${new URL(link).pathname}inputs/0` }).end()
    await new Promise<void>((done) =>
      reader.on('response', (response) => {
        // one part of it, and no more
        response.once('data', () => response.pause())
        setTimeout(done, 500)
      }),
    )
    expect(taken).toBeGreaterThan(0)
    expect(taken).toBeLessThan(64e6)
    reader.destroy()
    await cancelled
  })
})

describe('listens', () => {
  test('at IPv6 as well, and at no address of another machine', async () => {
    const { port, token } = await lab()
    const head = `GET /${token}/ HTTP/1.1\r\nHost: localhost:${port}\r\nConnection: close\r\n\r\n`
    const addresses = Object.values(networkInterfaces()).flat()
    if (addresses.some((one) => one!.address === '::1'))
      expect(answerOf(await rawTo(port, head, '::1')).status).toBe(200)
    for (const { address, internal } of addresses as { address: string; internal: boolean }[])
      if (!internal && !address.startsWith('fe80'))
        await expect(rawTo(port, head, address)).rejects.toThrow('ECONNREFUSED')
    // of 127.0.0.0/8 there is more than one
    await expect(rawTo(port, head, '127.0.0.2')).rejects.toThrow('ECONNREFUSED')
  })

  test('at no port that another program has', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await new Promise((done) => other.once('listening', done))
    onTestFinished(() => void other.close())
    const { port } = other.address() as { port: number }
    const page = pageOf({ 'index.html': '<meta charset="utf-8">' })
    await expect(startServer({ page, inputs: [], port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
  })

  test('no longer once it is ended, to nobody who was still connected', async () => {
    const server = await lab()
    const open = rawTo(server.port, 'GET /')
    await new Promise((done) => setTimeout(done, 50))
    server.end()
    expect(await open).toBe('')
    await expect(server.get('/')).rejects.toThrow('ECONNREFUSED')
  })
})
