/** Packets of one neighbour for another come to this host, which answers ARP for both. */
import { expect, it } from 'vitest'
import { open } from '../../../src/index.ts'
import { trace } from '../../journey/kernel-lines.ts'

const RULES =
  '*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n-A FORWARD -s 198.51.100.0/24 -j DROP\nCOMMIT\n'
const address = (kind: string) => `2: eth0: <UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default qlen 1000
    link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff
${kind}    inet 192.0.2.3/24 scope global eth0
       valid_lft forever preferred_lft forever
`
const ROUTES =
  '192.0.2.0/24 dev eth0 proto kernel scope link src 192.0.2.3\nlocal 192.0.2.3 dev eth0 table local proto kernel scope host src 192.0.2.3\n'

async function told({ setting = 'eth0', value = 1, src = '192.0.2.9', kind = '', forwarding = 1 } = {}) {
  const asked = { in: 'eth0', out: 'eth0', src, dst: '192.0.2.100', sport: 40_000, dport: 80 }
  const files = {
    'trace.log': `[   10.000000] ${trace('filter:FORWARD:policy:2', asked)}\n`,
    'rules.v4': RULES,
    address: address(kind),
    routes: ROUTES,
    sysctl: `net.ipv4.conf.eth0.forwarding = ${forwarding}\nnet.ipv4.conf.all.proxy_arp_pvlan = ${setting === 'all' ? value : 0}\nnet.ipv4.conf.eth0.proxy_arp_pvlan = ${setting === 'eth0' ? value : 0}\n`,
  }
  const { exchanges } = await (await open(Object.entries(files).map(([name, text]) => ({ name, text })))).exchanges()
  return exchanges[0]!.findings.filter(({ code }) => code === 'wrong-way-out')
}

it('tells that this host does proxy ARP, and how it stops', async () => {
  const [found] = await told()
  expect(found?.message).toBe(
    'This host replies to ARP requests for 192.0.2.100 with its own MAC address (net.ipv4.conf.eth0.proxy_arp_pvlan=1). So 192.0.2.9 sends packets for 192.0.2.100 to this host, although both are neighbours on eth0.',
  )
  expect(found?.fix[0]?.edits).toEqual([{ kind: 'sysctl', name: 'net.ipv4.conf.eth0.proxy_arp_pvlan', value: '0' }])
})

it.each([
  ['it does not', { value: 0 }],
  ['only all interfaces have the setting, which older kernels do not ask', { setting: 'all' }],
  ['it does not forward, and replies for nobody then', { forwarding: 0 }],
  ['the sender is in another network', { src: '203.0.113.9' }],
  ['there is no ARP on the interface', { kind: '    wireguard \n' }],
])('does not where %s', async (_name, more) => {
  expect(await told(more)).toEqual([])
})
