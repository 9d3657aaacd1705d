import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { compareJourneys } from '../../src/analysis/compare.ts'
import { CaptureExplainer, emptyWorld, type Journey, recognise, WorldBuilder } from '../../src/index.ts'
import type { Step } from '../../src/model/journey.ts'
import { kernelLog } from '../../src/read/captures/kernel-log/format.ts'

const FOLDER = new URL('../../examples/nodeport-clash/', import.meta.url)

function clash() {
  const builder = new WorldBuilder()
  for (const file of ['rules.v4', ...readdirSync(new URL('host/', FOLDER)).map((name) => `host/${name}`)]) {
    const text = readFileSync(new URL(file, FOLDER), 'utf8')
    const recognised = recognise(text)
    if (recognised && recognised.kind !== 'capture') builder.add(file, text, recognised)
  }
  const journeys: Journey[] = []
  const explainer = new CaptureExplainer(
    kernelLog,
    builder.world,
    () => {},
    (closed) => journeys.push(closed.explain()),
  )
  explainer.push(readFileSync(new URL('dmesg.log', FOLDER)))
  explainer.end()
  return { journeys, world: builder.world }
}

describe('why does port 80 work, and 52000 not?', () => {
  const { journeys, world } = clash()
  const [dropped, delivered] = journeys as [Journey, Journey]

  test('they part at the NodePort rule', () => {
    const comparison = compareJourneys(dropped, delivered, world)
    const { parted } = comparison
    expect(comparison.common).toBe(12)
    expect(comparison.detours).toEqual([])
    expect(parted).toMatchObject({ at: 'rule', matched: 'a', failed: ['--dport 52000'], unknown: [] })
    expect(parted?.rule).toMatchObject({
      table: 'nat',
      chain: 'KUBE-NODEPORTS',
      ruleNumber: 16,
      owner: 'kube-proxy',
    })
    expect(parted?.steps).toEqual({ a: 13, b: 13 })
    expect(delivered.steps[12]).toMatchObject({ chain: 'KUBE-NODEPORTS', ruleNumber: 37, kind: 'return' })
  })

  test('what became of them: the one is marked and dropped, the other sent to port 52000 behind that rule', () => {
    const { after } = compareJourneys(dropped, delivered, world)
    expect(after.a.map((n) => dropped.steps[n - 1])).toMatchObject([
      { table: 'nat', chain: 'KUBE-MARK-DROP', ruleNumber: 1 },
      { table: 'filter', chain: 'KUBE-FIREWALL', ruleNumber: 1, verdict: 'drop' },
    ])
    expect(after.b.map((n) => delivered.steps[n - 1])).toMatchObject([
      { table: 'nat', chain: 'PREROUTING', ruleNumber: 3, changes: [{ field: 'dport', from: 80, to: 52000 }] },
    ])
  })

  test('the other way round, the sides change', () => {
    const { parted, after } = compareJourneys(delivered, dropped, world)
    expect(parted).toMatchObject({ matched: 'b', failed: ['--dport 52000'] })
    expect(after.b).toHaveLength(2)
  })

  test('which packets they are', () => {
    const { differs } = compareJourneys(dropped, delivered, world)
    expect(differs).toEqual([
      { field: 'sport', a: 55694, b: 42182 },
      { field: 'dport', a: 52000, b: 80 },
    ])
  })

  test('without a ruleset the place is the same, the condition is not known', () => {
    const { parted } = compareJourneys(dropped, delivered, emptyWorld())
    expect(parted).toMatchObject({ at: 'rule', matched: 'a', failed: [], unknown: [] })
    expect(parted?.rule).toMatchObject({ chain: 'KUBE-NODEPORTS', ruleNumber: 16 })
  })

  test('with itself', () => {
    const comparison = compareJourneys(dropped, dropped, world)
    expect(comparison).toMatchObject({ common: 25, detours: [], differs: [], after: { a: [], b: [] } })
    expect(comparison.parted).toBeUndefined()
  })
})

type Place = [where: string, number: number | 'policy', more?: Partial<Step>]

/** `hook table chain`, the rule's number. */
function journey(...places: Place[]): Journey {
  const steps = places.map(([where, number, more], i): Step => {
    const [hook, table, chain] = where.split(' ')
    const place = number === 'policy' ? { kind: number } : { kind: 'rule' as const, ruleNumber: number }
    return {
      n: i + 1,
      family: 'ip',
      hook: hook as 'input',
      table: table!,
      chain: chain!,
      known: 'observed',
      changes: [],
      ...place,
      ...more,
    }
  })
  return { id: '1', family: 'ip', packet: {}, steps, outcome: 'sent', basis: 'observed', cause: [], findings: [] }
}

