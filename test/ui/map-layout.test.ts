/** The map's drawing as numbers: chains by priority, nothing over anything else, and lines that stay in the picture. */
import { describe, expect, test } from 'vitest'
import type { Box } from '../../src/ui/page/map/boxes.ts'
import { type Layout, layOut } from '../../src/ui/page/map/layout.ts'
import { lengthOf, wrap } from '../../src/ui/page/map/wrap.ts'
import type { EntryOf, MapOf, StepOf, WayOf } from '../../src/ui/protocol.ts'
import { share } from '../share.ts'
import { ALLOW_SET, firstOf, NODEPORT, sessionOf } from './session-of.ts'

const INCIDENTS = 'fixtures/incidents/'
const CASES: Readonly<Record<string, string[]>> = {
  'nodeport-clash': NODEPORT,
  'nft-allow-set': ALLOW_SET,
  'openstack-snat': [`${INCIDENTS}openstack-snat/reported.log`, `${INCIDENTS}openstack-snat/reported.rules`],
  'calico-icmp-log': [`${INCIDENTS}calico-icmp-log/reported.log`],
  'firewalld-port-forward': ['examples/firewalld-port-forward/dmesg.log', 'examples/firewalld-port-forward/rules.v4'],
}
const WIDTHS = [1100, 786, 700, 366, 280]

interface Drawn {
  map?: MapOf
  ways: WayOf[]
  unfolded?: ReadonlySet<string>
}

const draw = ({ map, ways, unfolded = new Set() }: Drawn, width: number): Layout =>
  layOut({ map, ways, unfolded, isIp6: false, mayBeWide: width >= 700, width })

const overlap = (a: Box, b: Box): boolean =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height

/** Letters of its longest row, in pixels of its font. */
const textWidth = (rows: readonly string[]) => Math.max(0, ...rows.map((row) => lengthOf(row))) * 6.62

function expectSound({ width, height, boxes, routes, gutter }: Layout): void {
  for (const [i, box] of boxes.entries()) {
    expect(box.x).toBeGreaterThanOrEqual(0)
    expect(box.x + box.width).toBeLessThanOrEqual(width)
    expect(box.y + box.height).toBeLessThanOrEqual(height)
    for (const other of boxes.slice(i + 1))
      expect([overlap(box, other), box.hook, other.hook]).toEqual([false, box.hook, other.hook])
    // rows of text, one below the other, in the box
    let y = box.y + 16
    for (const { rows, notes, y: at } of box.chains)
      for (const one of [{ rows, y: at }, ...notes]) {
        expect(one.y).toBeGreaterThanOrEqual(y)
        y = one.y + one.rows.length * 16
        expect(textWidth(one.rows)).toBeLessThanOrEqual(box.width - gutter)
      }
    expect(y).toBeLessThanOrEqual(box.y + box.height)
  }
  for (const { points } of routes) {
    for (const [x, y] of points) {
      expect(x).toBeGreaterThanOrEqual(0)
      expect(x).toBeLessThanOrEqual(width)
      expect(y).toBeGreaterThanOrEqual(0)
      expect(y).toBeLessThanOrEqual(height)
    }
    for (const [i, [x, y]] of points.entries()) {
      const [toX, toY] = points[i + 1] ?? [x, y]
      // no slanted lines, and none over the text of a box
      expect(x === toX || y === toY).toBe(true)
      for (const box of boxes) expect(crossesText([x, y, toX, toY], box, gutter)).toBe(false)
    }
    // it ends left of what is said of its end
    const [x, y] = points.at(-1)!
    const box = boxes.find((one) => x > one.x && x < one.x + gutter && y > one.y && y < one.y + one.height)
    expect(box?.chains.flatMap(({ notes }) => notes).some((one) => one.kind === 'end' && one.y + 8 === y)).toBe(true)
  }
}

/** Through where chains stand in it: right of its lines, below its name, above its foot. */
function crossesText([x, y, toX, toY]: [number, number, number, number], box: Box, gutter: number): boolean {
  const last = box.chains.at(-1)
  if (!last) return false
  const rows = [last, ...last.notes].at(-1)!
  const [top, bottom] = [box.y + 22, rows.y + rows.rows.length * 16 - 4]
  const isBeside = Math.max(x, toX) <= box.x + gutter || Math.min(x, toX) >= box.x + box.width
  return !isBeside && Math.max(y, toY) > top && Math.min(y, toY) < bottom
}

