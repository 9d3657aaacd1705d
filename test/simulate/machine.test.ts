import { describe, expect, it } from 'vitest'
import { explain } from '../../src/explain/explain.ts'
import type { Host, Packet } from '../../src/index.ts'
import { type Simulated, Simulator, type SimulatorOptions } from '../../src/simulate/simulator.ts'
import { entry, makeWorld, ROUTER } from './world.ts'

const SYN: Packet = {
  in: 'eth0',
  protocol: 'tcp',
  src: '10.0.1.2',
  sport: 40000,
  dst: '10.0.2.2',
  dport: 80,
  tcpFlags: ['syn'],
}
const REPLY: Packet = {
  ...SYN,
  in: 'eth1',
  src: '10.0.2.2',
  sport: 80,
  dst: '10.0.1.2',
  dport: 40000,
  tcpFlags: ['syn', 'ack'],
}

const machine = (rules: string, options: SimulatorOptions = {}, host: Host = ROUTER) =>
  new Simulator(makeWorld(rules, host), options)

/** `filter:FORWARD:policy:2`, as TRACE prints it. */
const lines = ({ evidence }: Simulated): string[] =>
  evidence.journey.steps.map(
    ({ table, chain, kind, reported, ruleNumber }) => `${table}:${chain}:${reported ?? kind}:${ruleNumber}`,
  )

const table = (name: string, chains: string[], rules: string[]) =>
  [`*${name}`, ...chains.map((chain) => `:${chain} [0:0]`), ...rules.map((rule) => `-A ${rule}`), 'COMMIT', ''].join(
    '\n',
  )
const filter = (...rules: string[]) =>
  table('filter', ['INPUT ACCEPT', 'FORWARD ACCEPT', 'OUTPUT ACCEPT', 'web -'], rules)
const nat = (...rules: string[]) =>
  table('nat', ['PREROUTING ACCEPT', 'INPUT ACCEPT', 'OUTPUT ACCEPT', 'POSTROUTING ACCEPT'], rules)
const raw = (...rules: string[]) => table('raw', ['PREROUTING ACCEPT', 'OUTPUT ACCEPT', 'mine -'], rules)

describe('lines', () => {
  it('are those of rules that matched, of ends of chains, and of policies', () => {
    const rules = filter('FORWARD -p udp -j DROP', 'FORWARD -p tcp -j web', 'web -j RETURN', 'FORWARD -j ACCEPT')
    expect(lines(machine(rules).send(SYN))).toEqual([
      'filter:FORWARD:rule:2',
      'filter:web:return:1',
      'filter:FORWARD:policy:3',
    ])
  })

  it('of a goto out of a base chain lead to its policy', () => {
    const rules = filter('FORWARD -g web', 'FORWARD -j DROP', 'web -m comment --comment x')
    expect(lines(machine(rules).send(SYN))).toEqual([
      ...['filter:FORWARD:rule:1', 'filter:web:rule:1', 'filter:web:return:2', 'filter:FORWARD:policy:3'],
    ])
  })

  it('begin behind the rule that switches tracing on', () => {
    const sent = machine(raw('PREROUTING -p tcp -j mine', 'mine -j TRACE', 'mine -j MARK --set-mark 1')).send(SYN)
    expect(lines(sent)).toEqual(['raw:mine:rule:2', 'raw:mine:return:3', 'raw:PREROUTING:policy:2'])
    expect(sent.evidence.arrivals[0]!.caller).toBeUndefined()
    expect(sent.evidence.journey.steps.map(({ n, mark }) => [n, mark])).toEqual([
      [1, 0],
      [2, 1],
      [3, 1],
    ])
  })

  it('are all there where no rule does', () => {
    expect(lines(machine(raw('PREROUTING -p udp -j TRACE')).send(SYN))).toEqual(['raw:PREROUTING:policy:2'])
  })

  it('tell what each step did', () => {
    const rules = table(
      'mangle',
      ['PREROUTING ACCEPT'],
      ['PREROUTING -j MARK --set-mark 5', 'PREROUTING -j TTL --ttl-dec 1'],
    )
    const { steps } = machine(rules).send(SYN).evidence.journey
    expect(steps.slice(0, 3).map(({ changes }) => changes)).toEqual([
      [{ field: 'mark', from: 0, to: 5 }],
      [{ field: 'ttl', from: 64, to: 63 }],
      [],
    ])
  })
})

