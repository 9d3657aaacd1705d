/** A rule that maps a network into another one (`dnat prefix to`) in the last line of a packet: where it goes is where that leads. */
import { describe, expect, it } from 'vitest'
import { explainFile, worldOf } from './journeys.ts'

const ADDRESSES = `1: lo    inet6 ::1/128 scope host
2: gnv    inet6 fd00:80::1/64 scope global
3: eth0    inet6 fd00:10:1::5/64 scope global
4: tunnel    inet6 fd00:99::1/64 scope global
5: lan    inet 10.1.0.1/24 scope global lan
6: wan    inet 192.0.2.1/24 scope global wan
`
const ROUTES = `fd00:10:1::/64 dev eth0 proto kernel metric 256 pref medium
fd00:80::/64 dev gnv proto kernel metric 256 pref medium
fd00:99::/64 dev tunnel proto kernel metric 256 pref medium
local fd00:10:1::5 dev eth0 table local proto kernel metric 0 pref medium
local fd00:80::1 dev gnv table local proto kernel metric 0 pref medium
10.1.0.0/24 dev lan proto kernel scope link src 10.1.0.1
192.0.2.0/24 dev wan proto kernel scope link src 192.0.2.1
local 10.1.0.1 dev lan table local proto kernel scope host src 10.1.0.1
local 192.0.2.1 dev wan table local proto kernel scope host src 192.0.2.1
`

describe('nft maps a prefix in prerouting', () => {
  const NFT = `table ip6 remap { # handle 1
	chain pre { # handle 1
		type nat hook prerouting priority dstnat; policy accept;
		iifname "gnv" ip6 daddr fd00:20:1::/64 dnat ip6 prefix to fd00:10:1::/64 # handle 3
	}
	chain fw { # handle 2
		type filter hook forward priority filter; policy accept;
	}
}
`
  const outcomes = (dst: string) =>
    explainFile(
      `trace id 1 ip6 remap pre packet: iif "gnv" ip6 saddr fd00:80::2 ip6 daddr ${dst} ip6 hoplimit 64 ip6 nexthdr tcp ip6 length 40 tcp sport 40000 tcp dport 80 tcp flags == syn
trace id 1 ip6 remap pre rule iifname "gnv" ip6 daddr fd00:20:1::/64 dnat prefix to fd00:10:1::/64 # handle 3 (verdict accept)
trace id 2 ip6 remap fw packet: iif "tunnel" oif "gnv" ip6 saddr fd00:99::2 ip6 daddr fd00:80::2 ip6 hoplimit 63 ip6 nexthdr tcp ip6 length 40 tcp sport 80 tcp dport 50000
trace id 2 ip6 remap fw policy accept
`,
      worldOf(NFT, ADDRESSES, ROUTES),
    ).journeys[0]!.outcome

  it("to this host's own address: no chain is missing", () => {
    expect(outcomes('fd00:20:1::5')).toBe('delivered')
  })

  it('to another host: the chain of forward is missing', () => {
    expect(outcomes('fd00:20:1::6')).toBe('vanished')
  })
})

it('nft maps one in output: to this host or on', () => {
  const rules = `table ip remap { # handle 1
	chain out { # handle 1
		type nat hook output priority -100; policy accept;
		ip daddr 10.9.0.0/24 dnat ip prefix to 10.1.0.0/24 # handle 3
	}
}
`
  const outcome = (dst: string) =>
    explainFile(
      `trace id 1 ip remap out packet: oif "wan" ip saddr 192.0.2.1 ip daddr ${dst} ip ttl 64 ip id 7 ip protocol tcp ip length 60 tcp sport 40000 tcp dport 80 tcp flags == syn
trace id 1 ip remap out rule ip daddr 10.9.0.0/24 dnat prefix to 10.1.0.0/24 # handle 3 (verdict accept)
trace id 2 ip remap out packet: oif "wan" ip saddr 192.0.2.1 ip daddr 203.0.113.1 ip ttl 64 ip id 8 ip protocol tcp ip length 60 tcp sport 40001 tcp dport 80 tcp flags == syn
trace id 2 ip remap out policy accept
`,
      worldOf(rules, ADDRESSES, ROUTES),
    ).journeys[0]!.outcome
  expect([outcome('10.9.0.1'), outcome('10.9.0.7')]).toEqual(['delivered', 'sent'])
})