async function drawn(files: readonly string[]): Promise<Drawn[]> {
  const session = await sessionOf(...files)
  const maps = session.map()
  const { rows } = await session.select({ filter: '', words: [], decided: [], machines: [] })
  return session.rows({ from: 0, to: rows }).map((row) => {
    const { way, reply, machine } = session.look(row)!.explanation
    const map = maps.find((one) => one.machine === machine) ?? maps[0]
    return { ...(map ? { map } : {}), ways: [way, ...(reply ? [reply] : [])] }
  })
}

const keysOf = ({ boxes }: Layout) =>
  new Set(boxes.flatMap(({ chains }) => chains.flatMap(({ key }) => (key === undefined ? [] : [key]))))

describe.each(Object.entries(CASES))('%s', (_, files) => {
  test.each(WIDTHS)('is drawn in %d pixels with nothing over anything else', async (width) => {
    for (const one of await drawn(files)) {
      const folded = draw(one, width)
      expectSound(folded)
      expectSound(draw({ ...one, unfolded: keysOf(folded) }, width))
    }
  })
})

test('draws chains by their priority, at every hook', async () => {
  const [{ map } = {}] = await drawn(NODEPORT)
  for (const { way, hooks } of map!.ways)
    for (const { hook, entries } of hooks) {
      const priorities = entries.map(({ priority }) => priority)
      expect(priorities).toEqual(priorities.toSorted((a, b) => a - b))
      const box = draw({ map: map!, ways: [] }, 786).boxes.find((one) => one.way === way && one.hook === hook)!
      expect(box.chains.map(({ y }) => y)).toEqual(box.chains.map(({ y }) => y).toSorted((a, b) => a - b))
      expect(box.chains.map(({ name }) => name)).toEqual(
        entries.map((one) => (one.kind === 'core' ? one.does : `${one.table} ${one.chain}`)),
      )
    }
})

test('ends the line at the chain that dropped it', async () => {
  const [{ map, ways } = { ways: [] }] = await drawn(NODEPORT)
  const { boxes, routes } = draw({ ...(map ? { map } : {}), ways }, 786)
  const ended = boxes.flatMap((box) =>
    box.chains.filter(({ notes }) => notes.some(({ kind }) => kind === 'end')).map(({ name }) => [box.hook, name]),
  )
  expect(ended).toEqual([['input', 'filter INPUT']])
  expect(routes[0]!.stops.at(-1)!.chain).toBe('ip input filter INPUT')
  expect(routes[0]!.stops.map(({ step }) => step.n)).toEqual(
    routes[0]!.stops.map(({ step }) => step.n).toSorted((a, b) => a - b),
  )
})

const step = (n: number, family: string, hook: string, chain: string, changes: string[] = []): StepOf => ({
  ...{ n, family, hook, table: 't', chain, name: `t ${chain} rule ${n}`, rule: '-s 192.0.2.1 -j X', depth: 0 },
  ...{ kind: 'rule', interfaces: '', changes, isCulprit: false, unmatched: [] },
})
const wayOf = (kind: WayOf['kind'], steps: StepOf[]): WayOf => ({
  kind,
  word: 'dropped',
  mark: 'bad',
  end: 'dropped by filter INPUT rule 1',
  steps,
})

test.each([
  ['to this host itself', ['output', 'postrouting', 'prerouting', 'input']],
  ['unwrapped by IPsec', ['prerouting', 'input', 'prerouting', 'forward', 'postrouting', 'output', 'postrouting']],
  ['through a hook without chains', ['prerouting', 'postrouting']],
])('draws what goes %s', (_, hooks) => {
  const steps = hooks.map((hook, i) => step(i + 1, 'ip', hook, hook.toUpperCase()))
  for (const width of WIDTHS) {
    const layout = draw({ ways: [wayOf('request', steps)] }, width)
    expectSound(layout)
    const entered = layout.routes[0]!.arrows.map(
      ([x, y]) => layout.boxes.find((one) => one.x === x && y > one.y && y < one.y + 22)!.hook,
    )
    expect(entered.filter((hook) => hook !== 'forward' || hooks.includes('forward'))).toEqual(hooks)
    if (!hooks.includes('input')) expect(entered).toContain('forward')
  }
})

test('leaves out chains and kernel steps of the other family', () => {
  const entry = (family: string): EntryOf => ({
    ...{
      kind: 'chain',
      priority: 0,
      family,
      table: 'filter',
      chain: family,
      backend: 'nft',
      policy: 'accept',
      rules: 0,
    },
  })
  const core: EntryOf = { kind: 'core', priority: -400, does: 'defragmentation', families: ['ip6'] }
  const entries = [core, entry('ip'), entry('ip6'), entry('inet')]
  const map: MapOf = { ways: [{ way: 'ip', hooks: [{ hook: 'prerouting', entries }] }] }
  const names = (isIp6: boolean) =>
    layOut({ map, ways: [], isIp6, unfolded: new Set(), mayBeWide: true, width: 786 }).boxes.flatMap(({ chains }) =>
      chains.map(({ name }) => name),
    )
  expect(names(false)).toEqual(['filter ip', 'filter inet'])
  expect(names(true)).toEqual(['defragmentation', 'filter ip6', 'filter inet'])
})

