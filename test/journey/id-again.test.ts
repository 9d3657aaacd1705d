/** The kernel makes a trace id of an address in its memory and a hash: another packet may have it soon after. */
import { expect, test } from 'vitest'
import { explainFile } from './journeys.ts'

const udp = (src: string, dst: string, sport: number, dport: number) =>
  `ip saddr ${src} ip daddr ${dst} ip dscp cs0 ip ecn not-ect ip ttl 63 ip id 0 ip length 29 udp sport ${sport} udp dport ${dport} udp length 9`
const traced = (chain: string, devices: string, packet: string) =>
  `trace id 1 ${chain} packet: ${devices} ${packet}\ntrace id 1 ${chain} policy accept\n`

const FORWARDED =
  traced('ip f fo', 'iif "lan" oif "wan"', udp('192.0.2.2', '198.51.100.2', 20016, 1000)) +
  traced('ip f po', 'oif "wan"', udp('192.0.2.2', '198.51.100.2', 20016, 1000))
const stepsOf = (trace: string) => explainFile(trace).journeys.map(({ steps }) => steps.length)

test.each([
  ['both ends are others', udp('198.51.100.1', '198.51.100.1', 20027, 1002), [2, 1]],
  ['nat rewrote the source', udp('198.51.100.1', '198.51.100.2', 40000, 1000), [3]],
  ['a rule wrote other prefixes', udp('10.1.0.2', '10.2.0.2', 20016, 1000), [3]],
])('where %s', (_name, packet, steps) => {
  expect(stepsOf(FORWARDED + traced('inet t out', 'oif "lo"', packet))).toEqual(steps)
})
