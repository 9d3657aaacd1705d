/** The connection is older than the rules. */
import { describe, expect, it } from 'vitest'
import type { Packet } from '../../../src/index.ts'
import { explainFile, worldOf } from '../../journey/journeys.ts'
import { entry, ROUTER } from '../../simulate/world.ts'
import { type Case, findingsOf, played, told } from './played.ts'

const UDP: Packet = { in: 'eth0', protocol: 'udp', src: '10.0.1.2', sport: 5000, dst: '10.0.1.1', dport: 53, ipId: 1 }
const DNAT = '-A PREROUTING -p udp -m udp --dport 53 -j DNAT --to-destination 10.0.2.9'
const flow = (src: string) =>
  entry({
    protocol: 'udp',
    original: { src: '10.0.1.2', dst: '10.0.1.1', sport: 5000, dport: 53 },
    reply: { src, dst: '10.0.1.2', sport: 53, dport: 5000 },
  })
const one = (src: string, rules: string[]): Case => ({
  rules: { raw: [], nat: rules, filter: ['-A FORWARD -p tcp -j DROP'] },
  packet: UDP,
  host: { conntrack: [flow(src)] },
})

describe('stale-conntrack', () => {
  it.each([
    ['rewrites it to another place', '10.0.2.8', [DNAT], 'rewrites its destination to 10.0.2.8:53'],
    ['leads elsewhere than the rule', '10.0.2.8', [DNAT], 'rule 1 would rewrite its destination to 10.0.2.9.'],
    ['leads elsewhere than any address of a range', '10.0.2.8', [`${DNAT}-10.0.2.12`], 'would rewrite it differently.'],
    ['leaves it as it is', '10.0.1.1', [DNAT], 'leaves its destination as it is'],
    ['rewrites it, and no rule does', '10.0.2.8', [], 'no rule would rewrite it'],
  ])('is an entry that %s', (_name, src, rules, words) => {
    const found = told(one(src, rules), 'stale-conntrack')
    expect(found?.message).toContain(words)
    expect(found?.fix).toMatch(
      /^conntrack -D -p udp --orig-src 10.0.1.2 --orig-dst 10.0.1.1 --orig-port-src 5000 --orig-port-dst 53 → /,
    )
  })

  it('names what its deletion breaks by protocol', () => {
    const noteOf = (protocol: string) => {
      const tracked = { ...flow('10.0.2.8'), protocol }
      const rules = { raw: [], nat: [DNAT.replaceAll('udp', protocol)], filter: [] }
      const packet: Packet = { ...UDP, protocol, ...(protocol === 'tcp' ? { tcpFlags: ['syn'] } : {}) }
      return findingsOf(played({ rules, packet, host: { conntrack: [tracked] } }), 'stale-conntrack')[0]?.fix[0]?.note
    }
    expect(noteOf('udp')).toBe('no undo needed: the next packet creates a new entry')
    expect(noteOf('tcp')).toBe('an open TCP connection breaks')
  })

  it('is an entry that leads to this host, where a filter stops the packet', () => {
    const leads = { ...one('10.0.1.1', [DNAT]), rules: { nat: [DNAT], filter: ['-P INPUT DROP'] } }
    expect(told(leads, 'stale-conntrack')?.fix).toMatch(/ → forwarded$/)
  })

  it.each([
    ['the entry does what the rules do', one('10.0.2.9', [DNAT])],
    ['neither rewrites it', one('10.0.1.1', [])],
    ['there is no entry', { ...one('10.0.2.8', [DNAT]), host: { conntrack: [] } }],
  ])('is not told where %s', (_name, case_) => {
    expect(told(case_, 'stale-conntrack')).toBeUndefined()
  })
})

/** To a host behind eth1, whose entry gives it a source. */
const leaving = (source: string, rule: string): Case => ({
  rules: { raw: [], nat: [rule], filter: [] },
  packet: { ...UDP, dst: '203.0.113.9' },
  host: {
    conntrack: [
      entry({
        protocol: 'udp',
        original: { src: '10.0.1.2', dst: '203.0.113.9', sport: 5000, dport: 53 },
        reply: { src: '203.0.113.9', dst: source, sport: 53, dport: 5000 },
      }),
    ],
  },
})

