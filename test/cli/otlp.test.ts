/** `explain -o x.otlp`: what a collector takes at /v1/traces, and what it tells of the exchanges. */
import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ROOT } from '../docs/sources.ts'
import { EXAMPLE, folder, nfwhy } from './nfwhy.ts'
import { attribute, type SpanOf, spansOf } from './otlp-request.ts'
import { LOG, RULES } from './small.ts'

const INCIDENTS = join(ROOT, 'fixtures/incidents')

async function written(inputs: readonly string[], args: readonly string[] = [], files = {}): Promise<string> {
  const cwd = folder(files)
  const { stderr, code } = await nfwhy(['explain', ...inputs, ...args, '-o', 'x.otlp'], { cwd })
  expect(stderr).toBe('')
  expect(code).toBeLessThan(2)
  return readFileSync(join(cwd, 'x.otlp'), 'utf8')
}

const linesOf = (text: string) => text.trimEnd().split('\n')
const spansIn = (text: string) => linesOf(text).flatMap(spansOf)
const of = (span: SpanOf, key: string) => attribute(span.attributes, `nfwhy.${key}`)

interface Told {
  journeys: { id: string; outcome: string; steps: { n: number; verdict?: string; hook?: string }[] }[]
  exchanges: { id: string; status: string; journeys: Record<string, string[]> }[]
}

test.each([
  ['nodeport-clash', [EXAMPLE]],
  ...readdirSync(INCIDENTS).map((name) => [name, [join(INCIDENTS, name)]] as const),
] as const)(
  '%s: a trace for each exchange, with the hooks of its packets and what each rule said',
  async (_, inputs) => {
    const text = await written(inputs)
    const { journeys, exchanges } = JSON.parse((await nfwhy(['explain', ...inputs, '--json'])).stdout) as Told
    const spans = spansIn(text)
    expect(new Set(spans.map(({ traceId, spanId }) => traceId + spanId)).size).toBe(spans.length)

    const roots = spans.filter((one) => of(one, 'exchange.id') !== undefined)
    expect(roots.map((one) => [of(one, 'exchange.id'), of(one, 'exchange.status')]).sort()).toEqual(
      exchanges.map(({ id, status }) => [id, status]).sort(),
    )
    const ways = spans.filter((one) => of(one, 'journey.id') !== undefined)
    expect(ways.map((one) => [of(one, 'journey.id'), of(one, 'outcome')]).sort()).toEqual(
      journeys.map(({ id, outcome }) => [id, outcome]).sort(),
    )
    for (const root of roots) {
      const told = exchanges.find(({ id }) => id === of(root, 'exchange.id'))!
      const own = ways.filter(({ traceId }) => traceId === root.traceId)
      expect(own.map((one) => of(one, 'journey.id')).sort()).toEqual(Object.values(told.journeys).flat().sort())
      for (const one of own) expect(one.parentSpanId).toBe(root.spanId)
      expect(root.parentSpanId).toBeUndefined()
      expect(root.status?.code === 2).toBe(!['answered', 'undetermined', 'queued'].includes(told.status))
    }
    for (const way of ways) {
      const { steps } = journeys.find(({ id }) => id === of(way, 'journey.id'))!
      const met = spans.filter(({ parentSpanId, traceId }) => parentSpanId === way.spanId && traceId === way.traceId)
      const events = met.flatMap(({ events = [] }) => events)
      expect(events.map(({ attributes }) => attribute(attributes, 'nfwhy.step'))).toEqual(steps.map(({ n }) => n))
      expect(events.map(({ attributes }) => attribute(attributes, 'nfwhy.verdict'))).toEqual(
        steps.map(({ verdict }) => verdict),
      )
      expect(new Set(met.map((one) => of(one, 'hook')))).toEqual(new Set(steps.map(({ hook }) => hook)))
    }
  },
)

test('the rule to look at, why, and what mends it stand in the trace', async () => {
  const spans = spansIn(await written([EXAMPLE]))
  const dropped = spans.find((one) => of(one, 'exchange.status') === 'dropped')!
  expect(dropped.name).toBe('tcp dropped')
  expect(attribute(dropped.attributes, 'destination.port')).toBe(52000)
  expect(of(dropped, 'rule')).toBe('nat KUBE-NODEPORTS rule 16')
  expect(of(dropped, 'fix.commands')).toContain('iptables -t nat -D KUBE-NODEPORTS 16')
})

test('the same packets have the same ids when they are told again, and others have others', async () => {
  const twice = [await written([EXAMPLE]), await written([EXAMPLE])]
  expect(twice[0]).toBe(twice[1])
  const ids = new Set(spansIn(twice[0]!).map(({ traceId }) => traceId))
  const other = await written(['log', 'rules'], [], { log: LOG, rules: RULES })
  for (const { traceId } of spansIn(other)) expect(ids.has(traceId)).toBe(false)
})

test('a filter leaves the others out', async () => {
  const spans = spansIn(await written([EXAMPLE], ['--filter', 'tcp dst port 52000']))
  const all = spansIn(await written([EXAMPLE]))
  expect(spans.length).toBeLessThan(all.length)
  expect(spans.map(({ spanId }) => spanId)).toEqual(
    all.filter(({ traceId }) => spans.some((one) => one.traceId === traceId)).map(({ spanId }) => spanId),
  )
})

test('a receiver takes each line, however many there are', async ({ onTestFinished }) => {
  const taken: number[] = []
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part as Buffer)
    try {
      taken.push(spansOf(Buffer.concat(parts).toString()).length)
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
    } catch (error) {
      response.writeHead(400).end(String(error))
    }
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  const log = Array.from({ length: 300 }, (_, i) => LOG.replaceAll(/ID=\d+/g, `ID=${i + 1}`)).join('')
  const lines = linesOf(await written(['log', 'rules'], [], { log, rules: RULES }))
  expect(lines.length).toBeGreaterThan(1)
  for (const body of lines) {
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(`http://127.0.0.1:${port}/v1/traces`, { method: 'POST', headers, body })
    expect(answer.status, await answer.text()).toBe(200)
  }
  expect(Math.max(...taken)).toBeLessThan(1000)
})
