/** What a server says of a trace that goes on, to whom, and who may end it. */
import { connect, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import type { LiveFeed } from '../../src/server/live.ts'
import { MOST_CONNECTIONS } from '../../src/server/server.ts'
import type { LiveState } from '../../src/ui/protocol.ts'
import { answerOf, lab, memoryInput } from './lab.ts'

const STATE: LiveState = {
  ...{ phase: 'tracing', filter: 'tcp port 80', where: 'this host by nft', deadline: 0 },
  ...{ said: [], files: [], isQuiet: true },
}

function feed() {
  const told = new Set<() => void>()
  const seen = { state: STATE, stopped: 0, watched: [] as number[] }
  const of: LiveFeed = {
    inputs: [memoryInput('trace/session.json', '{}')],
    state: async () => seen.state,
    onChange(one) {
      told.add(one)
      return () => told.delete(one)
    },
    stop: () => void seen.stopped++,
    watched: (pages) => void seen.watched.push(pages),
  }
  const change = (state: Partial<LiveState>) => {
    seen.state = { ...seen.state, ...state }
    for (const one of told) one()
  }
  return { of, seen, change, told }
}

const until = (what: () => boolean) => expect.poll(what, { interval: 10 }).toBe(true)

test('tells a page of each state, and knows when it has gone', async () => {
  const { of, seen, change, told } = feed()
  const { port, token } = await lab([], of)
  let came = ''
  const socket = connect(port, '127.0.0.1', () =>
    socket.write(`GET /${token}/live HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`),
  )
  onTestFinished(() => void socket.destroy())
  socket.setEncoding('utf8').on('data', (part: string) => {
    came += part
  })
  await until(() => came.includes('"filter":"tcp port 80"'))
  expect(came).toContain('text/event-stream')
  expect(seen.watched).toEqual([1])
  change({ phase: 'stopping' })
  change({ said: ['a\n\nb'] })
  await until(() => came.includes('stopping') && came.includes(String.raw`a\n\nb`))
  // a line break of an input begins no message
  expect(came.split('data: ')).toHaveLength(1 + came.split('"phase"').length - 1)
  socket.destroy()
  await until(() => seen.watched.at(-1) === 0)
  expect(told.size).toBe(0)
})

test('hands out the files that there are by now', async () => {
  const { of } = feed()
  const { get, token } = await lab([memoryInput('other', 'no')], of)
  expect(JSON.parse((await get(`/${token}/inputs`)).body)).toMatchObject([{ name: 'trace/session.json' }])
  expect((await get(`/${token}/inputs/0`)).body).toBe('{}')
  expect((await get(`/${token}/`)).body).toContain('content="live"')
})

test('ends the trace for its own page', async () => {
  const { of, seen } = feed()
  const { raw, token, port } = await lab([], of)
  const own = `Host: 127.0.0.1:${port}\r\nOrigin: http://127.0.0.1:${port}\r\nSec-Fetch-Site: same-origin\r\n`
  const { status } = answerOf(
    await raw(`POST /${token}/live/stop HTTP/1.1\r\n${own}Content-Length: 0\r\nConnection: close\r\n\r\n`),
  )
  expect([status, seen.stopped]).toEqual([204, 1])
})

test.each([
  ['without an origin', '/TOKEN/live/stop', 'Host: 127.0.0.1:PORT', 403],
  ['from elsewhere', '/TOKEN/live/stop', 'Host: 127.0.0.1:PORT\r\nOrigin: http://evil.example', 403],
  ['from another port', '/TOKEN/live/stop', 'Host: 127.0.0.1:PORT\r\nOrigin: http://127.0.0.1:1', 403],
  ['to another host', '/TOKEN/live/stop', 'Host: evil.example\r\nOrigin: http://evil.example', 403],
  ['with another token', `/${'0'.repeat(32)}/live/stop`, 'Host: 127.0.0.1:PORT\r\nOrigin: http://127.0.0.1:PORT', 405],
  ['elsewhere', '/TOKEN/inputs', 'Host: 127.0.0.1:PORT\r\nOrigin: http://127.0.0.1:PORT', 405],
  [
    'with a body',
    '/TOKEN/live/stop',
    'Host: 127.0.0.1:PORT\r\nOrigin: http://127.0.0.1:PORT\r\nContent-Length: 9',
    413,
  ],
])('a POST %s ends nothing', async (_, path, headers, expected) => {
  const { of, seen } = feed()
  const { raw, token, port } = await lab([], of)
  const request = `POST ${path} HTTP/1.1\r\n${headers}\r\nConnection: close\r\n\r\n`
  const { status } = answerOf(await raw(request.replaceAll('TOKEN', token).replaceAll('PORT', String(port))))
  expect([status, seen.stopped]).toEqual([expected, 0])
})

test('files take no POST, and tell of no trace', async () => {
  const { raw, get, token, port } = await lab()
  const own = `Host: 127.0.0.1:${port}\r\nOrigin: http://127.0.0.1:${port}\r\n`
  expect(answerOf(await raw(`POST /${token}/live/stop HTTP/1.1\r\n${own}Connection: close\r\n\r\n`)).status).toBe(405)
  expect((await get(`/${token}/live`)).status).toBe(404)
})

test('has so many connections at once, and hangs up on more without an answer', async () => {
  const { of } = feed()
  const { port, token, get } = await lab([], of)
  const looking: { socket: Socket; came: string }[] = []
  onTestFinished(() => {
    for (const { socket } of looking) socket.destroy()
  })
  // each looks on for as long as it likes
  for (let i = 0; i < MOST_CONNECTIONS; i++) {
    const one = { socket: connect(port, '127.0.0.1'), came: '' }
    one.socket.setEncoding('utf8').on('data', (part: string) => {
      one.came += part
    })
    one.socket.write(`GET /${token}/live HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`)
    looking.push(one)
  }
  await until(() => looking.every(({ came }) => came.startsWith('HTTP/1.1 200 ')))
  expect((await get(`/${token}/inputs`)).status).toBeNaN()
  // who looks on is not disturbed, and where one goes another may come
  expect(looking.every(({ socket }) => !socket.destroyed)).toBe(true)
  looking[0]!.socket.destroy()
  let { status } = await get(`/${token}/inputs`)
  for (let tries = 0; Number.isNaN(status) && tries < 1000; tries++) ({ status } = await get(`/${token}/inputs`))
  expect(status).toBe(200)
})
