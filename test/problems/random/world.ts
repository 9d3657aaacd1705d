/** A router between three networks with rules, routes and settings drawn at random, and what is sent through it. */
import type { HostSpec, Link, Sending } from '../../../src/demo/incident.ts'
import { Random } from '../../kernel/generate/random.ts'
import { FORWARDS } from '../machines.ts'
import type { Backend, Line } from '../problem.ts'
import type { Draft, Policies } from './draft.ts'
import { FEATURES, type Feature, featuresOf } from './features/index.ts'
import { ADDRESSES, DEVICES, ELSEWHERE, NETS, TCP_PORTS, UDP_PORTS } from './net.ts'
import { printRules } from './print.ts'
import type { Family, Match, Rule, Target } from './rule.ts'

export interface RandomWorld {
  seed: number
  backend: Backend
  family: Family
  hosts: Readonly<Record<string, HostSpec>>
  links: readonly Link[]
  traced: string
  setup: readonly Line[]
  sendings: readonly Sending[]
  nobody: Draft['nobody']
  /** Ports that rules send something to, or that somebody asks for. */
  ports: readonly number[]
  features: readonly Feature[]
  /** Programs that run there from the beginning. */
  watched: readonly (readonly [host: string, argv: readonly string[]])[]
  /** The remote host has routes to what is behind the router. */
  known: boolean
}

/** Who listens where; 81 is nobody's. */
const SERVICES = {
  remote: { tcp: [443], udp: [123] },
  router: { tcp: [22], udp: [53] },
  pc: { tcp: [80, 8080], udp: [53] },
  box: { tcp: [22, 80], udp: [5353] },
} as const
const SENDINGS = 8

export function randomWorld(seed: number, backend: Backend, given?: readonly Feature[]): RandomWorld {
  const random = new Random(seed)
  const family: Family = random.chance(0.35) ? 'ip6' : 'ip'
  const draw = new Draw(random, family)
  const bits = family === 'ip' ? 24 : 64
  const of = ADDRESSES[family]
  const through = (address: string) => [`default via ${address}`]
  const listeners = (name: keyof typeof SERVICES) =>
    (['tcp', 'udp'] as const).flatMap((protocol) =>
      SERVICES[name][protocol].map((port) => ({ protocol, port, ...(family === 'ip6' ? { address: '::' } : {}) })),
    )
  const known = random.chance(0.85)
  const routes = random.chance(0.75) ? through(of.remote) : []
  const sysctls = draw.settings()
  const rules = draw.rules()
  const policies = draw.policies(backend)
  const draft: Draft = {
    ...{ family, backend, of, bits, known, rules, policies, sets: [], tables: '', watched: [] },
    nobody: [['pc', of.none]],
    chains: { filter: {}, nat: {} },
    hosts: {
      remote: {
        addresses: { eth0: [`${of.remote}/${bits}`] },
        routes: known ? NETS[family].slice(0, 2).map((net) => `${net} via ${of.wan}`) : [],
        listeners: listeners('remote'),
      },
      router: {
        addresses: { wan: [`${of.wan}/${bits}`], lan: [`${of.lan}/${bits}`], dmz: [`${of.dmz}/${bits}`] },
        ...{ routes, sysctls, listeners: listeners('router') },
      },
      pc: {
        addresses: { eth0: [`${of.pc}/${bits}`] },
        routes: through(of.lan),
        listeners: listeners('pc'),
      },
      box: {
        addresses: { eth0: [`${of.box}/${bits}`] },
        routes: through(of.dmz),
        listeners: listeners('box'),
      },
    },
    links: [
      ['remote:eth0', 'router:wan'],
      ['router:lan', 'pc:eth0'],
      ['router:dmz', 'box:eth0'],
    ],
    setup: draw.routing().map((line): Line => ['router', line]),
    sendings: draw.sendings(known),
  }
  const drawn = given ?? featuresOf(new Random(seed ^ 0x5bd1e995))
  drawn.forEach((feature) => {
    FEATURES[feature](draft, new Random(seed * 131 + feature.length))
  })
  const { hosts, links, setup, watched, nobody } = draft
  return {
    ...{ seed, backend, family, traced: 'router', links, setup, watched, known, nobody },
    hosts: { ...hosts, router: { ...hosts.router, rules: printRules(draft) } },
    sendings: draft.sendings.slice(0, SENDINGS),
    features: drawn,
    ports: [...new Set([...TCP_PORTS, ...UDP_PORTS, ELSEWHERE])],
  }
}

class Draw {
  private readonly random: Random
  private readonly family: Family
  private readonly of: (typeof ADDRESSES)[Family]
  /** Marks that rules set, for rules and routes that ask for them. */
  private readonly marks: number[] = []

