/** A bridge's own tables, before IP, beside it and behind it. The kernel has the last word in test/kernel/bridge-path.test.ts. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { open, type Packet } from '../../src/index.ts'

interface Listed {
  ifname: string
  address: string
  addr_info: object[]
}
/** Bridge br0 with ports pa and pb, as the kernel lists them; and another network at eth1. */
const links: Listed[] = JSON.parse(
  readFileSync(new URL('../../fixtures/analysis/bridge/calls-off/addr.json', import.meta.url), 'utf8'),
)
const OWN = links.find(({ ifname }) => ifname === 'br0')!.address
const eth1 = {
  ...{
    ifindex: 99,
    ifname: 'eth1',
    flags: ['BROADCAST', 'UP', 'LOWER_UP'],
    mtu: 1500,
    qdisc: 'noqueue',
    operstate: 'UP',
  },
  ...{ link_type: 'ether', address: '02:00:00:00:00:0c' },
  addr_info: [{ family: 'inet', local: '198.51.100.1', prefixlen: 24, scope: 'global', label: 'eth1' }],
}
const LINKS = JSON.stringify([...links, eth1])
const ROUTES = `local 192.0.2.1 dev br0 table local proto kernel scope host src 192.0.2.1
local 198.51.100.1 dev eth1 table local proto kernel scope host src 198.51.100.1
192.0.2.0/24 dev br0 proto kernel scope link src 192.0.2.1
198.51.100.0/24 dev eth1 proto kernel scope link src 198.51.100.1
`
const SYSCTLS = (calls: number) =>
  `net.bridge.bridge-nf-call-iptables = ${calls}\nnet.core.somaxconn = 4096\nnet.ipv4.icmp_echo_ignore_all = 0\nnet.ipv4.ip_forward = 1\n`

async function play(rules: string, packet: Packet, calls = 0) {
  const analysis = await open([
    { name: 'rules.nft', text: rules },
    { name: 'addr.json', text: LINKS },
    { name: 'routes', text: ROUTES },
    { name: 'sysctl', text: SYSCTLS(calls) },
  ])
  const { journeys } = analysis.simulate([packet])
  const { outcome, steps, findings } = journeys[0]!
  const last = steps.at(-1)
  const said = findings.map(({ message }) => message).join(' ')
  return { outcome, last: last && `${last.family} ${last.hook} ${last.in ?? ''}>${last.out ?? ''}`, said }
}

const chain = (hook: string, rule: string, family = 'bridge') =>
  `table ${family} t {\n\tchain c {\n\t\ttype filter hook ${hook} priority 0; policy accept;\n\t\t${rule}\n\t}\n}\n`

const OTHER = '02:00:00:00:99:02'
const toHost: Packet = { in: 'pa', src: '192.0.2.10', dst: '192.0.2.1', dport: 22, dstMac: OWN }
const through: Packet = { in: 'pa', src: '192.0.2.10', dst: '192.0.2.20', dport: 22, dstMac: OTHER }
const sent: Packet = { src: '192.0.2.1', dst: '192.0.2.20', dport: 22 }

describe('a frame traverses the tables of its bridge', () => {
  it.each([
    ['prerouting', toHost, 'pa>'],
    ['input', toHost, 'pa>'],
    ['prerouting', through, 'pa>'],
    ['forward', through, 'pa>pb'],
    ['postrouting', through, '>pb'],
    ['output', { ...sent, physOut: 'pb' }, '>pb'],
    ['postrouting', { ...sent, physOut: 'pb' }, '>pb'],
    // routed to the bridge's network
    ['output', { in: 'eth1', src: '198.51.100.9', dst: '192.0.2.20', dport: 22 }, '>'],
  ] as const)('%s %j', async (hook, packet, ports) => {
    const found = await play(chain(hook, 'tcp dport 22 drop'), packet)
    expect([found.outcome, found.last]).toEqual(['dropped', `bridge ${hook} ${ports}`])
  })

  it('and not those of IP, where the bridge does not call them, whatever interface it is said to come in by', async () => {
    const neighbours: Packet = { in: 'br0', src: '192.0.2.10', dst: '192.0.2.20', dport: 22 }
    const rules = chain('forward', 'drop', 'ip')
    for (const packet of [neighbours, { ...neighbours, physIn: 'pa' }]) {
      expect((await play(rules, packet)).outcome).toBe('forwarded')
      expect((await play(rules, packet, 1)).outcome).toBe('dropped')
      expect((await play(chain('forward', 'drop'), packet)).outcome).toBe('dropped')
    }
    // asked for as the gateway, this host routes it, also back out of the bridge
    expect((await play(rules, { ...neighbours, dstMac: OWN })).outcome).toBe('dropped')
    expect((await play(rules, { ...neighbours, src: '198.51.100.9' })).outcome).toBe('dropped')
  })

  it('not those of another hook', async () => {
    expect((await play(chain('forward', 'drop'), toHost)).outcome).toBe('delivered')
    expect((await play(chain('input', 'drop'), through)).outcome).toBe('forwarded')
    expect((await play(chain('output', 'drop'), through)).outcome).toBe('forwarded')
    expect((await play(chain('forward', 'drop'), sent)).outcome).toBe('sent')
  })

  it('knows the bridge by its ports, and no input bridge of what the host sends', async () => {
    expect((await play(chain('forward', 'meta ibrname "br0" meta obrname "br0" drop'), through)).outcome).toBe(
      'dropped',
    )
    expect((await play(chain('forward', 'meta ibrname "br1" drop'), through)).outcome).toBe('forwarded')
    const out = { ...sent, physOut: 'pb' }
    expect((await play(chain('output', 'meta obrname "br0" drop'), out)).outcome).toBe('dropped')
    expect((await play(chain('output', 'meta ibrname "br0" drop'), out)).outcome).toBe('sent')
  })

  it('rejects there, but no frame for many', async () => {
    expect((await play(chain('input', 'tcp dport 22 reject'), toHost)).outcome).toBe('rejected')
    const many = { ...through, in: 'pa', dstMac: 'ff:ff:ff:ff:ff:ff', dst: '192.0.2.255', protocol: 'udp', dport: 9 }
    expect((await play(chain('prerouting', 'udp dport 9 reject'), many)).outcome).toBe('dropped')
  })

  it('does not guess the port that the host sends by, or for whom a frame is', async () => {
    const { outcome, said } = await play(chain('output', 'oifname "pb" drop'), sent)
    expect([outcome, said]).toEqual(['undetermined', expect.stringContaining('the output interface is not known')])
    const beyond = { in: 'pa', src: '192.0.2.10', dst: '198.51.100.9', dport: 22 }
    expect((await play(chain('forward', 'drop'), beyond)).said).toContain('the destination MAC address')
    expect((await play(chain('forward', 'drop'), { ...beyond, dstMac: OWN })).outcome).toBe('forwarded')
    expect((await play(chain('forward', 'drop'), { ...beyond, dstMac: OTHER })).outcome).toBe('dropped')
  })
})