describe('the way', () => {
  it.each<[string, Packet, string, string[]]>([
    ['through', SYN, 'forwarded', ['FORWARD']],
    ['to this host', { ...SYN, dst: '10.0.2.1' }, 'delivered', ['INPUT']],
    ['from this host', { protocol: 'udp', dst: '10.0.2.2', dport: 53 }, 'sent', ['OUTPUT']],
    ['to itself', { protocol: 'udp', dst: '10.0.2.1', dport: 53 }, 'delivered', ['OUTPUT', 'INPUT']],
  ])('%s', (_, packet, outcome, chains) => {
    const sent = machine(filter()).send(packet)
    expect(sent.ended.outcome).toBe(outcome)
    expect(sent.evidence.journey.steps.map(({ chain }) => chain)).toEqual(chains)
  })

  it.each<[string, Partial<Packet>, Record<string, string>, string]>([
    ['nobody forwards', {}, { 'net.ipv4.ip_forward': '0' }, 'vanished-forwarding-off'],
    ['the route says no', { dst: '10.9.0.1' }, {}, 'vanished-no-route'],
    ['its time is up', { ttl: 1 }, {}, 'vanished-ttl'],
    ['it is too long', { length: 1450, dontFragment: true, dst: '10.0.8.2' }, {}, 'vanished-mtu'],
    ['the way back is another', { src: '10.0.2.7' }, { 'net.ipv4.conf.all.rp_filter': '1' }, 'vanished-rp-filter'],
    ['it comes from this host itself', { src: '10.0.1.1' }, {}, 'vanished-martian'],
    ['it comes from the loopback', { src: '127.0.0.5' }, {}, 'vanished-martian'],
  ])('ends where %s', (_, packet, sysctls, code) => {
    for (const rules of [filter(), '']) {
      const host = { ...ROUTER, sysctls: new Map([...ROUTER.sysctls!, ...Object.entries(sysctls)]) }
      const { world } = machine(rules, {}, host)
      const { evidence, ended } = new Simulator(world).send({ ...SYN, ...packet })
      const journey = explain(evidence, world, { ended })
      expect([journey.outcome, ...journey.findings.map((finding) => finding.code)]).toContain(code)
      expect(journey.outcome).toBe('vanished')
      expect(journey.steps).toEqual([])
    }
  })

  it.each<[string, Partial<Packet>, string]>([
    ['whose parts fit', { length: 2960 }, 'forwarded'],
    ['whose parts may be too long', { length: 2960, dst: '10.0.8.2' }, 'undetermined'],
    ['that may be cut', { length: 2960, dst: '10.0.8.2', dontFragment: false }, 'forwarded'],
  ])('of a packet longer than its link takes, %s', (_, packet, outcome) => {
    const { ended } = machine(filter()).send({ ...SYN, dontFragment: true, ...packet })
    expect(ended.outcome).toBe(outcome)
    expect(ended.open?.condition).toBe(outcome === 'undetermined' ? 'the length of the fragments' : undefined)
  })

  // as the kernel of docs/kernel-ledger.md did with them
  it.each<[string, Partial<Packet>, string]>([
    ['a source of class E', { src: '240.0.0.1' }, 'forwarded'],
    ['a source in 0.0.0.0/8', { src: '0.1.2.3' }, 'forwarded'],
    ['a group as source', { src: '224.0.0.9' }, 'vanished'],
    ['everybody', { dst: '255.255.255.255' }, 'delivered'],
    ['all hosts', { dst: '224.0.0.1' }, 'delivered'],
    ['a group that this host may have joined', { dst: '224.5.6.7' }, 'undetermined'],
    ['a group as source in IPv6, over lo', { in: 'lo', src: 'ff02::1', dst: 'fd00::1' }, 'vanished'],
    ['the loopback as source in IPv6', { src: '::1', dst: 'fd00::2' }, 'vanished'],
  ])('of %s', (_, addresses, outcome) => {
    expect(machine(filter()).send({ ...SYN, ...addresses }).ended.outcome).toBe(outcome)
  })

  it('is looked up anew where mangle changes what routing reads', () => {
    const host: Host = {
      ...ROUTER,
      routes: [
        ...ROUTER.routes!,
        { family: 'ip', type: 'unicast', destination: '0.0.0.0/0', table: '100', device: 'eth0' },
      ],
      routingRules: [
        { family: 'ip', priority: 0, action: { table: 'local' } },
        { family: 'ip', priority: 100, mark: 7, action: { table: '100' } },
        { family: 'ip', priority: 32766, action: { table: 'main' } },
      ],
    }
    const rules = table('mangle', ['OUTPUT ACCEPT', 'POSTROUTING ACCEPT'], ['OUTPUT -j MARK --set-mark 7'])
    const { steps } = machine(rules, {}, host).send({ protocol: 'udp', src: '10.0.2.1', dst: '10.0.2.2' }).evidence
      .journey
    expect(steps.map(({ chain, out }) => [chain, out])).toEqual([
      ['OUTPUT', 'eth1'],
      ['OUTPUT', 'eth1'],
      ['POSTROUTING', 'eth0'],
    ])
  })

  it('cannot be told without routes, and says what to assume', () => {
    const host: Host = { conntrack: [] }
    expect(machine(filter(), {}, host).send(SYN).ended).toMatchObject({
      outcome: 'undetermined',
      because: 'unknown-condition',
      open: { condition: '10.0.2.2 is local' },
    })
    const assume = new Map([['10.0.2.2 is local', true]])
    expect(machine(filter(), { assume }, host).send(SYN).ended).toMatchObject({
      outcome: 'delivered',
      basis: 'assumed',
    })
    expect(machine(filter(), {}, host).send({ ...SYN, out: 'eth7' }).evidence.journey.steps[0]).toMatchObject({
      chain: 'FORWARD',
      out: 'eth7',
    })
  })
})

