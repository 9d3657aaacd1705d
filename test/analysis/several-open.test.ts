/** Several things to change, where a reply may still come. */
import { expect, it } from 'vitest'
import { open } from '../../src/index.ts'
import { trace } from '../journey/kernel-lines.ts'

const RULES = `*nat
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -s 10.0.9.0/24 -o eth1 -j MASQUERADE
COMMIT
*filter
:FORWARD ACCEPT [0:0]
-A FORWARD -o eth1 -p tcp -m tcp --dport 443 -j DROP
-A FORWARD -i eth0 -j ACCEPT
COMMIT
`
const ADDRESSES = `2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default qlen 1000
    link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff
    inet 10.0.1.1/24 scope global eth0
3: eth1: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default qlen 1000
    link/ether 02:00:00:00:00:11 brd ff:ff:ff:ff:ff:ff
    inet 192.0.2.1/24 scope global eth1
`
const ROUTES = `default via 192.0.2.254 dev eth1
10.0.1.0/24 dev eth0 proto kernel scope link src 10.0.1.1
192.0.2.0/24 dev eth1 proto kernel scope link src 192.0.2.1
198.51.100.0/24 via 192.0.2.253 dev eth1
198.51.100.7 via 10.0.1.9 dev eth0
local 10.0.1.1 dev eth0 table local proto kernel scope host src 10.0.1.1
local 192.0.2.1 dev eth1 table local proto kernel scope host src 192.0.2.1
`

it('are told together, as a warning: of what left by the wrong way with a source that nobody knows', async () => {
  const asked = {
    in: 'eth0',
    out: 'eth0',
    src: '10.0.1.2',
    dst: '198.51.100.7',
    sport: 40_000,
    dport: 443,
    flags: 'SYN',
  }
  const files = {
    'trace.log': ['filter:FORWARD:rule:2', 'nat:POSTROUTING:policy:2']
      .map((point, i) => `[   10.00000${i}] ${trace(point, point.startsWith('nat') ? { ...asked, in: '' } : asked)}\n`)
      .join(''),
    'rules.v4': RULES,
    addresses: ADDRESSES,
    routes: ROUTES,
    conntrack:
      'tcp      6 119 SYN_SENT src=10.0.1.2 dst=198.51.100.7 sport=40000 dport=443 [UNREPLIED] src=198.51.100.7 dst=10.0.1.2 sport=443 dport=40000 mark=0 use=1\n',
    sysctl: 'net.netfilter.nf_conntrack_tcp_timeout_syn_sent = 120\nnet.ipv4.ip_forward = 1\n',
  }
  const { exchanges } = await (await open(Object.entries(files).map(([name, text]) => ({ name, text })))).exchanges()
  const { status, findings } = exchanges[0]!
  expect(status).toBe('undetermined')
  expect(findings[0]).toMatchObject({
    ...{ code: 'several-causes', severity: 'warning' },
    message:
      'It went the wrong way: it came in on eth0, and the route to 198.51.100.7/32 leads out of eth0 again, while the route to 198.51.100.0/24 leads out of eth1. filter FORWARD rule 1 stops it, too. Also, no rule rewrites its source.',
  })
  expect(findings[0]!.fix[0]?.after).toBe('forwarded')
})
