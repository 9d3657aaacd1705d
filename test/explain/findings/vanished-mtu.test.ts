/** Too long for the way out: the bit that forbids to fragment a packet stands in logs, and not in nft's trace. */
import { expect, test } from 'vitest'
import { explainFile, worldOf } from '../../journey/journeys.ts'

const RULES = `table inet f {
	chain pre {
		type filter hook prerouting priority -350; policy accept;
	}
	chain forward {
		type filter hook forward priority filter; policy accept;
	}
}
`
const ADDRESSES = `2: lan: <BROADCAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default qlen 1000
    inet 10.1.0.1/24 scope global lan
3: tun: <BROADCAST,UP,LOWER_UP> mtu 1300 qdisc noqueue state UP group default qlen 1000
    inet 10.9.0.1/24 scope global tun
`
const ROUTES = `local 10.1.0.1 dev lan table local proto kernel scope host src 10.1.0.1
local 10.9.0.1 dev tun table local proto kernel scope host src 10.9.0.1
10.1.0.0/24 dev lan proto kernel scope link src 10.1.0.1
10.9.0.0/24 dev tun proto kernel scope link src 10.9.0.1
`
const ping = (length: number) =>
  `trace id b7299805 inet f pre packet: iif "lan" ip saddr 10.1.0.2 ip daddr 10.9.0.2 ip ttl 64 ip id 0 ip protocol icmp ip length ${length} icmp type echo-request icmp code net-unreachable icmp id 3705 icmp sequence 1
trace id b7299805 inet f pre policy accept
trace id 00000002 inet f pre packet: iif "lan" ip saddr 10.1.0.2 ip daddr 10.9.0.2 ip ttl 64 ip id 1 ip protocol udp ip length 60 udp sport 1 udp dport 2 udp length 40
trace id 00000002 inet f pre policy accept
trace id 00000002 inet f forward packet: iif "lan" oif "tun" ip saddr 10.1.0.2 ip daddr 10.9.0.2 ip ttl 63 ip id 1 ip protocol udp ip length 60 udp sport 1 udp dport 2 udp length 40
trace id 00000002 inet f forward policy accept
`
const messages = (length: number) =>
  explainFile(ping(length), worldOf(RULES, ADDRESSES, ROUTES)).journeys[0]!.findings.flatMap(({ code, message }) =>
    code === 'vanished-mtu' ? [message] : [],
  )

test('a packet that is longer than the way takes vanished for that, though nobody saw the bit', () => {
  expect(messages(1428)).toEqual([
    'It is 1428 bytes long, but tun takes at most 1300 bytes: if it must not be fragmented, the kernel drops it and replies "fragmentation needed".',
  ])
  expect(messages(1300)).toEqual([])
})
