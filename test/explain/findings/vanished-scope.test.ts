/** A link-local source means something on its own link alone. */
import { describe, expect, it } from 'vitest'
import { fixCommands } from '../../../src/edits/fix.ts'
import { explainFile, worldOf } from '../../journey/journeys.ts'

const ADDRESSES = `2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 state UP
    inet6 2001:db8:1::1/64 scope global
    inet6 fe80::1/64 scope link
3: br0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 state UP
    inet6 2001:db8:2::1/64 scope global
    inet6 fe80::2/64 scope link
`
const ROUTES = `2001:db8:1::/64 dev eth0 proto kernel metric 256 pref medium
2001:db8:2::/64 dev br0 proto kernel metric 256 pref medium
fe80::/64 dev eth0 proto kernel metric 256 pref medium
fe80::/64 dev br0 proto kernel metric 256 pref medium
local 2001:db8:1::1 dev eth0 table local proto kernel metric 0 pref medium
local 2001:db8:2::1 dev br0 table local proto kernel metric 0 pref medium
local fe80::1 dev eth0 table local proto kernel metric 0 pref medium
local fe80::2 dev br0 table local proto kernel metric 0 pref medium
`
const FORWARDS = 'net.ipv6.conf.all.forwarding = 1\n'
const SOCKETS = `Netid State  Recv-Q Send-Q Local Address:Port Peer Address:Port Process
tcp   LISTEN 0      128                 *:8080            *:*
`
const RULES = `table ip6 nat {
	chain pre { # handle 1
		type nat hook prerouting priority dstnat; policy accept;
		meta nftrace set 1 # handle 2
		tcp dport 8080 dnat to [2001:db8:2::2]:80 # handle 3
	}

	chain post { # handle 4
		type nat hook postrouting priority srcnat; policy accept;
		masquerade # handle 5
	}
}
table ip6 fw {
	chain forward { # handle 1
		type filter hook forward priority filter; policy accept;
	}

	chain out { # handle 2
		type filter hook output priority filter; policy accept;
	}
}
`
const traced = (id: number, src: string, dst: string, sport = 40000) => {
  const packet = `trace id ${id} ip6 nat pre packet: iif "eth0" ip6 saddr ${src} ip6 daddr ${dst} ip6 hoplimit 64 ip6 flowlabel 5 ip6 length 40 tcp sport ${sport} tcp dport 8080 tcp flags == syn`
  return `${packet}
trace id ${id} ip6 nat pre rule meta nftrace set 1 # handle 2 (verdict continue)
trace id ${id} ip6 nat pre rule tcp dport 8080 dnat to [2001:db8:2::2]:80 # handle 3 (verdict accept)
`
}
const explained = (trace: string, ...host: string[]) =>
  explainFile(trace, worldOf(RULES, ADDRESSES, ROUTES, FORWARDS, ...host))
const scopeOf = (trace: string, ...host: string[]) =>
  explained(trace, ...host).journeys[0]!.findings.find(({ code }) => code === 'vanished-scope')
const END = traced(9, '2001:db8:1::9', '2001:db8:1::1', 41000)

describe('vanished-scope', () => {
  it('names both links, the rule of nat, and the address that mends it', () => {
    const found = scopeOf(traced(1, 'fe80::9', 'fe80::1') + END)
    expect(found?.message).toMatch(
      /^ip6 nat pre handle 3 rewrote the destination to 2001:db8:2::2\. fe80::9 .* on eth0, .* br0/,
    )
    expect(found?.fix.map(({ description }) => description)).toEqual([
      'the sender must use a global address: connect to 2001:db8:1::1 instead of fe80::1',
    ])
  })

  it('exempts it from nat, where a program of this host listens there', () => {
    const fix = scopeOf(traced(1, 'fe80::9', 'fe80::1') + END, SOCKETS)?.fix.find(({ edits }) => edits)
    expect(String(fixCommands(fix!).command)).toMatch(
      /^nft insert rule ip6 nat pre handle 3 .*ip6 saddr fe80::9 .*accept/,
    )
  })

  it('asks for a global source, where the destination is global', () => {
    const found = scopeOf(traced(1, 'fe80::9', '2001:db8:1::1') + END)
    expect(found?.fix.map(({ description }) => description)).toEqual([
      'the sender must use a global address as its source: give it one',
    ])
  })

  it.each([
    ['its source is global', '2001:db8:1::9', RULES],
    ['it goes back to its link', 'fe80::9', RULES.replace('2001:db8:2::2', '2001:db8:1::7')],
  ])('is not told where %s', (_, src, rules) => {
    const trace = `${traced(1, src, 'fe80::1')}${END}`.replaceAll('2001:db8:2::2', /dnat to \[(.*)\]/.exec(rules)![1]!)
    const { journeys } = explainFile(trace, worldOf(rules, ADDRESSES, ROUTES, FORWARDS))
    expect(journeys[0]!.outcome).toBe('vanished')
    expect(journeys[0]!.findings.map(({ code }) => code)).not.toContain('vanished-scope')
  })
})
