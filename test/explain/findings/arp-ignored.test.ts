/** An interface without an address of its own, and a neighbour that finds no next hop there for its reply. */
import { describe, expect, it } from 'vitest'
import { fixCommands } from '../../../src/edits/fix.ts'
import { open } from '../../../src/index.ts'
import { trace } from '../../journey/kernel-lines.ts'

const LINK = (index: number, name: string, addresses: string) =>
  `${index}: ${name}: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 state UP\n    link/ether 02:00:00:00:00:0${index} brd ff:ff:ff:ff:ff:ff\n${addresses}`
const NO_ADDRESS = '    inet6 fe80::3/64 scope link\n'
const ON = { all: 1, veth1: 0, proxy: 0 }

interface Case {
  settings?: Partial<typeof ON>
  /** Of the interface that the packet left by. */
  addresses?: string
  replied?: boolean
  /** To another connection. */
  knows?: boolean
  tunnel?: boolean
}

async function told({
  settings = {},
  addresses = NO_ADDRESS,
  replied = false,
  knows = false,
  tunnel = false,
}: Case = {}) {
  const { all, veth1, proxy } = { ...ON, ...settings }
  const tuple = 'src=192.0.2.9 dst=10.20.0.5 sport=40000 dport=8080'
  const back = 'src=10.20.0.5 dst=192.0.2.9 sport=8080 dport=40000'
  const out = LINK(3, 'veth1', addresses)
  const files = {
    'trace.log': `[   10.000000] ${trace('filter:FORWARD:policy:1', { in: 'eth0', out: 'veth1', src: '192.0.2.9', dst: '10.20.0.5', sport: 40_000, dport: 8080 })}\n`,
    'rules.v4': '*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n',
    addresses: `${LINK(2, 'eth0', '    inet 192.0.2.1/24 scope global eth0\n')}${tunnel ? out.replace('link/ether 02:00:00:00:00:03 brd ff:ff:ff:ff:ff:ff', 'link/none') : out}`,
    routes:
      '192.0.2.0/24 dev eth0 proto kernel scope link src 192.0.2.1\n10.20.0.5 dev veth1 scope link\nlocal 192.0.2.1 dev eth0 table local proto kernel scope host src 192.0.2.1\n',
    sysctls: `net.ipv4.conf.all.arp_ignore = ${all}\nnet.ipv4.conf.veth1.arp_ignore = ${veth1}\nnet.ipv4.conf.all.proxy_arp = 0\nnet.ipv4.conf.veth1.proxy_arp = ${proxy}\n`,
    conntrack: `ipv4     2 tcp      6 100 ${replied ? 'ESTABLISHED' : 'SYN_SENT'} ${tuple} ${replied ? '' : '[UNREPLIED] '}${back} mark=0 use=1\n${knows ? `ipv4     2 tcp      6 100 ESTABLISHED ${tuple} ${back} mark=0 use=1\n`.replaceAll('40000', '40001') : ''}`,
  }
  const analysis = await open(Object.entries(files).map(([name, text]) => ({ name, text })))
  const { exchanges } = await analysis.exchanges()
  return exchanges[0]!.findings.find(({ code }) => code === 'neighbour-discovery-dropped')
}

describe('arp_ignore on an interface without an address', () => {
  it('is named where no reply came, and switched off', async () => {
    const found = (await told())!
    expect([found.severity, found.message]).toEqual([
      'note',
      'veth1 has no IPv4 address, and arp_ignore=1 keeps this host from replying there to ARP requests for addresses of its other interfaces. Unless 10.20.0.5 already knows the MAC address of its gateway, no reply can come back.',
    ])
    const { command, undo } = fixCommands(found.fix[0]!)
    expect([command, undo].map(String)).toEqual([
      'sysctl -w net.ipv4.conf.all.arp_ignore=0',
      'sysctl -w net.ipv4.conf.all.arp_ignore=1',
    ])
  })

  it("takes the larger of the interface's own setting and that of all", async () => {
    const { message, fix } = (await told({ settings: { all: 0, veth1: 2 } }))!
    expect(message).toContain('arp_ignore=2')
    expect(fix.map((one) => String(fixCommands(one).command))).toEqual(['sysctl -w net.ipv4.conf.veth1.arp_ignore=0'])
  })

  it('switches both off in one, where both are on', async () => {
    const { fix } = (await told({ settings: { all: 1, veth1: 1 } }))!
    expect(fix.map((one) => String(fixCommands(one).command))).toEqual([
      'sysctl -w net.ipv4.conf.all.arp_ignore=0 && sysctl -w net.ipv4.conf.veth1.arp_ignore=0',
    ])
  })

  it.each<[string, Case]>([
    ['the kernel replies for every address', { settings: { all: 0 } }],
    ['the interface has an address', { addresses: '    inet 10.20.0.1/24 scope global veth1\n' }],
    ['it stands in for others there', { settings: { proxy: 1 } }],
    ['a reply came', { replied: true }],
    ['the neighbour has replied before', { knows: true }],
    ['nobody asks by ARP', { tunnel: true }],
  ])('is not to blame where %s', async (_name, one) => {
    expect(await told(one)).toBeUndefined()
  })
})
