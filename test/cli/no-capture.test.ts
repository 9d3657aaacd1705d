/** Without a capture, the way to get one is that of the rules which are there. */
import { expect, it } from 'vitest'
import { noCapture } from '../../src/analysis/no-capture.ts'
import { worldOf } from '../journey/journeys.ts'

it.each([
  ['table inet filter {\n\tchain input {\n\t}\n}\n', 'nft -a monitor trace', 'iptables -t raw'],
  ['*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n', 'iptables -t raw', 'nft -a monitor trace'],
])('%j', (rules, told, other) => {
  const inputs = { files: [], warnings: [], machines: [{ world: worldOf(rules) }], looksLike: [] }
  const { hint = '' } = noCapture(inputs as unknown as Parameters<typeof noCapture>[0])
  expect(hint).toContain(told)
  expect(hint).not.toContain(`  ${other}`)
})

it('of an empty trace says why there may be nothing in it', () => {
  const said = (rules: string, name = 'run/trace.txt') => {
    const files = [{ name, format: 'empty' }]
    const inputs = { files, warnings: [], machines: [{ world: worldOf(rules) }], looksLike: [] }
    const { message, hint = '' } = noCapture(inputs as unknown as Parameters<typeof noCapture>[0])
    return { message, hint }
  }
  const tables = (ingress: string, rule: string) =>
    `table netdev f2b {\n\tchain early {\n\t\ttype filter hook ingress device "eth0" priority 0; policy accept;\n\t\t${ingress}\n\t}\n}\ntable inet fw {\n\tchain input {\n\t\ttype filter hook input priority 0; policy accept;\n\t\t${rule}\n\t}\n}\n`
  const dropping = said(tables('ip saddr 192.0.2.7 drop', 'tcp dport 80 accept'))
  expect(dropping.message).toBe(
    'run/trace.txt: it is empty, so no packet was traced, or the command that wrote it did not run as root.',
  )
  expect(dropping.hint).toContain('chain netdev f2b early, at the ingress of eth0, is evaluated before the hooks of IP')
  expect(dropping.hint).toContain('no listed rule traces or logs packets')
  expect(said(tables('ip saddr 192.0.2.7 counter', 'meta nftrace set 1')).hint).not.toContain('It may be that')
  // an empty table is no trace
  expect(said('*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n', 'nat.v4').message).toContain('There is no capture')
})