describe('an entry with the source of another uplink', () => {
  it.each([
    ['-A POSTROUTING -o eth1 -j SNAT --to-source 10.0.2.1', 'its source to 10.0.2.1'],
    ['-A POSTROUTING -o eth1 -j MASQUERADE', 'it differently'],
  ])('is told: %s', (rule, how) => {
    expect(told(leaving('192.0.2.1', rule), 'stale-conntrack')?.message).toContain(
      `gives it the source 192.0.2.1. For a new connection, nat POSTROUTING rule 1 would rewrite ${how}`,
    )
    expect(told(leaving('10.0.2.1', rule), 'stale-conntrack')).toBeUndefined()
  })
})

/** The entry was there before the tables of nat were. */
const beforeNat = (nat: string[], filter: string[] = [], more: Partial<Packet> = {}): Case => ({
  rules: { nat, filter },
  packet: { ...UDP, ...more },
  host: { conntrack: [{ ...flow('10.0.1.1'), status: ['unreplied'], isBeforeNat: true }] },
})

describe('a connection that is older than nat', () => {
  it('has a rule of nat that matches and changes nothing', () => {
    const found = told(beforeNat([DNAT], ['-P INPUT DROP']), 'stale-conntrack')
    expect(found).toMatchObject({ rules: ['nat PREROUTING rule 1'] })
    expect(found?.message).toContain('would rewrite its destination to 10.0.2.9. The kernel')
    expect(found?.fix).toMatch(/^conntrack -D -p udp .* → forwarded$/)
  })

  it('may be one that leaves', () => {
    const entry = {
      ...flow('10.0.2.2'),
      original: { src: '10.0.1.2', dst: '10.0.2.2', sport: 5000, dport: 53 },
      status: ['unreplied'],
    }
    const one = (rule: string, isBeforeNat = true): Case => ({
      rules: { nat: [`-A POSTROUTING -o eth1 -j ${rule}`], filter: ['-A FORWARD -p tcp -j DROP'] },
      packet: { ...UDP, dst: '10.0.2.2' },
      host: { conntrack: [{ ...entry, ...(isBeforeNat ? { isBeforeNat: true } : {}) }] },
    })
    for (const rule of ['MASQUERADE', 'SNAT --to-source 10.0.2.1'])
      expect(told(one(rule), 'stale-conntrack')?.message).toContain('would rewrite its source')
    expect(told(one('SNAT --to-source 10.0.1.2'), 'stale-conntrack')).toBeUndefined()
    // an entry that knows nat is told by what it does
    expect(told(one('MASQUERADE', false), 'stale-conntrack')?.message).toContain('leaves its source as it is')
  })

  it.each([
    ['the rule has rewritten it', { ...beforeNat([DNAT]), host: { conntrack: [] } }],
    ['the rule writes what is there', beforeNat([DNAT.replace('10.0.2.9', '10.0.1.1')], ['-P INPUT DROP'])],
    ['no rule of nat matches', beforeNat([DNAT.replace('--dport 53', '--dport 54')], ['-P INPUT DROP'])],
  ])('is none where %s', (_name, one) => {
    expect(told(one, 'stale-conntrack')).toBeUndefined()
  })
})

describe('stale-conntrack with nft', () => {
  const rules = (to: string) => `table inet gateway { # handle 1
	chain early { # handle 1
		type nat hook prerouting priority dstnat - 5; policy accept;
		ip saddr 10.0.1.77 accept # handle 4
	}
	chain pre { # handle 2
		type nat hook prerouting priority dstnat; policy accept;
		ip daddr 10.0.1.1 udp dport 53 dnat ip to ${to} # handle 5
	}
	chain forward { # handle 3
		type filter hook forward priority filter; policy accept;
	}
}
`
  const trace =
    'trace id 11112222 inet gateway forward packet: iif "eth0" oif "eth1" ip saddr 10.0.1.2 ip daddr 10.0.2.8 ip dscp cs0 ip ecn not-ect ip ttl 63 ip id 1 ip protocol udp ip length 60 udp sport 5000 udp dport 53 udp length 40\n' +
    'trace id 11112222 inet gateway forward policy accept\n'
  const conntrack =
    'udp      17 29 src=10.0.1.2 dst=10.0.1.1 sport=5000 dport=53 [UNREPLIED] src=10.0.2.8 dst=10.0.1.2 sport=53 dport=5000 mark=0 use=1\n'
  const traced =
    'trace id 11112222 inet t p packet: iif "eth0" ip saddr 10.0.1.2 ip daddr 10.0.1.1 ip dscp cs0 ip ecn not-ect ip ttl 64 ip id 1 ip protocol udp ip length 60 udp sport 5000 udp dport 53 udp length 40\n' +
    'trace id 11112222 inet t p policy accept\n'
  const table =
    'table inet t { # handle 9\n\tchain p { # handle 1\n\t\ttype filter hook prerouting priority -350; policy accept;\n\t}\n}\n'
  const codes = (to: string) =>
    explainFile(traced + trace, worldOf(table + rules(to), conntrack)).journeys.flatMap(({ findings }) =>
      findings.filter(({ code }) => code === 'stale-conntrack').map(({ rules }) => rules[0]?.handle),
    )

  it('names the rule that would rewrite it differently', () => expect(codes('10.0.2.9')).toEqual([5]))
  it('is not told where that rule does the same', () => expect(codes('10.0.2.8')).toEqual([]))
})

