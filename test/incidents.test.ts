/**
 * Incidents that engineers wrote up, rebuilt on a current kernel: from the recorded log and from the published one, what
 * is told is what a person concludes from them.
 */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Journey, Step } from '../src/model/journey.ts'
import { explainFile, explainLog, stepText, stepTexts, worldOfFolder } from './journey/journeys.ts'

interface ExpectedStep {
  table: string
  chain: string
  printed: string
  ruleNumber: number
  dst: string
  mark: number
  dport?: number
}

interface Expected {
  packet: Record<string, unknown>
  steps: ExpectedStep[]
  outcome: string
  culprit?: string
  owner?: string
  findings?: string[]
}

const fixture = (path: string) => new URL(`../fixtures/incidents/${path}`, import.meta.url)
const example = (path: string) => new URL(`../examples/${path}`, import.meta.url)
const expectedOf = (name: string): Expected[] => JSON.parse(readFileSync(fixture(`${name}/expected.json`), 'utf8'))

const shown = (step: Step): ExpectedStep => ({
  table: step.table!,
  chain: step.chain!,
  printed: step.reported ?? step.kind,
  ruleNumber: step.ruleNumber!,
  dst: step.dst!,
  mark: step.mark!,
  ...(step.dport === undefined ? {} : { dport: step.dport }),
})

function expectConclusion(journey: Journey, expected: Expected): void {
  expect(journey.packet).toMatchObject(expected.packet)
  expect(journey.outcome).toBe(expected.outcome)
  const { culprit } = journey
  const named = culprit && [culprit.table, culprit.chain, culprit.ruleNumber].join(':')
  expect(named).toBe(expected.culprit)
  expect(culprit?.owner).toBe(expected.owner)
  const codes = journey.findings.map(({ code }) => code)
  for (const code of expected.findings ?? []) expect(codes).toContain(code)
}

describe.each([
  // as published, its log begins in the middle: from the step of this number on
  { name: 'nodeport-clash', begins: 0, told: [] },
  { name: 'openstack-snat', begins: 0, told: ['1 blanks-lost'] },
  { name: 'firewalld-port-forward', begins: 'mangle:PRE_public:rule:3', told: [] },
])('$name', ({ name, begins, told: damage }) => {
  const expected = expectedOf(name)
  const world = worldOfFolder(example(`${name}/`))
  const recorded = explainLog(readFileSync(example(`${name}/dmesg.log`)), world)
  const reported = explainLog(readFileSync(fixture(`${name}/reported.log`)), world)

  it('is read whole', () => {
    const steps = expected.reduce((sum, one) => sum + one.steps.length, 0)
    expect([recorded.stats.events, recorded.stats.skipped, recorded.told]).toEqual([steps, 0, []])
    expect([reported.stats.skipped, reported.told]).toEqual([0, damage])
    expect([recorded.journeys.length, reported.journeys.length]).toEqual([expected.length, expected.length])
  })

  it.each(expected.map((one, i) => ({ ...one, i })))('recorded: to port $packet.dport', ({ i, ...one }) => {
    const journey = recorded.journeys[i]!
    expect(journey.steps.map(shown)).toEqual(one.steps)
    expectConclusion(journey, one)
  })

  it.each(expected.map((one, i) => ({ ...one, i })))('as published: to port $packet.dport', ({ i, ...one }) => {
    const journey = reported.journeys[i]!
    const texts = one.steps.map(({ printed, ...step }) => stepText({ ...step, kind: printed } as never))
    const from = typeof begins === 'string' ? texts.indexOf(begins) : begins
    expect(from).toBeGreaterThanOrEqual(0)
    const steps = structuredClone(one.steps.slice(from, from + journey.steps.length))
    // between the two packets, the engineer added another TRACE rule
    if (name === 'nodeport-clash' && i === 1) steps[0]!.ruleNumber = 4
    expect(journey.steps.map(shown)).toEqual(steps)
    expect(journey.steps.length).toBeGreaterThanOrEqual(10)
    expectConclusion(journey, one)
  })
})

/** What other captures of an incident do not have; the times differ, for each was taken by itself. */
const LACKS = {
  'nflog.pcap': [],
  'tshark.json': [],
  // ulogd2 writes no TCP options
  'ulogd.json': ['tcpOptions'],
} as const

