/** Replies to what this host forwarded for another, which it keeps for itself. */
import { expect, it } from 'vitest'
import { open } from '../../src/index.ts'

const ADDRESSES = [
  { ifname: 'lxdbr0', local: '10.0.1.1', kind: 'bridge' },
  { ifname: 'enp5s0', local: '192.0.2.1', kind: 'veth' },
  { ifname: 'br0', kind: 'bridge' },
].map(({ ifname, local, kind }, i) => ({
  ...{
    ifindex: 2 + i,
    ifname,
    flags: ['UP'],
    mtu: 1500,
    operstate: 'UP',
    link_type: 'ether',
    linkinfo: { info_kind: kind },
  },
  addr_info: local ? [{ family: 'inet', local, prefixlen: 24 }] : [],
}))
const ROUTES = [
  '10.0.1.0/24 dev lxdbr0 proto kernel scope link src 10.0.1.1',
  '192.0.2.0/24 dev enp5s0 proto kernel scope link src 192.0.2.1',
  'local 10.0.1.1 dev lxdbr0 table local proto kernel scope host src 10.0.1.1',
  'local 192.0.2.1 dev enp5s0 table local proto kernel scope host src 192.0.2.1',
]
const RULES = `table inet fw {
	chain first { # handle 1
		type filter hook prerouting priority -310; policy accept;
		meta nftrace set 1 # handle 2
	}
	chain in { # handle 3
		type filter hook input priority filter; policy accept;
	}
	chain forward { # handle 4
		type filter hook forward priority filter; policy accept;
	}
	chain nat { # handle 5
		type nat hook postrouting priority srcnat; policy accept;
		ip saddr 10.0.1.0/24 ip daddr != 10.0.1.0/24 masquerade # handle 6
	}
}
`
const MASQUERADE = 'rule ip saddr 10.0.1.0/24 ip daddr != 10.0.1.0/24 masquerade # handle 6 (verdict accept)'

const packet = (devices: string, id: number, ttl: number, src: string, dst: string, tcp: string): string =>
  `packet: ${devices} ip saddr ${src} ip daddr ${dst} ip ttl ${ttl} ip id ${id} ip length 60 ${tcp} tcp window 64240 `
const SYN = 'tcp sport 40000 tcp dport 443 tcp flags == syn'
/** The request; the same behind the masquerade, which comes in again from the bridge at the other end of the uplink; the reply. */
const asked = (devices: string, ttl = 63) => packet(devices, 77, ttl, '10.0.1.2', '192.0.2.9', SYN)
const again = (devices: string) => packet(devices, 77, 63, '192.0.2.1', '192.0.2.9', SYN)
const back = (port: number) =>
  packet('iif "br0"', 0, 64, '192.0.2.9', '192.0.2.1', `tcp sport 443 tcp dport ${port} tcp flags == 0x12`)
const LINES = [
  ['a1', 'first', asked('iif "lxdbr0"', 64)],
  ['a1', 'first', 'policy accept '],
  ['a2', 'forward', asked('iif "lxdbr0" oif "enp5s0"')],
  ['a2', 'forward', 'policy accept '],
  ['a2', 'nat', asked('iif "lxdbr0" oif "enp5s0"')],
  ['a2', 'nat', MASQUERADE],
  ['b1', 'first', again('iif "br0"')],
  ['b1', 'first', 'policy accept '],
  ['b1', 'forward', again('iif "br0" oif "br0"')],
  ['b1', 'forward', 'policy accept '],
  ['b1', 'nat', again('oif "br0"')],
  ['b1', 'nat', 'policy accept '],
  ['c1', 'first', back(58_552)],
  ['c1', 'first', 'policy accept '],
  ['c2', 'in', back(40_000)],
  ['c2', 'in', 'policy accept '],
].map(([id, chain, line]) => `trace id ${id} inet fw ${chain} ${line}`)
const ENTRIES = [
  'tcp 6 117 SYN_SENT src=10.0.1.2 dst=192.0.2.9 sport=40000 dport=443 [UNREPLIED] src=192.0.2.9 dst=192.0.2.1 sport=443 dport=40000 mark=0 use=1',
  'tcp 6 7 CLOSE src=192.0.2.1 dst=192.0.2.9 sport=40000 dport=443 src=192.0.2.9 dst=192.0.2.1 sport=443 dport=58552 mark=0 use=1',
]

async function said(calls: string) {
  const inputs = Object.entries({
    ...{ trace: `${LINES.join('\n')}\n`, rules: RULES, 'ip-addr.json': JSON.stringify(ADDRESSES) },
    'ip-route4.txt': `${ROUTES.join('\n')}\n`,
    ...{ 'conntrack.txt': `${ENTRIES.join('\n')}\n`, 'sysctl.txt': `net.bridge.bridge-nf-call-iptables = ${calls}\n` },
  })
  const { exchanges } = await (await open(inputs.map(([name, text]) => ({ name, text })))).exchanges()
  const first = exchanges.find((one) => one.asked.src === '10.0.1.2')
  const told = first?.findings.find(({ severity }) => severity === 'error')
  return [first?.status, told?.code, told?.message, told?.fix.length]
}

const KEPT = 'This host keeps the reply to 192.0.2.1:58552: nat does not change its destination back to 10.0.1.2.'

it('says which second connection such a reply belongs to', async () => {
  expect(await said('1')).toEqual([
    'reply-lost',
    'bridge-nf-call',
    `${KEPT} The reply belongs to a second connection, which conntrack lists from 192.0.2.1:40000. Bridge br0 passed the forwarded request to the IP chains once more, because net.bridge.bridge-nf-call-iptables is 1, and nat rewrote it again.`,
    1,
  ])
})

it('says no more than that nat does not send it on where no bridge has done so', async () => {
  expect(await said('0')).toEqual(['reply-lost', 'wrong-way-out', KEPT, 0])
})
