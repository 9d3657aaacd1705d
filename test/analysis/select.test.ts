/** What --filter takes. */
import { expect, it } from 'vitest'
import { CaptureExplainer } from '../../src/analysis/capture.ts'
import { readFilter } from '../../src/analysis/select.ts'
import { emptyWorld } from '../../src/model/world.ts'
import { formatById } from '../../src/read/recognise.ts'

// nft 1.0.6 on Linux 6.18
const FRAME = `trace id f3e9ce17 bridge b fw packet: iif "p1" oif "p2" ether saddr 96:8f:64:46:ad:d3 ether daddr 66:69:3c:97:53:b1 ip saddr 203.0.113.1 ip daddr 203.0.113.2 ip dscp cs0 ip ecn not-ect ip ttl 64 ip id 15456 ip protocol icmp ip length 84 icmp type echo-request icmp code net-unreachable icmp id 21015 icmp sequence 1
trace id f3e9ce17 bridge b fw policy accept
`

it.each([
  ['icmp', true],
  ['ip', true],
  ['host 203.0.113.2 and icmp', true],
  ['ip6', false],
  ['tcp', false],
])('%s, of a bridged frame: what it carries counts', (filter, expected) => {
  const found = formatById('nft-trace')
  if (found?.kind !== 'capture') throw new Error('no such format')
  const taken: boolean[] = []
  const explainer = new CaptureExplainer(
    found.format,
    emptyWorld(),
    () => {},
    (closed) => taken.push(closed.matches(readFilter(filter))),
  )
  explainer.push(new TextEncoder().encode(FRAME))
  explainer.end()
  expect(taken).toEqual([expected])
})
