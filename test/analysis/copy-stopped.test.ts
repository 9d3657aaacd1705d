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

async function codes(...lines: string[]): Promise<string[]> {
  const trace = lines.map((line) => `trace id ${line}\n`).join('')
  const analysis = await open([
    { name: 'rules.nft', text: RULES },
    { name: 'trace.txt', text: trace },
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
