/** A guest with an address of another link's network, which a routing rule leads out of that link for a part of the world. */
import { describe, expect, it } from 'vitest'
import { fixCommands } from '../../../src/edits/fix.ts'
import { open } from '../../../src/index.ts'
import { trace } from '../../journey/kernel-lines.ts'

const RULES = `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -d 172.16.0.0/12 -j RETURN
-A POSTROUTING -s 10.0.0.0/16 -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
COMMIT
`
const ADDRESSES = [
  ['eth0', '10.0.0.10/24'],
  ['eth1', '10.0.1.10/24'],
  ['lxc1', '10.0.0.77/32'],
]
  .map(
    ([name, address], i) =>
      `${i + 2}: ${name}: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 state UP\n    link/ether 02:00:00:00:00:0${i} brd ff:ff:ff:ff:ff:ff\n    inet ${address} scope global ${name}\n`,
  )
  .join('')
const ROUTES = `default via 10.0.0.1 dev eth0
10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.10
10.0.1.0/24 dev eth1 proto kernel scope link src 10.0.1.10
10.0.1.50 dev lxc1 scope link
default via 10.0.1.1 dev eth1 table 11
`
const HALF = '111:\tfrom 10.0.1.50 to 10.0.0.0/16 lookup 11\n'
const BEFORE =
  'icmp     1 26 src=10.0.1.50 dst=10.0.0.1 type=8 code=0 id=86 src=10.0.0.1 dst=10.0.1.50 type=0 code=0 id=86 mark=0 use=1\n'

interface Case {
  rules?: string
  routes?: string
  state?: string
  dst?: string
}

async function told({ rules = HALF, routes = ROUTES, state = 'SYN_SENT', dst = '172.20.0.9' }: Case = {}) {
  const asked = { src: '10.0.1.50', dst, sport: 40_000, dport: 443 }
  const lines = [
    trace('nat:PREROUTING:policy:1', { ...asked, in: 'lxc1' }),
    trace('filter:FORWARD:policy:1', { ...asked, in: 'lxc1', out: 'eth0' }),
    trace('nat:POSTROUTING:rule:1', { ...asked, in: 'lxc1', out: 'eth0' }),
    trace('nat:POSTROUTING:policy:3', { ...asked, in: 'lxc1', out: 'eth0' }),
  ]
  const unreplied = state === 'SYN_SENT' ? '[UNREPLIED] ' : ''
  const files = {
    'trace.log': lines.map((line) => `[   10.000000] ${line}\n`).join(''),
    'rules.v4': RULES,
    addresses: ADDRESSES,
    routes,
    rulesOfRoutes: `0:\tfrom all lookup local\n20:\tfrom all to 10.0.1.50 lookup main\n${rules}32766:\tfrom all lookup main\n32767:\tfrom all lookup default\n`,
    neighbours:
      '10.0.0.1 dev eth0 lladdr 02:00:00:00:01:01 REACHABLE\n10.0.1.1 dev eth1 lladdr 02:00:00:00:01:02 REACHABLE\n',
    sysctls: 'net.ipv4.ip_forward = 1\nnet.ipv4.conf.all.proxy_arp = 0\nnet.ipv4.conf.eth1.proxy_arp = 0\n',
    conntrack: `${BEFORE}tcp      6 100 ${state} src=10.0.1.50 dst=${dst} sport=40000 dport=443 ${unreplied}src=${dst} dst=10.0.1.50 sport=443 dport=40000 mark=0 use=1\n`,
  }
  const analysis = await open(Object.entries(files).map(([name, text]) => ({ name, text })))
  const { exchanges } = await analysis.exchanges()
  return exchanges[0]!.findings
}

const wrongWay = async (one?: Case) => (await told(one)).find(({ code }) => code === 'wrong-way-out')

describe('a guest that a routing rule leads out of its own link for some destinations alone', () => {
  it('is said to have gone the other way with its source, and the rule serves this destination, too', async () => {
    const found = (await wrongWay())!
    expect([found.severity, found.message]).toEqual([
      'warning',
      'It left by eth0, through the default route of table main, with its own source 10.0.1.50, which is in the network of eth1 (10.0.1.0/24): the routers behind eth0 may drop that source. Routing rule 111 leads packets from 10.0.1.50/32 out of eth1 by table 11, but only to 10.0.0.0/16.',
    ])
    const [fix] = found.fix
    const { command, undo } = fixCommands(fix!)
    expect([String(command), String(undo), fix!.after, fix!.but]).toEqual([
      'ip rule add from 10.0.1.50/32 to 172.20.0.9/32 priority 111 table 11',
      'ip rule del from 10.0.1.50/32 to 172.20.0.9/32 priority 111 table 11',
      'forwarded',
      undefined,
    ])
  })

  it('leaves no command that would have its source rewritten', async () => {
    const skipped = (await told()).find(({ code }) => code === 'snat-skipped')
    expect(skipped?.fix).toEqual([])
    const alone = (await told({ rules: '' })).find(({ code }) => code === 'snat-skipped')
    expect(alone?.fix.length).toBeGreaterThan(0)
  })

  it.each<[string, Case]>([
    ['no rule is for its source', { rules: '111:\tfrom 10.0.1.51 to 10.0.0.0/16 lookup 11\n' }],
    ['the rule leads out of the same link', { routes: ROUTES.replace('10.0.1.1 dev eth1', '10.0.0.1 dev eth0') }],
    ['the internet, which replies to no private source by any link, is asked', { dst: '198.51.100.9' }],
    ['a reply came', { state: 'ESTABLISHED' }],
    ['another route than the default one leads there', { routes: `172.20.0.0/16 via 10.0.0.1 dev eth0\n${ROUTES}` }],
  ])('is not to blame where %s', async (_name, one) => {
    expect(await wrongWay(one)).toBeUndefined()
  })
})
