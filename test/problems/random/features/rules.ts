/** Rules besides, of kinds of their own. */
import type { Random } from '../../../kernel/generate/random.ts'
import type { Draft } from '../draft.ts'
import { DEVICES, NETS, TCP_PORTS, UDP_PORTS } from '../net.ts'
import type { Match, Rule, Target } from '../rule.ts'
import { insert, some } from './insert.ts'

/** Chains that are jumped to, from where some return early. */
export function returns({ rules, chains, of, family }: Draft, random: Random): void {
  const match = (): Match => {
    const one: Match = {}
    if (random.chance(0.5)) one[random.pick(['s', 'd'] as const)] = random.pick([...Object.values(of), ...NETS[family]])
    if (random.chance(0.5)) Object.assign(one, { protocol: 'tcp', dports: random.some(TCP_PORTS, random.int(1, 2)) })
    else if (random.chance(0.3)) Object.assign(one, { protocol: 'udp', dports: [random.pick(UDP_PORTS)] })
    if (random.chance(0.2)) one.ct = ['NEW']
    return one
  }
  const verdict = (): Target => ({
    kind: random.weighted([
      [3, 'accept'],
      [2, 'drop'],
      [1, 'return'],
    ] as const),
  })
  const early = (): Rule => ({ match: match(), target: { kind: 'return' } })
  const [a, b, c] = ['ZONE-A', 'ZONE-B', 'ZONE-C']
  const list = (most: number) =>
    Array.from({ length: random.int(1, most) }, () => ({ match: match(), target: verdict() }))
  chains.filter[c!] = list(2)
  chains.filter[b!] = [
    early(),
    { match: match(), target: { kind: random.pick(['jump', 'goto'] as const), chain: c! } },
    ...list(2),
  ]
  chains.filter[a!] = [
    ...some(random, 0.7, [early()]),
    { match: match(), target: { kind: 'jump', chain: b! } },
    ...list(2),
  ]
  for (const name of random.some(['input', 'forward', 'out'] as const, 2))
    insert(rules[name], random, { match: random.chance(0.5) ? {} : match(), target: { kind: 'jump', chain: a! } })
}

/** Packets of some interface in another zone of connection tracking, or in none. */
export function zones({ rules }: Draft, random: Random): void {
  const zone = (iptables: string, nft: string): Target => ({ kind: 'other', iptables: `CT ${iptables}`, nft })
  const targets: readonly Target[] = [
    zone('--zone 1', 'ct zone set 1'),
    zone('--zone-orig 2', 'ct original zone set 2'),
    { kind: 'notrack' },
  ]
  const i = random.pick(DEVICES)
  const match: Match = random.chance(0.6) ? { i } : { protocol: random.pick(['tcp', 'udp']) }
  const target = random.pick(targets)
  rules.raw.push({ match, target })
  if (random.chance(0.4)) rules.raw.push({ match: { i: random.pick(DEVICES) }, target })
  const { i: o, ...rest } = match
  if (random.chance(0.5)) rules.rawOut.push({ match: o === undefined ? rest : { ...rest, o }, target })
}

/** Rules for so many packets a time. */
export function limits({ rules, family, backend }: Draft, random: Random): void {
  const few = random.int(1, 3)
  const limit: Match = {
    more: {
      iptables: `-m limit --limit ${few}/hour --limit-burst ${few}`,
      nft: `limit rate ${few}/hour burst ${few} packets`,
    },
  }
  const name = random.pick(['input', 'forward'] as const)
  const match: Match = { ...limit, protocol: random.pick(['tcp', 'udp', 'icmp'] as const) }
  if (random.chance(0.5)) match.ct = ['NEW']
  insert(rules[name], random, {
    match,
    target: {
      kind: random.weighted([
        [3, 'accept'],
        [1, 'drop'],
      ] as const),
    },
  })
  if (backend === 'nft' || random.chance(0.5)) return
  rules.input.unshift(
    {
      match: { protocol: 'tcp', dports: [22], ct: ['NEW'], more: { iptables: '-m recent --set --name in', nft: '' } },
      target: { kind: 'other', iptables: 'USER', nft: '' },
    },
    {
      match: {
        protocol: 'tcp',
        dports: [22],
        ct: ['NEW'],
        more: { iptables: `-m recent --update --seconds 60 --hitcount ${few} --name in`, nft: '' },
      },
      target: { kind: 'drop' },
    },
  )
  if (family === 'ip6') rules.input.push({ match: { protocol: 'icmp' }, target: { kind: 'accept' } })
}

/** A table of nft's besides, at a priority of its own or at the same one. */
export function tables(draft: Draft, random: Random): void {
  const { backend, of, family } = draft
  if (backend === 'iptables-legacy') return
  const priority = random.pick(['filter - 10', 'filter', 'filter + 10'])
  const rule = () => {
    const match = random.pick([
      `tcp dport ${random.pick(TCP_PORTS)}`,
      `udp dport ${random.pick(UDP_PORTS)}`,
      `${family} saddr ${random.pick(Object.values(of))}`,
      `${family} daddr ${random.pick(Object.values(of))}`,
      `ct state established,related`,
      `iifname ${random.pick(DEVICES)}`,
    ])
    return `    ${match} ${random.weighted([
      [3, 'accept'],
      [2, 'drop'],
      [1, 'reject'],
    ] as const)}\n`
  }
  const chain = (hook: string) => {
    const drops = random.chance(0.2)
    const all = Array.from({ length: random.int(1, 3) }, rule).join('')
    const found = family === 'ip6' && drops ? '    meta l4proto ipv6-icmp accept\n' : ''
    return `  chain ${hook} {\n    type filter hook ${hook} priority ${priority}; policy ${drops ? 'drop' : 'accept'};\n${found}${all}  }\n`
  }
  draft.tables += `table inet second {\n${random.some(['input', 'forward', 'output'], 2).map(chain).join('')}}\n`
}

/** Several rules of nat for the same packets, and sources given to what leaves by another interface. */
export function overlap({ rules, of, family, sendings }: Draft, random: Random): void {
  const port = random.pick([80, 8080])
  const one = (match: Match): Rule => ({
    match,
    target: random.pick<Target>([
      { kind: 'dnat', to: random.pick([of.pc, of.box]), port: random.pick([80, 8080, 22]) },
      { kind: 'redirect', port: 22 },
      { kind: 'accept' },
      { kind: 'return' },
    ]),
  })
  rules.dnat.unshift(
    ...random.shuffled([
      one({ d: of.wan, protocol: 'tcp', dports: [port] }),
      one({ i: 'wan', protocol: 'tcp', dports: [port, 22] }),
      one({ s: of.remote, protocol: 'tcp' }),
      one({ local: true, protocol: 'tcp', dports: [80, 8080] }),
    ]),
  )
  const [lan, dmz] = NETS[family]
  rules.snat.unshift(
    ...random.shuffled<Rule>([
      { match: { s: lan, o: random.pick(DEVICES) }, target: { kind: 'masquerade' } },
      { match: { s: dmz, o: random.pick(DEVICES) }, target: { kind: 'snat', to: random.pick([of.wan, of.lan]) } },
      { match: { o: random.pick(DEVICES) }, target: { kind: random.pick(['accept', 'return', 'masquerade']) } },
    ]),
  )
  for (const from of ['remote', 'pc', 'box']) sendings.unshift({ from, to: of.wan, what: 'tcp', port })
}
