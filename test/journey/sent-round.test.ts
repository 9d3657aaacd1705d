/** A packet that a neighbour forwards back comes in again where it left. It is the same one, on another journey: a router has counted its TTL down. */
import { expect, test } from 'vitest'
import { explainFile } from './journeys.ts'

const tcp = (ttl: number) =>
  `ip saddr 10.0.0.10 ip daddr 203.0.113.9 ip dscp cs0 ip ecn not-ect ip ttl ${ttl} ip id 11764 ip length 60 tcp sport 40004 tcp dport 80 tcp flags == syn tcp window 64240`
const traced = (id: number, chain: string, devices: string, ttl: number) =>
  `trace id ${id} ${chain} packet: ${devices} ${tcp(ttl)}\ntrace id ${id} ${chain} policy accept\n`
/** The kernel computes an id of its own where the packet is routed. */
const pass = (ttl: number, first: number) =>
  traced(first, 'ip f pre', 'iif "eth1"', ttl) + traced(2, 'ip f fo', 'iif "eth1" oif "eth1"', ttl - 1)
const stepsOf = (trace: string) => explainFile(trace).journeys.map(({ steps }) => steps.length)

test('each time that a router sends it back, it is another journey', () => {
  expect(stepsOf(pass(64, 1) + pass(62, 3) + pass(60, 3))).toEqual([2, 2, 2])
})

test('what comes in again with the TTL that it had goes on', () => {
  const again = traced(3, 'ip f pre', 'iif "eth1"', 63)
  expect(stepsOf(pass(64, 1) + again)).toEqual([3])
})
