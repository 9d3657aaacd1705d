/** ICMP errors of this host's own: what it was to send on reached nobody, and whoever was asked has refused nothing. */
import { expect, test } from 'vitest'
import { open } from '../../src/index.ts'

const MAC = 'MAC=0e:7a:a2:f8:a8:6d:fa:af:da:29:44:80:08:00'
const syn = (dst: string, ttl: number) =>
  `SRC=203.0.113.9 DST=${dst} LEN=60 TOS=0x00 PREC=0x00 TTL=${ttl} ID=14283 DF PROTO=TCP SPT=40003 DPT=25565 SEQ=3821234770 ACK=0 WINDOW=64240 RES=0x00 SYN URGP=0`
const error = (src: string, type: number, code: number, link = 'IN= OUT=wan') =>
  `${link} SRC=${src} DST=203.0.113.9 LEN=88 TOS=0x00 PREC=0xC0 TTL=64 ID=55153 PROTO=ICMP TYPE=${type} CODE=${code} ${type === 5 ? 'GATEWAY=192.168.1.102 ' : ''}[${syn('192.168.1.102', 63)} ]`

const forwarded = (says: string[]) =>
  [
    `[ 1177.873041] TRACE: nat:PREROUTING:rule:1 IN=wan OUT= ${MAC} ${syn('203.0.113.1', 64)}`,
    `[ 1177.873097] TRACE: filter:FORWARD:rule:1 IN=wan OUT=lan ${MAC} ${syn('192.168.1.102', 63)}`,
    `[ 1177.873115] TRACE: nat:POSTROUTING:policy:1 IN=wan OUT=lan ${MAC} ${syn('192.168.1.102', 63)}`,
    ...says,
    '',
  ].join('\n')

const RULES = `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -d 203.0.113.1/32 -p tcp -m tcp --dport 25565 -j DNAT --to-destination 192.168.1.102:25565
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -p tcp -m tcp --dport 25565 -j ACCEPT
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
`
const ADDRESSES = `2: wan: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default qlen 1000
    link/ether 0e:7a:a2:f8:a8:6d brd ff:ff:ff:ff:ff:ff
    inet 203.0.113.1/24 scope global wan
3: lan: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default qlen 1000
    link/ether f6:13:7d:e0:3d:5f brd ff:ff:ff:ff:ff:ff
    inet 192.168.1.1/24 scope global lan
`
const ROUTES = `192.168.1.0/24 dev lan proto kernel scope link src 192.168.1.1
203.0.113.0/24 dev wan proto kernel scope link src 203.0.113.1
local 192.168.1.1 dev lan table local proto kernel scope host src 192.168.1.1
local 203.0.113.1 dev wan table local proto kernel scope host src 203.0.113.1
`
const HOST = [
  { name: 'iptables.rules', text: RULES },
  { name: 'ip-addr.txt', text: ADDRESSES },
  { name: 'ip-route.txt', text: ROUTES },
]
const SILENT = { name: 'ip-neigh.txt', text: '192.168.1.102 dev lan FAILED\n' }

async function told(trace: string, state: { name: string; text: string }[]) {
  const { exchanges } = await (await open([{ name: 'trace.log', text: trace }, ...state])).exchanges()
  const about = exchanges.find(({ asked }) => asked.protocol === 'tcp')!
  const findings = about.findings.filter(({ severity }) => severity !== 'note')
  return { status: about.status, findings: findings.map(({ code, message }) => `${code}: ${message}`), about }
}

const unreachable = (src = '203.0.113.1', code = 1) => [
  `[ 1180.944807] TRACE: filter:OUTPUT:policy:1 ${error(src, 3, code)}`,
]

test('what is sent on by DNAT to a host that is not there is lost: the address that was asked has not refused it', async () => {
  const { status, findings, about } = await told(forwarded(unreachable()), [...HOST, SILENT])
  expect(status).toBe('lost')
  expect(about.basis).toBe('observed')
  expect(findings).toEqual([
    'neighbour-failed: 192.168.1.102 on lan, to which nat PREROUTING rule 1 sends the packet, has not replied to ARP: its neighbour entry is FAILED.',
  ])
  expect(about.culprit?.chain).toBe('PREROUTING')
})

test('says so without the list of neighbours, too', async () => {
  const { status, findings } = await told(forwarded(unreachable()), HOST)
  expect(status).toBe('lost')
  expect(findings).toEqual([
    'neighbour-failed: This host did not reach the next hop to 192.168.1.102 on lan, and told the sender so (host unreachable): no ARP reply came, or, on a tunnel, no peer has the address.',
  ])
})

test('an error of a router behind is no refusal of this host, and one of whoever was asked is', async () => {
  const beyond = `[ 1178.1] TRACE: filter:FORWARD:rule:1 ${error('192.168.1.102', 3, 3, `IN=lan OUT=wan ${MAC}`)}`
  expect((await told(forwarded([beyond]), HOST)).status).toBe('refused')
})

test('a redirect names another way, and fails nothing', async () => {
  const redirect = `[ 1178.1] TRACE: filter:OUTPUT:policy:1 ${error('203.0.113.1', 5, 1)}`
  expect((await told(forwarded([redirect]), HOST)).status).toBe('undetermined')
})

/** nft's trace does not show what an error quotes. */
const nft = (code: string, to = '192.0.2.12') =>
  [
    'trace id b81ad69b ip own output packet: oif "wlan0" ip saddr 192.0.2.12 ip daddr 192.0.2.64 ip dscp cs0 ip ecn not-ect ip ttl 64 ip id 4623 ip length 60 tcp sport 40002 tcp dport 3389 tcp flags == syn tcp window 64240 ',
    'trace id b81ad69b ip own output policy accept ',
    `trace id 2f347b83 ip own output packet: oif "lo" ip saddr 192.0.2.12 ip daddr ${to} ip dscp cs6 ip ecn not-ect ip ttl 64 ip id 25427 ip length 88 icmp type destination-unreachable icmp code ${code} icmp id 0 icmp sequence 0 `,
    'trace id 2f347b83 ip own output policy accept ',
    '',
  ].join('\n')
const OWN = [
  {
    name: 'rules.nft',
    text: 'table ip own {\n\tchain output {\n\t\ttype filter hook output priority filter; policy accept;\n\t}\n}\n',
  },
  {
    name: 'ip-addr.txt',
    text: `2: wlan0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default qlen 1000
    link/ether 0e:7a:a2:f8:a8:6d brd ff:ff:ff:ff:ff:ff
    inet 192.0.2.12/24 scope global wlan0
`,
  },
  {
    name: 'ip-route.txt',
    text: '192.0.2.0/24 dev wlan0 proto kernel scope link src 192.0.2.12\nlocal 192.0.2.12 dev wlan0 table local proto kernel scope host src 192.0.2.12\n',
  },
]
const NEXT = { name: 'ip-neigh.txt', text: '192.0.2.64 dev wlan0 FAILED\n' }

test('an error that names nobody tells with a silent next hop that the packet was lost', async () => {
  expect((await told(nft('host-unreachable'), [...OWN, NEXT])).status).toBe('lost')
  // it may be about another packet
  expect((await told(nft('host-unreachable'), OWN)).status).toBe('undetermined')
  expect((await told(nft('host-unreachable', '192.0.2.13'), [...OWN, NEXT])).status).toBe('undetermined')
  expect((await told(nft('port-unreachable'), [...OWN, NEXT])).status).toBe('undetermined')
})