describe('chains of IP', () => {
  const rules = chain('forward', 'tcp dport 22 drop', 'ip')
  it('see what the bridge forwards where br_netfilter calls them', async () => {
    expect(await play(rules, through, 1)).toMatchObject({ outcome: 'dropped', last: 'ip forward br0>br0' })
    expect((await play(rules, through, 0)).outcome).toBe('forwarded')
  })

  it('see what the bridge took in either way, once', async () => {
    for (const calls of [0, 1]) {
      expect((await play(chain('prerouting', 'tcp dport 22 drop', 'ip'), toHost, calls)).last).toBe(
        'ip prerouting br0>',
      )
      expect((await play(chain('input', 'tcp dport 22 drop', 'ip'), toHost, calls)).last).toBe('ip input br0>')
    }
  })
})

describe('chains at a port', () => {
  const at = (hook: string, device: string) =>
    `table netdev n {\n\tchain c {\n\t\ttype filter hook ${hook} device "${device}" priority 0; policy accept;\n\t\ttcp dport 22 drop\n\t}\n}\n`
  it('see the frame first, and last', async () => {
    expect((await play(at('ingress', 'pa'), through)).last).toBe('netdev ingress pa>')
    expect((await play(at('egress', 'pb'), through)).last).toBe('netdev egress >pb')
    expect((await play(at('egress', 'pb'), { ...sent, physOut: 'pb' })).outcome).toBe('dropped')
    expect((await play(at('egress', 'pa'), { ...sent, physOut: 'pb' })).outcome).toBe('sent')
    expect((await play(at('ingress', 'br0'), toHost)).last).toBe('netdev ingress br0>')
    expect((await play(at('ingress', 'br0'), through)).outcome).toBe('forwarded')
  })

  it('may be any where the port is not known', async () => {
    expect((await play(at('egress', 'pb'), sent)).outcome).toBe('undetermined')
    expect((await play(at('ingress', 'pb'), { ...toHost, in: 'br0' })).outcome).toBe('undetermined')
  })
})

describe('a device that no listing has may be a bridge', () => {
  const unlisted = async (rules: string) => {
    const analysis = await open([
      { name: 'rules.nft', text: rules },
      { name: 'routes', text: ROUTES },
      { name: 'sysctl', text: SYSCTLS(0) },
    ])
    const { outcome, findings } = analysis.simulate([{ ...through, in: 'br0', out: 'eth1' }]).journeys[0]!
    return `${outcome} ${findings.map(({ message }) => message).join(' ')}`
  }

  it.each([
    chain('prerouting', 'ether type arp drop'),
    chain('forward', 'tcp dport 22 drop'),
    chain('postrouting', 'jump c2').replace('table bridge t {', 'table bridge t {\n\tchain c2 {\n\t}'),
  ])('%#: whether its tables see the packet is unknown', async (rules) => {
    expect(await unlisted(rules)).toMatch(/^undetermined .*bridge t c.* is a bridge is unknown \(no `ip addr` given\)/)
  })

  it.each([chain('forward', 'tcp dport 22 accept'), chain('forward', 'counter log')])(
    '%#: which does not matter where they stop nothing',
    async (rules) => {
      expect(await unlisted(rules)).toMatch(/^forwarded /)
    },
  )
})