/** Masquerading shows an address of another interface where the way out has none. */
describe('stale-conntrack of what is masqueraded', () => {
  const found = (shown: string, addresses: { family: 'ip'; address: string; prefixLength: number }[]) => {
    const packet: Packet = { ...UDP, dst: '203.0.113.9' }
    const tracked = entry({
      protocol: 'udp',
      original: { src: '10.0.1.2', dst: '203.0.113.9', sport: 5000, dport: 53 },
      reply: { src: '203.0.113.9', dst: shown, sport: 53, dport: 5000 },
    })
    const links = ROUTER.links!.map((one) => (one.name === 'eth1' ? { ...one, addresses } : one))
    const rules = { nat: ['-A POSTROUTING -o eth1 -j MASQUERADE'], filter: [] }
    return told({ rules, packet, host: { links, conntrack: [tracked] } }, 'stale-conntrack')
  }
  const own = [{ family: 'ip', address: '10.0.2.1', prefixLength: 24 }] as const

  it('is not told of an address of another interface, where the way out has none', () => {
    expect(found('10.0.1.1', [])).toBeUndefined()
  })

  it.each([
    ['the way out has one of its own', '10.0.1.1', [...own]],
    ['it is no address of this host', '198.51.100.7', []],
  ])('is told where %s', (_name, shown, addresses) => {
    expect(found(shown, addresses)?.message).toContain('would rewrite it differently')
  })
})

describe('nat of both backends, at one priority', () => {
  const nft = (rule: string) =>
    `table ip nat { # handle 1\n\tchain PREROUTING { # handle 1\n\t\ttype nat hook prerouting priority dstnat; policy accept;\n\t\t${rule} # handle 2\n\t}\n}\ntable inet f { # handle 2\n\tchain forward { # handle 1\n\t\ttype filter hook forward priority filter; policy accept;\n\t\tmeta l4proto tcp drop # handle 2\n\t}\n}\n`
  const legacy = `# Generated by iptables-save v1.8.9 on Fri Nov 20 21:48:21 2026\n*nat\n:PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n${DNAT.replace('10.0.2.9', '10.0.2.8')}\nCOMMIT\n# Completed on Fri Nov 20 21:48:21 2026\n`
  const trace = `trace id 1 inet f forward packet: iif "eth0" oif "eth1" ip saddr 10.0.1.2 ip daddr 10.0.2.8 ip ttl 63 ip id 1 ip protocol udp ip length 60 udp sport 5000 udp dport 53\ntrace id 1 inet f forward policy accept\n`
  const codesOf = (...rulesets: string[]) => {
    const world = worldOf(...rulesets)
    Object.assign(world.host, ROUTER, { conntrack: [flow('10.0.2.8')] })
    const pre = trace
      .replaceAll('inet f forward', 'inet f pre')
      .replace(' oif "eth1"', '')
      .replace('10.0.2.8', '10.0.1.1')
      .replace('ttl 63', 'ttl 64')
    const { journeys } = explainFile(`${pre.split('\n')[0]}\n${trace}`, world)
    return journeys.flatMap(({ findings }) => findings.map(({ code }) => code))
  }

  it('tells nothing of an entry: either may have been the first', () => {
    const rule = 'udp dport 53 dnat to 10.0.2.9'
    expect(codesOf(nft(rule))).toContain('stale-conntrack')
    expect(codesOf(nft(rule), legacy)).not.toContain('stale-conntrack')
  })
})
