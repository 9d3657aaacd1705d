/** A balancer's backend on the link of its client answers it directly: the next connection goes to another backend. */
import { expect, it } from 'vitest'
import { fixCommands } from '../../../src/edits/fix.ts'
import { FOR_REPORTS } from '../../../src/model/for-reports.ts'
import { explainFile, worldOf } from '../../journey/journeys.ts'

// as a kernel traced it
const packet = (dst: string) =>
  `ip saddr 10.2.0.9 ip daddr ${dst} ip dscp cs0 ip ecn not-ect ip ttl 64 ip id 77 ip length 40 tcp sport 4001 tcp dport 80 tcp flags == syn tcp window 65000`
const trace = (to: string) => `trace id 5919c483 ip nat prerouting packet: iif "eth1" ${packet('10.2.0.1')}
trace id 5919c483 ip nat prerouting rule iifname "eth1" tcp dport 80 dnat to ${to} # handle 4 (verdict accept)
trace id 5919c483 ip nat postrouting packet: iif "eth1" oif "eth1" ${packet('10.2.0.2')}
trace id 5919c483 ip nat postrouting policy accept
`
const world = (to: string) =>
  worldOf(`table ip nat { # handle 1
	chain prerouting { # handle 1
		type nat hook prerouting priority dstnat; policy accept;
		iifname "eth1" tcp dport 80 dnat to ${to} # handle 4
	}
	chain postrouting { # handle 2
		type nat hook postrouting priority srcnat; policy accept;
		oifname "eth0" masquerade # handle 5
	}
}
`)
const ADDRESSES = `3: eth1@if2: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default qlen 1000
    link/ether 9e:25:95:d5:4a:9b brd ff:ff:ff:ff:ff:ff
    inet 10.2.0.1/24 scope global eth1
       valid_lft forever preferred_lft forever
`
const found = (to: string, asked: string) => {
  const { tables, sets } = world(to)
  const [journey] = explainFile(trace(to), { tables, sets, host: worldOf(ADDRESSES).host }).journeys
  return journey!.findings.find(({ code }) => code === asked)
}
const fixFor = (to: string): string | undefined => {
  const [fix] = found(to, 'not-masqueraded')?.fix ?? []
  return fix && String(fixCommands(fix).command)
}
const START = 'nft add rule ip nat postrouting ip saddr 10.2.0.9'

it.each([
  'numgen inc mod 2 map { 0 : 10.2.0.2, 1 : 10.2.0.3 }',
  'jhash ip saddr . tcp sport mod 2 map { 0 : 10.2.0.2, 1 : 10.2.0.3 }',
])('is masqueraded for every backend: %s', (to) => {
  expect(fixFor(to)).toMatch(new RegExp(`^${START} oifname eth1 ct status dnat masquerade`))
})

it('is masqueraded for the only one', () => {
  expect(fixFor('10.2.0.2')).toMatch(new RegExp(`^${START} ip daddr 10.2.0.2 oifname eth1 masquerade`))
})

it('has no rule for an uplink to blame: its backend replies past this host', () => {
  const near = found('10.2.0.2', 'near-miss')
  expect(near?.message).toContain('only matches oifname "eth0"')
  expect(near?.[FOR_REPORTS]?.isAtOtherLink).toBeUndefined()
})