  constructor(random: Random, family: Family) {
    this.random = random
    this.family = family
    this.of = ADDRESSES[family]
  }

  settings(): Record<string, string> {
    const { random } = this
    const settings: Record<string, string> = { ...FORWARDS }
    if (random.chance(0.05)) settings['net.ipv4.ip_forward'] = '0'
    if (random.chance(0.05)) settings['net.ipv6.conf.all.forwarding'] = '0'
    if (random.chance(0.5)) settings['net.ipv4.conf.all.rp_filter'] = random.pick(['1', '2'])
    if (random.chance(0.2)) settings['net.ipv4.conf.all.src_valid_mark'] = '1'
    if (random.chance(0.2)) settings['net.ipv4.conf.all.route_localnet'] = '1'
    if (random.chance(0.1)) settings['net.netfilter.nf_conntrack_tcp_loose'] = '0'
    return settings
  }

  /** Marks that choose a route. */
  routing(): string[] {
    const { random, of, family } = this
    const [mark] = this.marks
    if (mark === undefined || random.chance(0.5)) return []
    const ip = family === 'ip' ? 'ip' : 'ip -6'
    const route = random.pick([
      `default via ${of.box}`,
      `default via ${of.remote}`,
      'blackhole default',
      'unreachable default',
      'prohibit default',
    ])
    return [`${ip} route add ${route} table 100`, `${ip} rule add fwmark ${mark} lookup 100`]
  }

  sendings(known: boolean): Sending[] {
    const { random, of } = this
    const all: Sending[] = []
    const keys = new Set<string>()
    for (let tries = 0; all.length < SENDINGS && tries < 100; tries++) {
      const from = random.pick(['remote', 'remote', 'pc', 'pc', 'box', 'router'])
      const to = random.pick(
        { remote: known ? [of.wan, of.pc, of.box] : [of.wan], pc: [of.remote, of.lan, of.wan, of.box] }[from] ??
          { box: [of.remote, of.dmz, of.wan, of.pc], router: [of.remote, of.pc, of.box] }[from]!,
      )
      const what = random.weighted<'tcp' | 'udp' | 'ping'>([
        [5, 'tcp'],
        [3, 'udp'],
        [2, 'ping'],
      ])
      const sending: Sending =
        what === 'ping'
          ? { from, to, what }
          : { from, to, what, port: random.pick<number>(what === 'tcp' ? TCP_PORTS : UDP_PORTS) }
      const key = JSON.stringify(sending)
      if (keys.has(key)) continue
      keys.add(key)
      all.push(sending)
    }
    return all
  }

  /** In the order in which they are drawn. */
  policies(backend: Backend): Policies {
    const { random } = this
    const policy = () => random.chance(0.35)
    const [input, forward] = [policy(), policy()]
    return { input, forward, output: backend !== 'nft' && random.chance(0.1) }
  }

  rules(): Draft['rules'] {
    const { random } = this
    const some = (most: number, make: () => Rule, share = 1): Rule[] =>
      random.chance(share) ? Array.from({ length: random.int(0, most) }, make) : []
    const mark = (out: boolean) => () => this.rule({ out, hook: out ? 'out' : 'in' }, this.mark())
    const prerouting = some(2, mark(false), 0.4)
    const output = some(2, mark(true), 0.3)
    const nat = {
      dnat: some(3, () => this.rule({ hook: 'in', dnat: true }, this.destination()), 0.7),
      dnatOut: some(1, () => this.rule({ hook: 'out', dnat: true }, this.destination()), 0.25),
      snat: some(2, () => this.rule({ hook: 'out' }, this.source()), 0.7),
    }
    const decide = (hook: Hook) => () => this.rule({ hook, filter: true }, this.verdict())
    const head: Rule[] = random.chance(0.6)
      ? [{ match: { ct: ['RELATED', 'ESTABLISHED'] }, target: { kind: 'accept' } }]
      : []
    const neighbours: Rule[] =
      this.family === 'ip6' && random.chance(0.8) ? [{ match: { protocol: 'icmp' }, target: { kind: 'accept' } }] : []
    return {
      prerouting,
      output,
      ...nat,
      raw: some(1, () => this.rule({ hook: 'in' }, { kind: random.chance(0.7) ? 'notrack' : 'drop' }), 0.12),
      forwardMarks: some(1, mark(false), 0.1),
      postrouting: some(1, () => this.rule({ hook: 'out' }, this.mark()), 0.1),
      input: [...head, ...neighbours, ...some(4, decide('in'))],
      forward: [...head, ...some(5, decide('both'))],
      out: some(2, decide('out'), 0.25),
      user: some(3, () => this.rule({ hook: 'none', filter: true }, this.verdict(true))),
      rawOut: [],
    }
  }

