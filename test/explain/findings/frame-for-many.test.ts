/** TCP takes only what came in a frame to this host alone, and nothing else is forwarded. */
import { expect, it } from 'vitest'
import { open } from '../../../src/index.ts'

const STATE = {
  'ip-addr.txt':
    '2: eth0    inet 192.0.2.11/24 brd 192.0.2.255 scope global eth0\n3: eth1    inet 198.51.100.1/24 scope global eth1\n',
  'ip-route4.txt':
    '192.0.2.0/24 dev eth0 proto kernel scope link src 192.0.2.11\n198.51.100.0/24 dev eth1 proto kernel scope link src 198.51.100.1\nlocal 192.0.2.11 dev eth0 table local proto kernel scope host src 192.0.2.11\nlocal 198.51.100.1 dev eth1 table local proto kernel scope host src 198.51.100.1\n',
  'sysctl.txt': 'net.ipv4.ip_forward = 1\nnet.ipv4.conf.all.rp_filter = 0\nnet.ipv4.conf.eth0.rp_filter = 0\n',
}
const GROUP = '01:00:5e:00:01:01'

interface Sent {
  mac?: string
  protocol?: 'tcp' | 'udp'
  dst?: string
  /** A rule in front of INPUT's. */
  rule?: string
}

async function told({ mac = GROUP, protocol = 'tcp', dst = '192.0.2.11', rule = '' }: Sent) {
  const rules = `table inet fw { # handle 2
	chain pre { # handle 1
		type filter hook prerouting priority -350; policy accept;
		meta nftrace set 1 # handle 3
${rule}	}

	chain input { # handle 2
		type filter hook input priority filter; policy drop;
		accept # handle 5
	}

	chain forward { # handle 6
		type filter hook forward priority filter; policy drop;
		accept # handle 7
	}
}
`
  const ports = protocol === 'tcp' ? 'tcp sport 40000 tcp dport 80 tcp flags == syn' : 'udp sport 40000 udp dport 80'
  const packet = `iif "eth0" ether saddr 02:00:00:00:00:02 ether daddr ${mac} ip saddr 192.0.2.2 ip daddr ${dst} ip ttl 64 ip id 7 ip protocol ${protocol} ip length 60 ${ports}`
  const lines = [
    `pre packet: ${packet}`,
    'pre rule meta nftrace set 1 # handle 3 (verdict continue)',
    'pre policy accept',
    ...(dst === '192.0.2.11' ? [`input packet: ${packet}`, 'input rule accept # handle 5 (verdict accept)'] : []),
  ]
  const trace = lines.map((line) => `trace id 0000000a inet fw ${line}\n`).join('')
  const inputs = Object.entries({ 'rules.nft': rules, 'trace.txt': trace, ...STATE })
  const analysis = await open(inputs.map(([name, text]) => ({ name, text })))
  const { exchanges } = await analysis.exchanges()
  const found = exchanges.flatMap(({ findings }) => findings)
  return {
    status: exchanges.map(({ status }) => status),
    said: found.filter(({ code }) => code === 'kernel-drop').map(({ message }) => message),
  }
}

const SAID = `its frame was sent to the multicast MAC address ${GROUP}`

it('TCP ignores what came in a frame for a group', async () => {
  const { status, said } = await told({})
  expect(status).toEqual(['lost'])
  expect(said).toEqual([expect.stringContaining(`${SAID}, and TCP ignores such frames.`)])
})

it('such frames are not forwarded', async () => {
  const { status, said } = await told({ dst: '198.51.100.9', protocol: 'udp' })
  expect(status).toEqual(['lost'])
  expect(said).toEqual([expect.stringContaining(`${SAID}, and the kernel does not forward such frames.`)])
})

it.each<[string, Sent]>([
  ['a datagram for this host', { protocol: 'udp' }],
  ['a frame for this host alone', { mac: '02:00:00:00:00:01' }],
  ['what a rule may have made one for this host', { rule: '\t\tmeta pkttype set unicast # handle 9\n' }],
])('nothing is said of %s', async (_name, sent) => {
  const { status, said } = await told(sent)
  expect(said).toEqual([])
  expect(status).not.toContain('lost')
})
