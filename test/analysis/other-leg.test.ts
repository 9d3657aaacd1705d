/** A container of two networks may reply by the other one, where the reverse path filter waits. */
import { expect, test } from 'vitest'
import { open } from '../../src/index.ts'
import { trace } from '../journey/kernel-lines.ts'

const RULES = `*nat
:PREROUTING ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.1.0.5:80
COMMIT
*filter
:FORWARD ACCEPT [0:0]
COMMIT
`
const link = (index: number, ifname: string, more: object = {}, local?: string) => ({
  ...{ ifindex: index, ifname, flags: ['UP'], mtu: 1500, operstate: 'UP' },
  ...more,
  addr_info: local ? [{ family: 'inet', local, prefixlen: 24, scope: 'global' }] : [],
})
const port = (index: number, name: string, master: string, link_netnsid?: number) =>
  link(index, name, {
    master,
    linkinfo: { info_kind: 'veth' },
    ...(link_netnsid === undefined ? {} : { link_netnsid }),
  })
const bridge = (index: number, name: string, address: string) =>
  link(index, name, { linkinfo: { info_kind: 'bridge' } }, address)

const ROUTES = `local 192.0.2.1 dev eth0 table local proto kernel scope host src 192.0.2.1
10.0.0.0/24 dev br0 proto kernel scope link src 10.0.0.1
10.1.0.0/24 dev br1 proto kernel scope link src 10.1.0.1
192.0.2.0/24 dev eth0 proto kernel scope link src 192.0.2.1
`
const sysctls = (br0: number) =>
  `net.ipv4.conf.all.rp_filter = 0\nnet.ipv4.conf.br0.rp_filter = ${br0}\nnet.ipv4.conf.br1.rp_filter = 1\nnet.ipv4.ip_forward = 1\n`
const UNREPLIED =
  'tcp      6 117 SYN_SENT src=192.0.2.9 dst=192.0.2.1 sport=40000 dport=8080 [UNREPLIED] src=10.1.0.5 dst=192.0.2.9 sport=80 dport=40000 mark=0 use=1\n'

const ASKED = { in: 'eth0', src: '192.0.2.9', dst: '192.0.2.1', sport: 40_000, dport: 8080 }
const SENT = { ...ASKED, out: 'br1', dst: '10.1.0.5', dport: 80 }

async function said({ filter = 1, other = 1, conntrack = UNREPLIED, more = [] as object[] } = {}) {
  const lines = [
    trace('nat:PREROUTING:rule:1', ASKED),
    trace('filter:FORWARD:policy:1', SENT),
    trace('nat:POSTROUTING:policy:1', SENT),
  ]
  const links = [
    link(2, 'eth0', {}, '192.0.2.1'),
    ...[bridge(3, 'br0', '10.0.0.1'), bridge(4, 'br1', '10.1.0.1')],
    ...[port(5, 'veth0', 'br0', other), port(6, 'veth1', 'br1', 1), ...more],
  ]
  const analysis = await open(
    Object.entries({
      log: lines.map((line) => `[   10.000000] ${line}\n`).join(''),
      rules: RULES,
      links: JSON.stringify(links),
      routes: ROUTES,
      sysctls: sysctls(filter),
      conntrack,
    }).map(([name, text]) => ({ name, text })),
  )
  const [exchange] = (await analysis.exchanges()).exchanges
  return exchange!.findings.filter(({ code }) => code === 'vanished-rp-filter')
}

test('names the other interface of a namespace that was asked in vain', async () => {
  const [found] = await said()
  expect(found).toMatchObject({
    severity: 'note',
    message:
      'The network namespace with 10.1.0.5 is connected to br0 too. If the reply of 10.1.0.5 comes in on br0, the reverse path filter drops it: the route back to 10.1.0.5 leaves by br1 (rp_filter=1).',
  })
  const [fix] = found!.fix
  expect(fix).toMatchObject({ edits: [{ kind: 'sysctl', name: 'net.ipv4.conf.br0.rp_filter', value: '2' }] })
  expect(fix?.verified).toBeUndefined()
})

test('says nothing where the filter is loose, or off, or another namespace is there', async () => {
  expect(await said({ filter: 2 })).toEqual([])
  expect(await said({ filter: 0 })).toEqual([])
  expect(await said({ other: 2 })).toEqual([])
})

test('says nothing where the bridge leads to several namespaces, or a reply was seen', async () => {
  expect(await said({ more: [port(7, 'veth2', 'br1', 3)] })).toEqual([])
  expect(await said({ more: [port(7, 'veth2', 'br1')] })).toEqual([])
  const replied = UNREPLIED.replace(' [UNREPLIED]', '').replace('SYN_SENT', 'SYN_RECV')
  expect(await said({ conntrack: replied })).toEqual([])
})
