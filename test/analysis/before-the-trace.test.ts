/** A chain at ingress drops what nobody sees: the capture has the link's own packets alone. */
import { expect, test } from 'vitest'
import { open } from '../../src/index.ts'

const TRACING = 'table inet t {\n\tchain pre {\n\t\ttype filter hook prerouting priority -350; policy accept;\n\t}\n}\n'
const table = (family: string, rules: string, policy = 'accept') =>
  `${TRACING}table ${family} f2b {\n\tset banned {\n\t\ttype ipv4_addr\n\t}\n\tmap ways {\n\t\ttype inet_service : verdict\n\t}\n\tchain ban {\n\t\tip saddr @banned drop\n\t}\n\tchain front {\n\t\ttype filter hook ingress device "eth0" priority -1; policy ${policy};\n\t\t${rules}\n\t}\n}\n`
const event = (id: string, headers: string) =>
  `trace id ${id} inet t pre packet: iif "eth0" ${headers}\ntrace id ${id} inet t pre policy accept\n`
const REPORT = event(
  '00000001',
  'ip6 saddr fe80::1 ip6 daddr ff02::16 ip6 hoplimit 1 ip6 nexthdr ipv6-icmp ip6 length 36 icmpv6 type mld2-listener-report icmpv6 code no-route',
)
const REQUEST = event(
  '00000002',
  'ip saddr 192.0.2.7 ip daddr 192.0.2.1 ip ttl 64 ip id 1 ip length 60 ip protocol tcp tcp sport 40000 tcp dport 22 tcp flags == syn tcp window 64240',
)

async function warned(rules: string, trace: string): Promise<string[]> {
  const analysis = await open([
    { name: 'rules.nft', text: rules },
    { name: 'trace.txt', text: trace },
  ])
  await analysis.exchanges()
  return analysis.warnings.filter(({ code }) => code === 'dropped-before-trace').map(({ message }) => message)
}

const SAID =
  'it shows nothing but link announcements; chain inet f2b front, at the ingress of eth0, is evaluated before the hooks of IP and may have dropped the packet; to list its rules: nft -a list chain inet f2b front'

test.each([
  ['by its rule', table('inet', 'tcp dport 22 ip saddr @banned drop')],
  ['where it jumps', table('inet', 'tcp dport 22 jump ban')],
  ['by its policy', table('inet', 'tcp dport 22 accept', 'drop')],
  ['by a map', table('inet', 'tcp dport vmap @ways')],
])('it is named where it may drop %s', async (_, rules) => {
  expect(await warned(rules, REPORT)).toEqual([SAID])
})

test('it is named in a table of family netdev', async () => {
  const [said] = await warned(table('netdev', 'tcp dport 22 drop'), REPORT)
  expect(said).toBe(SAID.replaceAll('inet f2b', 'netdev f2b'))
})

test('nothing is said where the trace begins at ingress', async () => {
  const rules = table('netdev', 'tcp dport 22 ip saddr @banned drop')
  const atIngress = REPORT.replaceAll('inet t pre', 'netdev f2b front')
  expect(await warned(rules, atIngress)).toEqual([])
})

test('nothing is said where a packet shows, where nothing drops, or without such a chain', async () => {
  expect(await warned(table('inet', 'tcp dport 22 ip saddr @banned drop'), REPORT + REQUEST)).toEqual([])
  const counting = table('inet', 'counter').replace('ip saddr @banned drop', 'ip saddr @banned counter')
  expect(await warned(counting, REPORT)).toEqual([])
  expect(await warned(TRACING, REPORT)).toEqual([])
})
