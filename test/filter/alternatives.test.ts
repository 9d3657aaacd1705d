import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Atom, alternatives } from '../../src/filter/alternatives.ts'
import { iptablesMatches } from '../../src/filter/iptables-rule.ts'
import { nftMatches } from '../../src/filter/nft-rule.ts'
import { parseFilter } from '../../src/filter/parse.ts'
import type { Condition } from '../../src/model/condition.ts'
import type { Packet } from '../../src/model/packet.ts'
import { emptyWorld } from '../../src/model/world.ts'
import { evaluate } from '../../src/rules/evaluate.ts'
import { load } from '../kernel/iptables-tool.ts'
import { whyNot } from '../kernel/namespaces.ts'
import { loadNft } from '../kernel/nft-tool.ts'
import { share } from '../share.ts'
import { anyFilter } from './any-filter.ts'
import { familyOf } from './packets.ts'
import { truths } from './take.ts'

const conditionOf = (filter: string): Condition => {
  const result = parseFilter(filter)
  if ('error' in result) throw new Error(result.error.message)
  return result.condition
}
const nftOf = (filter: string) => alternatives(conditionOf(filter)).list.map(nftMatches)
const iptablesOf = (filter: string, family: 'ip' | 'ip6', chain: 'PREROUTING' | 'OUTPUT' = 'PREROUTING') =>
  alternatives(conditionOf(filter)).list.flatMap((atoms) =>
    iptablesMatches(atoms, family, chain).map((words) => words.join(' ')),
  )

describe('in nft', () => {
  test.each<[string, string[]]>([
    ['', ['']],
    ['tcp dst port 52000', ['meta l4proto 6 tcp dport 52000']],
    [
      'host 192.0.2.1 and tcp',
      ['meta nfproto ipv4 meta l4proto 6 ip saddr 192.0.2.1', 'meta nfproto ipv4 meta l4proto 6 ip daddr 192.0.2.1'],
    ],
    [
      'not net 192.0.2.0/24',
      ['meta nfproto != ipv4', 'meta nfproto ipv4 ip saddr != 192.0.2.0/24 ip daddr != 192.0.2.0/24'],
    ],
    ['syn and in eth+', ['meta l4proto 6 tcp flags & 23 == 2 meta iifname "eth*"']],
    // a quote cannot be written in nft: everything is taken, and looked at again later
    ['in a"b', ['']],
    ['udp and mark 5', ['meta l4proto 17']],
    ['out eth1', ['']],
    ['port 53', ['meta l4proto { 6, 17, 132 } th sport 53', 'meta l4proto { 6, 17, 132 } th dport 53']],
    ['ip and ip6', []],
  ])('%s', (filter, rules) => {
    expect(nftOf(filter)).toEqual(rules)
  })
})

describe('in iptables', () => {
  test.each<[string, string[], string[]]>([
    ['', [''], ['']],
    ['tcp dst port 52000', ['-p 6 -m tcp --dport 52000'], ['-p 6 -m tcp --dport 52000']],
    ['src host 192.0.2.1 and icmp', ['-p 1 -s 192.0.2.1'], []],
    ['not tcp', ['! -p 6'], ['! -p 6']],
    ['not dst port 80 and tcp', ['-p 6 -m tcp ! --dport 80'], ['-p 6 -m tcp ! --dport 80']],
    [
      'tcp and not port 80 and not src port 443',
      ['-p 6 -m tcp ! --sport 80 ! --dport 80'],
      ['-p 6 -m tcp ! --sport 80 ! --dport 80'],
    ],
    ['ip6 and syn', [], ['-p 6 -m tcp --tcp-flags FIN,SYN,RST,ACK SYN']],
  ])('%s', (filter, ip, ip6) => {
    expect(iptablesOf(filter, 'ip')).toEqual(ip)
    expect(iptablesOf(filter, 'ip6')).toEqual(ip6)
  })
  test('a device to come in by is none for packets of this host', () => {
    expect(iptablesOf('in eth0 and tcp', 'ip', 'PREROUTING')).toEqual(['-p 6 -i eth0'])
    expect(iptablesOf('in eth0 and tcp', 'ip', 'OUTPUT')).toEqual([])
  })
})

const packets: Packet[] = ['10.0.0.1', '192.168.1.5', '2001:db8::1'].flatMap((src) =>
  [22, 80, 443].flatMap((dport): Packet[] => [
    { src, dst: src.includes(':') ? 'fe80::1' : '10.0.0.2', protocol: 'tcp', sport: 40000, dport, tcpFlags: ['syn'] },
    { src, dst: src.includes(':') ? '::1' : '10.1.2.3', protocol: 'udp', sport: dport, dport: 53 },
    { src, dst: src.includes(':') ? '::1' : '10.1.2.3', protocol: 'esp' },
  ]),
)

const asCondition = (list: readonly (readonly Atom[])[]): Condition => ({
  kind: 'any',
  of: list.map((atoms) => ({
    kind: 'all',
    of: atoms.map(({ negated, ...atom }): Condition => {
      const compare: Condition = { kind: 'compare', op: '==', ...atom }
      return negated ? { kind: 'not', of: compare } : compare
    }),
  })),
})

test('alternatives take what the filter takes, and no more where nothing was left out', () => {
  let whole = 0
  fc.assert(
    fc.property(anyFilter(), (filter) => {
      const found = alternatives(conditionOf(filter))
      const world = emptyWorld()
      const wanted = truths(filter, packets)
      const got = packets.map((packet) =>
        evaluate(asCondition(found.list), { packet, family: familyOf(packet), world }),
      )
      if (found.whole) whole++
      for (const [i, truth] of wanted.entries()) {
        if (truth === true) expect(got[i]).toBe(true)
        else if (found.whole && truth === false) expect(got[i]).toBe(false)
      }
    }),
    { numRuns: share(300) },
  )
  expect(whole).toBeGreaterThan(share(300) / 3)
})

const notHere = whyNot('nft', 'iptables-legacy', 'ip6tables-nft')
test.skipIf(notHere)(
  `nft and iptables take every rule that is made${notHere ? `: ${notHere}` : ''}`,
  () => {
    const filters = [
      ...fc.sample(anyFilter(), { numRuns: share(200), seed: 1 }),
      'in eth+ and syn',
      'not (tcp or in lo)',
      'ipid 5',
      'seq 7',
      'icmpid 3',
    ]
    const [nft] = loadNft([
      `add table inet t\nadd chain inet t c\n${filters
        .flatMap(nftOf)
        .map((rule) => `add rule inet t c ${rule} counter\n`)
        .join('')}`,
    ])
    expect(nft).toEqual(expect.objectContaining({ plain: expect.stringContaining('counter') }))
    const jobs = (['ip', 'ip6'] as const).flatMap((family) =>
      (['legacy', 'nft'] as const).map((backend) => ({
        family,
        backend,
        text: `*raw\n${filters
          .flatMap((filter) => iptablesOf(filter, family))
          .map((words) => `-A PREROUTING ${words} -j ACCEPT\n`)
          .join('')}COMMIT\n`,
      })),
    )
    for (const answer of load(jobs)) if (typeof answer === 'string') throw new Error(answer)
  },
  60_000,
)
