/** A router on the way, or whoever was asked, says no, and the trace of its error does not show of which packet. */
import { expect, test } from 'vitest'
import { open, printReport } from '../../src/index.ts'

const ADDRESS = '2: eth0    inet 192.0.2.20/24 scope global eth0\\       valid_lft forever preferred_lft forever\n'
const LOCAL = 'local 192.0.2.20 dev eth0 table local proto kernel scope host src 192.0.2.20\n'
const LINK = '192.0.2.0/24 dev eth0 proto kernel scope link src 192.0.2.20\n'
const RULES = `table inet filter {
  chain input { # handle 1
    type filter hook input priority filter; policy accept;
    ct state related accept # handle 3
  }
  chain output { # handle 2
    type filter hook output priority filter; policy accept;
  }
}
`
const ENTRY =
  'udp      17 29 src=192.0.2.20 dst=10.50.7.2 sport=40000 dport=5540 [UNREPLIED] src=10.50.7.2 dst=192.0.2.20 sport=5540 dport=40000 mark=0 use=1\n'

async function findings(
  routes: string,
  { by = '192.0.2.1', code = 'net-unreachable', eth1 = '', iif = 'eth0', status = 'lost', dnat = '' } = {},
) {
  const asked = dnat === '' ? '10.50.7.2' : '10.96.0.9'
  const header = (chain: string, dst: string) =>
    `trace id 0000000a inet ${chain} packet: oif "eth0" ip saddr 192.0.2.20 ip daddr ${dst} ip dscp cs0 ip ecn not-ect ip ttl 64 ip id 1 ip protocol udp ip length 60 udp sport 40000 udp dport 5540 udp length 40\n`
  const rewritten = `${header('nat output', asked)}trace id 0000000a inet nat output rule ${dnat} # handle 2 (verdict accept)\n`
  const trace = `${dnat === '' ? '' : rewritten}${header('filter output', '10.50.7.2')}trace id 0000000a inet filter output policy accept
trace id 0000000b inet filter input packet: iif "${iif}" ip saddr ${by} ip daddr 192.0.2.20 ip dscp cs6 ip ecn not-ect ip ttl 64 ip id 2 ip protocol icmp ip length 88 icmp type destination-unreachable icmp code ${code}
trace id 0000000b inet filter input rule ct state related accept # handle 3 (verdict accept)
`
  const nat = `table inet nat {
  chain output { # handle 1
    type nat hook output priority -100; policy accept;
    ${dnat} # handle 2
  }
}
`
  const entry = ENTRY.replace('dst=10.50.7.2', `dst=${asked}`)
  const files = {
    trace,
    rules: dnat === '' ? RULES : RULES + nat,
    entry,
    addresses: ADDRESS + eth1,
    routes: LOCAL + LINK + routes,
  }
  const analysis = await open(Object.entries(files).map(([name, text]) => ({ name, text })))
  const exchange = (await analysis.exchanges()).exchanges.find(({ asked: { dport } }) => dport === 5540)
  expect(exchange?.status).toBe(status)
  expect(exchange!.findings.map((one) => one.code)).not.toContain('not-netfilter')
  const { groups, ending } = await analysis.groups()
  if (eth1 === '' && iif !== 'lo')
    expect(printReport('text', groups, ending)).toMatch(/cause +An ICMP error came back: #2\. [\d.]+ replied "/)
  return exchange!.findings
}

const told = async (...given: Parameters<typeof findings>) =>
  (await findings(...given)).find((one) => one.code === 'refused-there')?.message

const said = (what: string, by = '192.0.2.1') => `${by} replied "${what}", most likely to this packet.`

test('the error and the router are named, and that it is the next hop of the route taken', async () => {
  expect(await told('default via 192.0.2.1 dev eth0\n')).toBe(
    `${said('network unreachable')} 192.0.2.1 is the next hop of the default route here. If another router leads to 10.50.7.2, the route through that router is missing.`,
  )
  expect(await told('10.50.0.0/16 via 192.0.2.1 dev eth0\n')).toContain('next hop of the route to 10.50.0.0/16 here')
})

test('of a router further on, or on the network of the destination, nothing is said of routes here', async () => {
  expect(await told('default via 192.0.2.254 dev eth0\n')).toBe(said('network unreachable'))
  expect(await told('default via 192.0.2.1 dev eth0\n', { code: 'host-unreachable' })).toBe(said('host unreachable'))
  expect(await told('default via 192.0.2.1 dev eth0\n', { by: '198.51.100.1' })).toBe(
    said('network unreachable', '198.51.100.1'),
  )
})

test('whoever was asked is up: a firewall there says so, or that host passes it on', async () => {
  const [by, status] = ['10.50.7.2', 'refused']
  const saidBy = (code: string) => told('default via 192.0.2.1 dev eth0\n', { by, code, status })
  const firewall = 'a firewall rejects the packet, there or on a host that it forwards to'
  const further = `a firewall there rejects the packet, or that host forwards it to an address that it cannot reach`
  const itself = (what: string, why: string) => `10.50.7.2 replied "${what}", most likely to this packet: ${why}.`
  expect(await saidBy('host-unreachable')).toBe(itself('host unreachable', further))
  expect(await saidBy('net-unreachable')).toBe(itself('network unreachable', further))
  expect(await saidBy('admin-prohibited')).toBe(itself('prohibited', firewall))
  expect(await saidBy('host-prohibited')).toBe(itself('host prohibited', firewall))
})

test('whoever this host itself sent it to by DNAT is the one that was asked', async () => {
  const [by, status, dnat] = ['10.50.7.2', 'refused', 'ip daddr 10.96.0.9 dnat ip to 10.50.7.2']
  const message = await told('default via 192.0.2.1 dev eth0\n', { by, code: 'host-prohibited', status, dnat })
  expect(message).toContain(
    '10.50.7.2 replied "host prohibited", most likely to this packet: a firewall rejects the packet',
  )
})

test('it is a guess, and asks for nothing to be done beside what tells why the packet went to that router', async () => {
  const eth1 = '3: eth1    inet 10.50.0.1/16 scope global eth1\\       valid_lft forever preferred_lft forever\n'
  const found = await findings('10.50.0.0/16 dev eth1 scope link\n10.50.7.2 via 192.0.2.1 dev eth0\n', { eth1 })
  expect(found.map(({ severity, code }) => `${severity} ${code}`)).toEqual([
    'note refused-there',
    'warning wrong-way-out',
  ])
  expect(found[0]?.fix).toEqual([])
  const [alone] = await findings('default via 192.0.2.1 dev eth0\n')
  expect(alone).toMatchObject({ severity: 'note', fix: [{ description: "check that router's routes" }] })
})

test('what this host tells itself is no router: its own next hop did not reply', async () => {
  const found = await findings('default via 192.0.2.1 dev eth0\n', {
    ...{ by: '192.0.2.20', code: 'host-unreachable', iif: 'lo' },
  })
  expect(found.map(({ code }) => code)).not.toContain('refused-there')
  expect(found.find(({ code }) => code === 'neighbour-failed')?.message).toContain(
    'This host did not reach the next hop to 10.50.7.2 on eth0, and told the sender so (host unreachable)',
  )
})