  private rule({ hook, filter, dnat, out }: Place, target: Target): Rule {
    const match = this.match(hook, filter === true)
    if (dnat && this.random.chance(0.6)) match.d = this.of.wan
    if (out) delete match.i
    const withPort = target.kind === 'dnat' ? target.port !== undefined : target.kind === 'redirect'
    if (
      (withPort || (target.kind === 'reject' && target.reset)) &&
      match.protocol !== 'tcp' &&
      match.protocol !== 'udp'
    )
      match.protocol = 'tcp'
    if (target.kind === 'reject' && target.reset) {
      match.protocol = 'tcp'
      if (match.dports) match.dports = [this.random.pick(TCP_PORTS)]
      delete match.sport
    }
    return { match, target }
  }

  private match(hook: Hook, filter: boolean): Match {
    const { random, of, family } = this
    const match: Match = {}
    const address = () => random.pick([...Object.values(of), ...NETS[family]])
    if (random.chance(0.3)) match.s = address()
    if (random.chance(0.3)) match.d = address()
    if ((hook === 'in' || hook === 'both') && random.chance(0.35)) match.i = random.pick(DEVICES)
    if ((hook === 'out' || hook === 'both') && random.chance(0.35)) match.o = random.pick(DEVICES)
    const given = (['s', 'd', 'i', 'o'] as const).filter((one) => match[one] !== undefined)
    if (given.length > 0 && random.chance(0.12)) match.not = random.pick(given)
    if (random.chance(0.65))
      match.protocol = random.weighted<'tcp' | 'udp' | 'icmp'>([
        [5, 'tcp'],
        [3, 'udp'],
        [1, 'icmp'],
      ])
    const ports = match.protocol === 'tcp' ? TCP_PORTS : match.protocol === 'udp' ? UDP_PORTS : undefined
    if (ports && random.chance(0.75))
      match.dports = random.some(
        ports,
        random.weighted([
          [4, 1],
          [1, 2],
          [1, 3],
        ]),
      )
    else if (ports && random.chance(0.1)) match.sport = random.pick(ports)
    if (match.protocol === 'tcp' && random.chance(0.1)) match.syn = true
    if (filter && random.chance(0.2))
      match.ct = random.pick([
        ['NEW'],
        ['ESTABLISHED'],
        ['INVALID'],
        ['RELATED', 'ESTABLISHED'],
        ['NEW', 'ESTABLISHED'],
      ])
    else if (filter && hook === 'both' && random.chance(0.1)) match.dnat = true
    if (this.marks.length > 0 && random.chance(0.12)) match.mark = random.pick([...this.marks, 7])
    if (hook === 'in' && random.chance(0.1)) match.local = true
    return match
  }

  private mark(): Target {
    const value = this.random.int(1, 3)
    this.marks.push(value)
    return { kind: 'mark', value }
  }

  private verdict(inUser = false): Target {
    const { random } = this
    return random.weighted<Target>([
      [5, { kind: 'accept' }],
      [3, { kind: 'drop' }],
      [1.5, { kind: 'reject' }],
      [0.5, { kind: 'reject', reset: true }],
      [0.7, { kind: 'return' }],
      [0.3, { kind: 'log' }],
      [inUser ? 0 : 1.5, { kind: 'jump', chain: 'USER' }],
      [inUser ? 0 : 0.4, { kind: 'goto', chain: 'USER' }],
    ])
  }

  private destination(): Target {
    const { random, of } = this
    const to = random.weighted([
      [4, of.pc],
      [3, of.box],
      [1, of.none],
      [1, of.remote],
      [0.7, of.lan],
    ])
    return random.weighted<Target>([
      [5, { kind: 'dnat', to, port: random.pick([80, 8080, 22, 81, 53]) }],
      [2, { kind: 'dnat', to }],
      [1, { kind: 'redirect', port: random.pick([22, 53, 81]) }],
      [1, { kind: 'accept' }],
    ])
  }

  private source(): Target {
    const { random, of } = this
    return random.weighted<Target>([
      [5, { kind: 'masquerade' }],
      [2, { kind: 'snat', to: random.pick([of.wan, of.lan, of.dmz, of.none]) }],
      [1, { kind: 'accept' }],
    ])
  }
}

type Hook = 'in' | 'out' | 'both' | 'none'

interface Place {
  hook: Hook
  filter?: true
  dnat?: true
  out?: boolean
}