describe('what nobody can know', () => {
  const limited = (target: string) =>
    machine(filter(`FORWARD -m string --string x --algo bm -j ${target}`, 'FORWARD -m mark --mark 1 -j DROP'))

  it('is no matter where the rule only tells', () => {
    const sent = limited('LOG').send(SYN)
    expect([sent.ended.outcome, lines(sent)]).toEqual(['forwarded', ['filter:FORWARD:policy:3']])
    expect(sent.notes).toHaveLength(1)
  })

  it('ends the simulation where the way hangs on it', () => {
    const { evidence, ended } = limited('DROP').send(SYN)
    expect(ended).toMatchObject({
      outcome: 'undetermined',
      open: { condition: '--string "x" --algo bm', reason: "the packet's content is not shown" },
    })
    const { findings } = explain(evidence, limited('DROP').world, { ended })
    expect(findings.map(({ code }) => code)).toEqual(['unknown-condition'])
  })

  it('spreads to what the rule may have written', () => {
    expect(limited('MARK --set-mark 1').send(SYN).ended.open).toEqual({
      condition: '--mark 0x1',
      reason: 'meta mark is not known',
    })
  })

  it.each([true, false])('is settled by assuming that it is %s', (holds) => {
    const { world } = limited('DROP')
    const sent = new Simulator(world, { assume: new Map([['--string "x" --algo bm', holds]]) }).send(SYN)
    expect([sent.ended.outcome, sent.ended.basis]).toEqual([holds ? 'dropped' : 'forwarded', 'assumed'])
    expect(sent.assumed).toEqual(['--string "x" --algo bm'])
  })

  it('is what a fragment holds, where connection tracking waits for the rest', () => {
    const fragment: Packet = { ...SYN, moreFragments: true }
    expect(machine(filter('FORWARD -m conntrack --ctstate NEW')).send(fragment).ended.open?.condition).toBe(
      'a fragment',
    )
    expect(machine(filter()).send(fragment).ended.outcome).toBe('forwarded')
  })
})

