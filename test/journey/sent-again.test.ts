/** A packet that leaves by the interface it came by, and the same bytes again. */
import { expect, test } from 'vitest'
import { makeWorld } from '../simulate/world.ts'
import { explainLog } from './journeys.ts'
import { dmesg, type TestPacket, trace } from './kernel-lines.ts'

const RULES = `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:web - [0:0]
-A OUTPUT -p udp -j web
-A POSTROUTING -j web
-A web -j ACCEPT
COMMIT
*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -j TRACE
COMMIT
`
const came: TestPacket = { in: 'eth0', src: '10.0.1.2', dst: '10.0.1.9', ttl: 64 }
const left = { ...came, out: 'eth0' }
const way = (ttl: number) => [
  trace('raw:PREROUTING:policy:2', came),
  trace('nat:PREROUTING:policy:1', came),
  trace('nat:POSTROUTING:rule:1', { ...left, ttl }),
  trace('nat:web:return:1', { ...left, ttl }),
]
const again = trace('raw:PREROUTING:policy:2', came)

test('what comes in with a hop more than the packet left with is sent again', () => {
  const { journeys } = explainLog(dmesg([...way(63), again]), makeWorld(RULES))
  expect(journeys.map(({ steps, outcome }) => [steps.length, outcome])).toEqual([
    [4, 'forwarded'],
    [1, 'undetermined'],
  ])
})
