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