describe('connections', () => {
  const states = filter(
    'FORWARD -m conntrack --ctstate NEW -j ACCEPT',
    'FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT',
    'FORWARD -m conntrack --ctstate RELATED -j ACCEPT',
    'FORWARD -m conntrack --ctstate INVALID -j DROP',
    'FORWARD -m conntrack --ctstate UNTRACKED -j ACCEPT',
  )

  it('are new, then answered', () => {
    const one = machine(states)
    const sent = [SYN, SYN, REPLY, { ...SYN, tcpFlags: ['ack'] }].map((packet) => lines(one.send(packet)))
    expect(sent).toEqual([1, 1, 2, 2].map((number) => [`filter:FORWARD:rule:${number}`]))
    expect([...one.conntrack.connections].map(({ tcp, flags }) => [tcp?.state, flags.includes('assured')])).toEqual([
      ['ESTABLISHED', true],
    ])
  })

  it('are not begun by packets that are dropped', () => {
    const one = machine(
      `${filter('FORWARD -p tcp -j DROP')}${nat('PREROUTING -p udp -j DNAT --to-destination 10.0.2.9')}`,
    )
    one.send(SYN)
    expect(one.conntrack.connections.size).toBe(0)
  })

  it('are known from the list', () => {
    const original = { src: '10.0.1.2', dst: '10.0.2.2', sport: 40000, dport: 80 }
    const reply = { src: '10.0.2.9', dst: '10.0.1.2', sport: 8080, dport: 40000 }
    const conntrack = [entry({ state: 'ESTABLISHED', original, reply, status: ['assured'] })]
    const { evidence } = machine(`${nat('PREROUTING -j ACCEPT')}${states}`, {}, { ...ROUTER, conntrack }).send({
      ...SYN,
      tcpFlags: ['ack'],
    })
    expect(evidence.journey.steps).toMatchObject([{ table: 'filter', ruleNumber: 2, dst: '10.0.2.9', dport: 8080 }])
    expect(evidence.nat).toBe('skipped')
  })

  it.each<[NonNullable<Packet['ctState']>, number]>([
    ['new', 1],
    ['established', 2],
    ['related', 3],
    ['invalid', 4],
    ['untracked', 5],
  ])('are %s where the packet says so', (ctState, rule) => {
    expect(lines(machine(states).send({ ...SYN, ctState }))).toEqual([`filter:FORWARD:rule:${rule}`])
  })

  it('have errors that belong to them', () => {
    const one = machine(states)
    one.send(SYN)
    const error: Packet = { in: 'eth1', protocol: 'icmp', src: '10.0.2.7', dst: '10.0.1.2', icmpType: 3, icmpCode: 1 }
    const [quoting, alone] = [
      { ...error, inner: { ...SYN, in: 'x' } },
      { ...error, inner: { ...SYN, sport: 1 } },
    ]
    expect([quoting, alone].map((packet) => lines(one.send(packet)))).toEqual([
      ['filter:FORWARD:rule:3'],
      ['filter:FORWARD:rule:4'],
    ])
  })

  it('are not looked for while no rule asks', () => {
    const natOnly = `${nat()}${filter()}`
    expect(lines(machine(natOnly).send(SYN))).toEqual(['filter:FORWARD:policy:1'])
    const asked = `${nat()}${filter('INPUT -m state --state NEW -j ACCEPT')}`
    expect(lines(machine(asked).send(SYN))).toEqual([
      'nat:PREROUTING:policy:1',
      'filter:FORWARD:policy:1',
      'nat:POSTROUTING:policy:1',
    ])
  })

  it('carry a mark from packet to packet', () => {
    const rules = table(
      'mangle',
      ['PREROUTING ACCEPT'],
      [
        'PREROUTING -j CONNMARK --restore-mark',
        'PREROUTING -m mark --mark 0 -j MARK --set-mark 9',
        'PREROUTING -j CONNMARK --save-mark',
      ],
    )
    const one = machine(rules)
    expect([SYN, REPLY].map((packet) => lines(one.send(packet)).slice(0, -2))).toEqual([
      [1, 2, 3].map((n) => `mangle:PREROUTING:rule:${n}`).concat('mangle:PREROUTING:policy:4'),
      [1, 3].map((n) => `mangle:PREROUTING:rule:${n}`).concat('mangle:PREROUTING:policy:4'),
    ])
  })
})

