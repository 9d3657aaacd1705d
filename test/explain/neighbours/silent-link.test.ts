/** Why a neighbour does not reply, as far as the list of interfaces tells. */
import { expect, it } from 'vitest'
import { fixCommands } from '../../../src/edits/fix.ts'
import { linkHint, ownPortHint } from '../../../src/explain/neighbours/silent-link.ts'
import type { Host, Link } from '../../../src/index.ts'
import { printCommand } from '../../../src/model/command.ts'
import { readIpAddrJson } from '../../../src/read/host/ip-addr-json-reader.ts'
import { readIpAddrText } from '../../../src/read/host/ip-addr-text-reader.ts'

const BRIDGE: Link = { name: 'docker0', kind: 'bridge', addresses: [] }
const veth = (name: string, more: Partial<Link> = {}): Link => ({
  ...{ name, kind: 'veth', peerNamespace: '0', addresses: [] },
  ...more,
})
const PORT = veth('veth2', { master: 'docker0' })
const hint = (links: Link[], out = 'docker0', more: Host = {}) => linkHint({ links, ...more }, out, '172.17.0.2')

it("names the host's end of a container's link that is a port of no bridge", () => {
  const { words, fix } = hint([BRIDGE, PORT, veth('veth1')])!
  expect(words).toBe(
    ' veth1 is not a port of any bridge. If veth1 leads to 172.17.0.2, docker0 cannot reach 172.17.0.2.',
  )
  expect(fix.map(({ description }) => description)).toEqual([
    'if veth1 leads to 172.17.0.2: ip link set veth1 master docker0',
  ])
  expect(hint([BRIDGE, veth('veth1'), veth('veth3')])?.words).toContain('veth1, veth3 are not ports of any bridge')
})

it.each<[string, Partial<Link>, Host?]>([
  ['is down', { up: false }],
  ['has an address', { addresses: [{ family: 'ip', address: '10.0.0.1', prefixLength: 24, scope: 'global' }] }],
  ['has its other end in this namespace', { peerNamespace: undefined as never }],
  [
    'has a route',
    {},
    { routes: [{ family: 'ip', type: 'unicast', destination: '10.1.0.5/32', table: 'main', device: 'veth1' }] },
  ],
])('names none that %s', (_name, more, host) => {
  expect(hint([BRIDGE, PORT, veth('veth1', more)], 'docker0', host)).toBeUndefined()
})

it('names none where the neighbour is behind another interface than a bridge', () => {
  expect(hint([veth('eth0'), veth('veth1')], 'eth0')).toBeUndefined()
})

it('names a queue that can drop, and a promiscuous interface that may have a macvlan', () => {
  const { words, fix } = hint([{ ...BRIDGE, qdisc: 'htb' }, veth('veth1')])!
  expect(words).toBe(
    ' Interface docker0 has the qdisc htb. It can drop packets, also those of ARP and neighbour discovery.',
  )
  expect(printCommand(fix[0]!.look!)).toBe('tc -s qdisc show dev docker0')
  expect(hint([veth('eth0', { promiscuous: true })], 'eth0')?.words).toContain('may be the parent of a macvlan')
  expect(hint([veth('eth0', { promiscuous: true, master: 'br0' })], 'eth0')).toBeUndefined()
})

it('reads both from either form of ip -d addr', () => {
  const text = `2: eth0: <UP> mtu 1500 qdisc htb state UP group default qlen 1000
    link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff promiscuity 1  allmulti 0 minmtu 68
3: eth1: <UP> mtu 1500 qdisc fq_codel state UP group default qlen 1000
    link/ether 02:00:00:00:00:02 brd ff:ff:ff:ff:ff:ff promiscuity 0  allmulti 0 minmtu 68
`
  const json = ['htb', 'fq_codel'].map((qdisc, i) => ({ ifindex: i + 2, ifname: `eth${i}`, qdisc, promiscuity: 1 - i }))
  for (const { host } of [readIpAddrText(text, fail), readIpAddrJson(JSON.stringify(json), fail)])
    expect(host?.links?.map(({ qdisc, promiscuous }) => [qdisc, promiscuous])).toEqual([
      ['htb', true],
      [undefined, undefined],
    ])
})

const fail = () => {
  throw new Error('not understood')
}

it('names the bridge that receives what comes in by its port, and gives it the way to that neighbour alone', () => {
  const port = veth('eth0', {
    master: 'docker0',
    addresses: [{ family: 'ip', address: '192.0.2.1', prefixLength: 24, scope: 'global' }],
  })
  const route = { family: 'ip', type: 'unicast', destination: '192.0.2.0/24', table: 'main', device: 'eth0' } as const
  const { words, fix } = ownPortHint({ links: [BRIDGE, port] }, { ...route, source: '192.0.2.1' }, 'eth0', '192.0.2.2')!
  expect(words).toBe(
    ' eth0 is a port of docker0, and has the address 192.0.2.1/24: every frame that comes in by eth0 is received by docker0, so eth0 itself gets no reply.',
  )
  expect(fix.map((one) => (one.edits ? String(fixCommands(one).command) : one.description))).toEqual([
    'ip route add 192.0.2.2/32 dev docker0 src 192.0.2.1',
    'move 192.0.2.1/24 from eth0 to docker0, also in the network configuration',
  ])
  // the router's own route would have to go by the bridge as well
  expect(
    ownPortHint({ links: [BRIDGE, port] }, { ...route, gateway: '192.0.2.254' }, 'eth0', '192.0.2.254')!.fix,
  ).toHaveLength(1)
  expect(ownPortHint({ links: [{ ...BRIDGE, kind: 'bond' }, port] }, route, 'eth0', '192.0.2.2')).toBeUndefined()
  expect(ownPortHint({ links: [BRIDGE, veth('eth0')] }, route, 'eth0', '192.0.2.2')).toBeUndefined()
})
