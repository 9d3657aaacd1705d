/** A broadcast that a bridge hands to its host and to its other ports: what stops one copy is told, and not that no rule stopped it. */
import { expect, it } from 'vitest'
import { open } from '../../src/index.ts'

const RULES = `table inet tracing { # handle 1
	chain prerouting { # handle 1
		type filter hook prerouting priority -350; policy accept;
		meta nftrace set 1 # handle 3
	}
}
table bridge incus { # handle 2
	chain in.vm5.eth0 { # handle 1
		type filter hook input priority -200; policy accept;
		iifname "vm5" ip saddr 0.0.0.0 ip daddr 255.255.255.255 udp dport 67 accept # handle 3
	}
	chain fwd.vm5.eth0 { # handle 2
		type filter hook forward priority -200; policy accept;
		iifname "vm5" ether type ip drop # handle 11
	}
}
`
const HEADERS =
  'ether saddr ee:b1:07:3c:1e:54 ether daddr ff:ff:ff:ff:ff:ff ip saddr 0.0.0.0 ip daddr 255.255.255.255 ip ttl 64 ip id 7 ip protocol udp ip length 48 udp sport 68 udp dport 67 udp length 28'
const HERE = [
  `02b859ef bridge incus in.vm5.eth0 packet: iif "vm5" ${HEADERS}`,
  '02b859ef bridge incus in.vm5.eth0 rule iifname "vm5" ip saddr 0.0.0.0 ip daddr 255.255.255.255 udp dport 67 accept # handle 3 (verdict accept)',
  `02b859ef inet tracing prerouting packet: iif "br20" ${HEADERS}`,
  '02b859ef inet tracing prerouting rule meta nftrace set 1 # handle 3 (verdict continue)',
  '02b859ef inet tracing prerouting policy accept',
]
const ON = [
  `6aabccd9 bridge incus fwd.vm5.eth0 packet: iif "vm5" oif "uplink" ${HEADERS}`,
  '6aabccd9 bridge incus fwd.vm5.eth0 rule iifname "vm5" ether type ip drop # handle 11 (verdict drop)',
]

const codes = (...lines: string[]): Promise<string[]> =>
  codesOf(RULES, lines.map((line) => `trace id ${line}\n`).join(''))

async function codesOf(rules: string, trace: string): Promise<string[]> {
  const analysis = await open([
    { name: 'rules', text: rules },
    { name: 'trace', text: trace },
  ])
  const { exchanges } = await analysis.exchanges()
  return exchanges.flatMap(({ findings }) => findings.map(({ code }) => code))
}

it('is told by the rule that stopped the other copy', async () => {
  expect(await codes(...HERE)).toContain('not-netfilter')
  const both = await codes(...HERE.slice(2), ...ON, ...HERE.slice(0, 2))
  expect(both).toContain('dropped-by-rule')
  expect(both).not.toContain('not-netfilter')
})

it('is not said of a packet for one host, of which the first transmission was stopped', async () => {
  const rules = `*filter
:INPUT DROP [0:0]
-A INPUT -p tcp -m tcp --dport 443 -m limit --limit 1/sec -j ACCEPT
COMMIT
`
  const line = (seconds: number, where: string): string =>
    `[   ${seconds}.100000] TRACE: filter:INPUT:${where} IN=eth0 OUT= MAC=02:00:00:00:00:01:02:00:00:00:00:09:08:00 SRC=203.0.113.9 DST=10.1.0.1 LEN=60 TOS=0x00 PREC=0x00 TTL=63 ID=${seconds} DF PROTO=TCP SPT=40000 DPT=443 SEQ=1 ACK=0 WINDOW=64240 RES=0x00 SYN URGP=0 \n`
  const found = await codesOf(rules, line(10, 'policy:2') + line(11, 'rule:1'))
  expect(found).toContain('dropped-by-policy')
  expect(found).toContain('not-netfilter')
})