describe('NAT', () => {
  it('rewrites, and takes it back in the answer', () => {
    const one = machine(
      `${nat('PREROUTING -p tcp -j DNAT --to-destination 10.0.2.9:8080', 'POSTROUTING -j MASQUERADE')}${filter()}`,
    )
    const { evidence, packet } = one.send({ ...SYN, dst: '10.0.1.1' })
    expect(evidence.journey.steps.map(({ changes }) => changes)).toEqual([
      [
        { field: 'dst', from: '10.0.1.1', to: '10.0.2.9' },
        { field: 'dport', from: 80, to: 8080 },
      ],
      [],
      [{ field: 'src', from: '10.0.1.2', to: '10.0.2.1' }],
    ])
    expect(packet).toMatchObject({ src: '10.0.2.1', dst: '10.0.2.9', sport: 40000, dport: 8080 })
    const answer = one.send({ ...REPLY, src: '10.0.2.9', sport: 8080, dst: '10.0.2.1' })
    expect(answer.packet).toMatchObject({ src: '10.0.1.1', sport: 80, dst: '10.0.1.2', dport: 40000 })
    expect(lines(answer)).toEqual(['filter:FORWARD:policy:1'])
  })

  it('tells among what the kernel chooses, and may be told what it chose', () => {
    const rules = nat('POSTROUTING -p tcp -j SNAT --to-source 10.0.2.1:2000-2010')
    const { steps } = machine(rules).send(SYN).evidence.journey
    expect(steps.at(-1)!.changes).toContainEqual({ field: 'sport', from: 40000, to: 2000, among: [2000, 2010] })
    expect(machine(rules, { choose: () => 2007 }).send(SYN).packet.sport).toBe(2007)
  })

  it('keeps flows apart', () => {
    const one = machine(nat('POSTROUTING -p tcp -j SNAT --to-source 10.0.2.1'))
    const [first, second] = [SYN, { ...SYN, src: '10.0.1.3' }].map((packet) => one.send(packet).packet.sport)
    expect(first).toBe(40000)
    expect(second).not.toBe(40000)
  })

  it('redirects to the address of the interface', () => {
    const rules = nat('PREROUTING -p tcp -j REDIRECT --to-ports 3128')
    expect(machine(rules).send(SYN)).toMatchObject({
      ended: { outcome: 'delivered' },
      packet: { dst: '10.0.1.1', dport: 3128 },
    })
  })

  it('does not know an address that nobody listed', () => {
    const { links: _, ...host } = ROUTER
    const rules = nat('POSTROUTING -j MASQUERADE')
    expect(machine(rules, {}, host).send(SYN).ended.open?.condition).toBe('address of eth1')
  })
})

it('REJECT ends the journey, and the packet leaves no connection', () => {
  const one = machine(filter('FORWARD -m conntrack --ctstate NEW -j REJECT'))
  expect(one.send(SYN).ended.outcome).toBe('rejected')
  expect(one.conntrack.connections.size).toBe(0)
})

it('rules may fill the sets that later packets are looked for in', () => {
  const world = makeWorld(
    filter('FORWARD -m set --match-set seen src -j DROP', 'FORWARD -j SET --add-set seen src'),
    ROUTER,
  )
  world.sets.push({ name: 'seen', type: 'hash:ip', elements: [] })
  const one = new Simulator(world)
  expect([SYN, SYN].map((packet) => one.send(packet).ended.outcome)).toEqual(['forwarded', 'dropped'])
  expect(one.world.sets[0]!.elements).toEqual([{ parts: ['10.0.1.2'] }])
  expect(world.sets[0]!.elements).toEqual([])
})
