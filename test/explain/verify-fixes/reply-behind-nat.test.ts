/** nft has the chains of nat that somebody made: a packet is past nat only where one of them was on its way. */
import { expect, it } from 'vitest'
import { open } from '../../../src/index.ts'

const chain = (name: string, type: string, policy: string, rule: string) =>
  `\tchain ${name} {\n\t\ttype ${type}; policy ${policy};\n\t\t${rule}\n\t}\n`

const TRACING = `table inet tracing {\n${chain('prerouting', 'filter hook prerouting priority -350', 'accept', 'meta nftrace set 1 # handle 3')}}\n`
const FW = `table inet fw {\n${chain('forward', 'filter hook forward priority filter', 'drop', 'tcp dport 80 accept # handle 5')}}\n`
const nat = (hook: string, priority: string) =>
  `table ip nat {\n${chain('rewrites', `nat hook ${hook} priority ${priority}`, 'accept', 'tcp dport 1 accept # handle 7')}}\n`

const HEADERS = (devices: string) =>
  `packet: ${devices} ether saddr 02:00:00:00:00:01 ether daddr 02:00:00:00:00:02 ip saddr 10.0.1.2 ip daddr 10.0.2.2 ip dscp cs0 ip ecn not-ect ip ttl 64 ip id 1 ip length 60 udp sport 40003 udp dport 5353 udp length 40 @th,64,96 0x6e66`
const TRACE = [
  `inet tracing prerouting ${HEADERS('iif "eth0"')}`,
  'inet tracing prerouting rule meta nftrace set 1 # handle 3 (verdict continue)',
  'inet tracing prerouting policy accept',
  `inet fw forward ${HEADERS('iif "eth0" oif "eth1"')}`,
  'inet fw forward policy drop',
]
const ROUTES =
  '10.0.1.0/24 dev eth0 proto kernel scope link src 10.0.1.1\n10.0.2.0/24 dev eth1 proto kernel scope link src 10.0.2.1\n'
const ADDRESSES =
  '2: eth0    inet 10.0.1.1/24 scope global eth0\\       valid_lft forever preferred_lft forever\n3: eth1    inet 10.0.2.1/24 scope global eth1\\       valid_lft forever preferred_lft forever\n'

async function but(rules: string): Promise<string | undefined> {
  const files = {
    'trace.txt': TRACE.map((line) => `trace id 1a2b3c4d ${line} \n`).join(''),
    ruleset: TRACING + FW + rules,
    routes: ROUTES,
    addresses: ADDRESSES,
    sysctls: 'net.ipv4.ip_forward = 1\n',
    conntrack:
      'tcp 6 8 CLOSE src=10.0.1.9 dst=10.0.1.1 sport=1 dport=22 src=10.0.1.1 dst=10.0.1.9 sport=22 dport=1 use=1\n',
  }
  const analysis = await open(Object.entries(files).map(([name, text]) => ({ name, text })))
  const { exchanges } = await analysis.exchanges()
  const fixes = exchanges[0]!.findings.flatMap(({ fix }) => fix)
  const fix = fixes.find(({ description }) => description === 'accept such packets')
  expect(fix?.after).toBe('forwarded')
  return fix?.but
}

it('plays the reply to what no chain of nat was on the way of', async () => {
  expect(await but(nat('postrouting', 'srcnat'))).toBe('its reply would be dropped')
  // its connection is known, so nobody can tell whether it asks
  expect(await but(nat('prerouting', 'dstnat'))).toBeUndefined()
})