describe.each(['nodeport-clash', 'openstack-snat', 'firewalld-port-forward'])('%s, captured otherwise', (name) => {
  const expected = expectedOf(name)
  const world = worldOfFolder(example(`${name}/`))
  const read = (file: string) => explainFile(readFileSync(fixture(`${name}/${file}`)), world)
  const recorded = explainLog(readFileSync(example(`${name}/dmesg.log`)), world)

  it.each(Object.entries(LACKS))('%s tells what the kernel log tells', (file, lacks) => {
    const { journeys, told, stats } = read(file)
    expect([told, stats.skipped, stats.events]).toEqual([[], 0, recorded.stats.events])
    const host = file === 'ulogd.json' ? 'cos74ulogd2' : undefined
    expect(journeys.map((one) => one.host)).toEqual(journeys.map(() => host))
    for (const { time, uptime } of journeys)
      expect([time?.first.slice(0, 13), uptime]).toEqual(['2026-11-20T06', undefined])
    const without = ({ time: _t, uptime: _u, host: _h, packet, ...journey }: Journey) => ({
      ...journey,
      packet: Object.fromEntries(Object.entries(packet).filter(([key]) => !lacks.includes(key as never))),
    })
    expect(journeys.map(without)).toEqual(recorded.journeys.map(without))
  })

  // its columns: number, time, prefix, addresses, ports, IP ID and TCP options
  it('tshark-fields.csv tells it from few columns', () => {
    const { journeys, told, stats } = read('tshark-fields.csv')
    expect([told, stats.skipped, stats.events]).toEqual([[], 0, recorded.stats.events])
    for (const [i, journey] of journeys.entries()) {
      const one = expected[i]!
      const lacking = ({ mark: _m, ...step }: ExpectedStep) => step
      expect(journey.steps.map(shown).map(lacking)).toEqual(one.steps.map(lacking))
      // what needs the interfaces, or TCP's flags, is not found
      const findings = one.findings?.filter((code) => code !== 'near-miss') ?? []
      const { icmpId: _i, icmpType: _t, ...packet } = one.packet
      expectConclusion(journey, { ...one, packet, findings })
      expect(
        journey.steps.flatMap(({ in: from, out, mark, ttl }) => [from, out, mark, ttl]).filter((v) => v !== undefined),
      ).toEqual([])
      expect(journey.packet.dontFragment).toBeUndefined()
    }
  })
})

describe('openstack-snat as published', () => {
  const { journeys } = explainLog(
    readFileSync(fixture('openstack-snat/reported.log')),
    worldOfFolder(fixture('openstack-snat/')),
  )

  it('is explained by the ruleset as published, broken as it is', () => {
    expectConclusion(journeys[0]!, expectedOf('openstack-snat')[0]!)
  })

  it('has no input interface in POSTROUTING, as kernels before 5.7 print it', () => {
    const last = journeys[0]!.steps.at(-1)!
    expect([last.hook, last.in, last.out]).toEqual(['postrouting', undefined, 'br-ex'])
  })
})

describe('calico-icmp-log: LOG and TRACE side by side, without a ruleset', () => {
  const { journeys, told } = explainLog(readFileSync(fixture('calico-icmp-log/reported.log')))

  it('are two packets', () => {
    expect(told).toEqual([])
    expect(journeys.map(stepTexts)).toEqual([
      ['"raw prerouting: "'],
      [
        'raw:PREROUTING:rule:2',
        'raw:cali-PREROUTING:rule:1',
        'raw:cali-PREROUTING:rule:3',
        'raw:cali-from-host-endpoint:return:1',
        'raw:cali-PREROUTING:return:5',
      ],
    ])
    for (const journey of journeys) expect(journey.packet).toMatchObject(expectedOf('calico-icmp-log')[0]!.packet)
  })

  it('have no rule text, and say that the ruleset is missing', () => {
    for (const journey of journeys) {
      expect(journey.steps.map(({ rule }) => rule).filter(Boolean)).toEqual([])
      expect(journey.outcome).toBe('undetermined')
      expect(journey.findings.map(({ code }) => code)).toContain('no-ruleset')
    }
  })
})
