/** Sets, maps and verdict maps. */
import type { Random } from '../../../kernel/generate/random.ts'
import type { BaseName, Draft, SetSpec } from '../draft.ts'
import { NETS, TCP_PORTS } from '../net.ts'
import type { Match, Rule, Target } from '../rule.ts'
import { insert } from './insert.ts'

const FILTERS: readonly BaseName[] = ['input', 'forward', 'user', 'out']

/** Addresses and ports in sets, in which some are missing and some are wrong. */
export function sets({ rules, sets: made, family, of, backend }: Draft, random: Random): void {
  const addresses = Object.values(of)
  const inet = family === 'ip' ? 'family inet' : 'family inet6'
  const address = family === 'ip' ? 'ipv4_addr' : 'ipv6_addr'
  const same = (list: readonly string[]) => list.map((one) => [one, one] as const)
  const kinds: readonly (SetSpec & { asks: (side: 's' | 'd') => Match })[] = [
    {
      name: 'hosts',
      ipset: `hash:ip ${inet}`,
      nft: address,
      elements: same(random.some(addresses, random.int(0, 4))),
      asks: (side) => asks('hosts', side),
    },
    {
      name: 'nets',
      ipset: `hash:net ${inet}`,
      nft: `${address}; flags interval`,
      elements: same(random.some(NETS[family], random.int(0, 2))),
      asks: (side) => asks('nets', side),
    },
    {
      name: 'ports',
      ipset: 'bitmap:port range 0-65535',
      nft: 'inet_service',
      elements: same(random.some(TCP_PORTS, random.int(0, 3)).map(String)),
      asks: () => ({
        protocol: 'tcp',
        more: { iptables: '-m set --match-set ports dst', nft: 'tcp dport @ports' },
      }),
    },
    {
      name: 'pairs',
      ipset: `hash:ip,port ${inet}`,
      nft: `${address} . inet_service`,
      elements: random
        .some(addresses, random.int(0, 3))
        .map((one) => [one, random.pick(TCP_PORTS)] as const)
        .map(([one, port]) => [`${one},tcp:${port}`, `${one} . ${port}`] as const),
      asks: () => ({
        protocol: 'tcp',
        more: {
          iptables: '-m set --match-set pairs dst,dst',
          nft: `${family} daddr . tcp dport @pairs`,
        },
      }),
    },
  ]
  const asks = (name: string, side: 's' | 'd'): Match => ({
    more: {
      iptables: `-m set --match-set ${name} ${side === 's' ? 'src' : 'dst'}`,
      nft: `${family} ${side === 's' ? 'saddr' : 'daddr'} @${name}`,
    },
  })
  const chosen = random.some(kinds, random.int(1, 3))
  made.push(...chosen)
  const accept = (): Target => ({
    kind: random.weighted([
      [3, 'accept'],
      [2, 'drop'],
    ] as const),
  })
  for (const name of random.some(FILTERS.slice(0, 3), 2))
    for (const kind of chosen)
      insert(rules[name], random, { match: kind.asks(random.pick(['s', 'd'])), target: accept() })
  if (random.chance(0.4)) rules.dnat.unshift({ match: chosen[0]!.asks('d'), target: { kind: 'dnat', to: of.box } })
  if (backend !== 'nft' || random.chance(0.4)) return
  const verdicts = random.some(TCP_PORTS, 3).map((port) => `${port} : ${random.pick(['accept', 'drop', 'jump user'])}`)
  insert(rules[random.pick(['input', 'forward'] as const)], random, other(`tcp dport vmap { ${verdicts.join(', ')} }`))
  const places = random.some(TCP_PORTS, 2).map((port) => `${port} : ${random.pick([of.pc, of.box])}`)
  if (random.chance(0.5))
    rules.dnat.push(other(`${family} daddr ${of.wan} dnat to tcp dport map { ${places.join(', ')} }`))
}

const other = (nft: string, iptables = ''): Rule => ({ match: {}, target: { kind: 'other', nft, iptables } })