/** Mulberry32: the same numbers in every run. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below) | 0
  }
}

test('draws any rules and any way with nothing over anything else', () => {
  const random = randomFrom(15)
  const HOOKS = ['ingress', 'prerouting', 'input', 'forward', 'output', 'postrouting', 'egress']
  const FAMILIES = ['ip', 'ip', 'inet', 'bridge', 'netdev', 'arp']
  const some = <T>(of: readonly T[]): T => of[random(of.length)]!
  for (let round = 0; round < share(100); round++) {
    const name = () =>
      some(['filter', 'x'.repeat(random(300) + 1), 'a b c d e f', 'мой-фильтр', '<b>🧱</b>'.repeat(random(9) + 1)])
    const hookOf = (family: string) =>
      family === 'netdev'
        ? some(['ingress', 'egress'])
        : family === 'arp'
          ? some(['input', 'output'])
          : some(HOOKS.slice(1, 6))
    const map: MapOf = {
      ways: (['ip', 'bridge', 'arp', 'netdev'] as const).map((way) => ({
        way,
        hooks: [...new Set(Array.from({ length: random(6) }, () => hookOf(way)))].map((hook) => ({
          hook,
          entries: Array.from(
            { length: random(5) + 1 },
            (_, i): EntryOf => ({
              ...{ kind: 'chain', priority: i, family: way, table: name(), chain: `${i}`, backend: 'nft', rules: 1 },
            }),
          ),
        })),
      })),
    }
    const ways = (['request', 'before', 'captured'] as const).slice(0, random(4)).map((kind) =>
      wayOf(
        kind,
        Array.from({ length: random(12) }, (_, i) => {
          const family = some(FAMILIES)
          return step(i + 1, family, hookOf(family), name(), random(3) === 0 ? [`mark 0 → ${name()}`] : [])
        }),
      ),
    )
    const unfolded = new Set(
      random(2) === 0 ? [] : ways.flatMap(({ steps }) => steps.map((one) => `ip ${one.hook} t ${one.chain}`)),
    )
    for (const width of WIDTHS) expectSound(draw({ map, ways, unfolded }, width))
  }
})

test('wraps words, cuts what is too long, and says so', () => {
  expect(wrap('mangle PREROUTING', 20)).toEqual(['mangle PREROUTING'])
  expect(wrap('connection tracking', 18)).toEqual(['connection', 'tracking'])
  expect(wrap('x'.repeat(100), 10)).toEqual(['x'.repeat(10), 'x'.repeat(10), `${'x'.repeat(9)}…`])
  expect(wrap('', 10)).toEqual([''])
  expect(wrap('過濾過濾過濾', 8)).toEqual(['過濾過濾', '過濾'])
})

test('a chain that the ruleset does not have stands where the packet met it', async () => {
  const session = await sessionOf(...CASES['openstack-snat']!)
  const { way } = firstOf(session)
  const [map] = session.map()
  const hooks = [...new Set(way.steps.map(({ hook }) => hook))]
  const { boxes } = draw({ ...(map ? { map } : {}), ways: [way] }, 1100)
  for (const hook of hooks) {
    const tables = way.steps.flatMap((step) => (step.hook === hook && step.table !== undefined ? [step.table] : []))
    const met = boxes.find((one) => one.hook === hook)!.chains.filter(({ isMet }) => isMet)
    expect(met.map(({ name }) => name.split(' ')[0])).toEqual([...new Set(tables)])
  }
  expect(hooks.length).toBeGreaterThan(1)
})

test('marks chains whose order nobody knows', async () => {
  const base = (name: string, priority: number) =>
    `table inet ${name} {\n chain in {\n type filter hook input priority ${priority}; policy drop;\n tcp dport 22 accept\n }\n}\n`
  const session = await sessionOf({ name: 'rules.nft', text: base('a', 0) + base('b', 0) + base('c', 5) })
  const [map] = session.map()
  const chains = draw({ map: map!, ways: [] }, 786).boxes.flatMap((box) => box.chains)
  expect(chains.map(({ name }) => name).sort()).toEqual(['a in ?', 'b in ?', 'c in'])
  expect(chains.find(({ name }) => name === 'a in ?')!.title).toContain('which chain of this priority comes first')
})