/** Rules that the steps above may meet. */
function ruleset(text: string) {
  const builder = new WorldBuilder()
  const recognised = recognise(text)
  if (recognised?.kind === 'ruleset') builder.add('rules.v4', text, recognised)
  expect(builder.world.tables).not.toEqual([])
  return builder.world
}

describe('ways that part', () => {
  const world = ruleset(`*mangle
:PREROUTING ACCEPT [0:0]
:seen - [0:0]
-A PREROUTING -i eth0 -j seen
-A PREROUTING -i eth1 -j CONNMARK --set-xmark 0x1/0x1
-A seen -j LOG --log-prefix "seen "
COMMIT
*filter
:FORWARD DROP [0:0]
-A FORWARD -p tcp -j ACCEPT
COMMIT
`)
  const end: Place = ['input filter INPUT', 'policy']

  test('and meet again with nothing changed are a detour', () => {
    const a = journey(
      ['prerouting mangle PREROUTING', 1, { verdict: 'jump seen' }],
      ['prerouting mangle seen', 1],
      ['prerouting mangle PREROUTING', 'policy'],
      ['input filter INPUT', 1, { verdict: 'drop' }],
    )
    const b = journey(['prerouting mangle PREROUTING', 'policy'], end)
    expect(compareJourneys(a, b, world)).toMatchObject({
      common: 1,
      detours: [{ a: 1, b: 1 }],
      parted: { at: 'rule', matched: 'a', rule: { chain: 'INPUT', ruleNumber: 1 } },
    })
    expect(
      compareJourneys(a, journey(['prerouting mangle PREROUTING', 'policy'], ['input filter INPUT', 1]), world).parted,
    ).toBeUndefined()
  })

  test('are no detour where the connection was marked on the way', () => {
    const a = journey(['prerouting mangle PREROUTING', 2], ['prerouting mangle PREROUTING', 'policy'], end)
    const b = journey(['prerouting mangle PREROUTING', 'policy'], end)
    expect(compareJourneys(a, b, world).parted).toMatchObject({ at: 'rule', matched: 'a', rule: { ruleNumber: 2 } })
  })

  test('are none where the packet was changed, ruleset or not', () => {
    const changes = [{ field: 'mark', from: 0, to: 1 }]
    const a = journey(['prerouting raw PREROUTING', 2, { changes }], ['prerouting raw PREROUTING', 'policy'], end)
    const b = journey(['prerouting raw PREROUTING', 'policy'], end)
    expect(compareJourneys(a, b, emptyWorld())).toMatchObject({ parted: { matched: 'a' }, after: { a: [1] } })
  })

  test('at routing', () => {
    const a = journey(['prerouting raw PREROUTING', 'policy'], end)
    const b = journey(['prerouting raw PREROUTING', 'policy'], ['forward filter FORWARD', 1])
    expect(compareJourneys(a, b, world).parted).toMatchObject({ at: 'hook', steps: { a: 2, b: 2 } })
  })

  test('where only one of them passes a table', () => {
    const a = journey(
      ['prerouting raw PREROUTING', 'policy'],
      ['prerouting nat PREROUTING', 1, { changes: [{ field: 'dst', from: 'a', to: 'b' }] }],
      end,
    )
    const b = journey(['prerouting raw PREROUTING', 'policy'], ['prerouting mangle PREROUTING', 2], end)
    expect(compareJourneys(a, b, world).parted).toMatchObject({ at: 'table' })
  })

  test('where one of them ends', () => {
    const a = journey(['prerouting raw PREROUTING', 'policy'])
    const b = journey(['prerouting raw PREROUTING', 'policy'], end)
    expect(compareJourneys(a, b, world)).toMatchObject({ common: 1, parted: { at: 'end', steps: { b: 2 } } })
    expect(compareJourneys(a, b, world).parted?.steps.a).toBeUndefined()
  })

  test('a condition that cannot be told is named as such', () => {
    const a = journey(['forward filter FORWARD', 1])
    const b = journey(['forward filter FORWARD', 'policy'])
    expect(compareJourneys(a, b, world).parted).toMatchObject({ failed: [], unknown: ['-p tcp'] })
    expect(compareJourneys(a, { ...b, packet: { protocol: 'udp' } }, world).parted).toMatchObject({
      failed: ['-p tcp'],
      unknown: [],
    })
  })

  test('a user chain whose end says nothing: who is still inside met a rule there', () => {
    const jump: Place = ['forward t base', 1, { depth: 0 }]
    const a = journey(jump, ['forward t base', 'policy', { depth: 0 }])
    const b = journey(jump, ['forward t user', 1, { depth: 1, handle: 7 }])
    expect(compareJourneys(a, b, world).parted).toMatchObject({
      at: 'rule',
      matched: 'b',
      rule: { chain: 'user', handle: 7 },
    })
  })
})
