/** A redirect on an interface that has no address. */
import { expect, it } from 'vitest'
import { explain, tryFixesOf } from '../../../src/explain/explain.ts'
import { noteTrials } from '../../../src/explain/verify-fixes/verify.ts'
import type { Host, Socket } from '../../../src/index.ts'
import { modelEngine } from '../../../src/simulate/engine.ts'
import { explainFile, worldOf } from '../../journey/journeys.ts'
import { makeWorld, ROUTER } from '../../simulate/world.ts'
import { findingsOf, SYN, saved } from './played.ts'

const RULES =
  'table ip nat {\n\tchain pre {\n\t\ttype nat hook prerouting priority dstnat; policy accept;\n\t\ttcp dport 80 redirect to :8080 # handle 7\n\t}\n}\n'
const PACKET =
  'ip saddr 10.0.3.2 ip daddr 203.0.113.9 ip ttl 64 ip id 7 ip protocol tcp ip length 60 tcp sport 40000 tcp dport 80 tcp flags == syn tcp window 64240 '
const TRACE = `trace id 0a0b0c0d ip nat pre packet: iif "eni1" ${PACKET}\ntrace id 0a0b0c0d ip nat pre rule tcp dport 80 redirect to :8080 # handle 7 (verdict drop)\n`
const listens = (address: string): Socket => ({ protocol: 'tcp', family: 'ip', state: 'LISTEN', port: 8080, address })

function told(addresses: { family: 'ip' | 'ip6'; address: string; prefixLength: number }[], more: Host = {}) {
  const host = {
    ...ROUTER,
    links: [...ROUTER.links!, { index: 4, name: 'eni1', addresses }],
    routes: [
      ...ROUTER.routes!,
      { family: 'ip' as const, type: 'unicast' as const, destination: '10.0.3.2/32', table: 'main', device: 'eni1' },
    ],
    ...more,
  }
  const { findings } = explainFile(TRACE, { ...worldOf(RULES), host }, [], { engine: modelEngine }).journeys[0]!
  return findings.find(({ code }) => code === 'dropped-by-rule')!
}

it('is told with why it drops, and an address of this host takes its place', () => {
  const { message, fix } = told([{ family: 'ip6', address: 'fe80::1', prefixLength: 64 }])
  expect(message).toContain(
    'A redirect sends a packet to the first IPv4 address of the interface by which it came in, and eni1 has none.',
  )
  expect(fix.find(({ edits }) => edits)).toMatchObject({
    description: 'send such packets to 10.0.1.1, an address of this host, instead',
    verified: 'model',
    after: 'delivered',
  })
})

it('takes the address where a program listens, if sockets are known, and none where nothing does', () => {
  const descriptions = told([], { sockets: [listens('10.0.2.1')], listening: ['tcp', 'udp'] }).fix.map(
    (one) => one.description,
  )
  expect(descriptions).toContain('send such packets to 10.0.2.1, an address of this host, instead')
  const { fix } = told([], { sockets: [listens('10.0.9.9')], listening: ['tcp', 'udp'] })
  expect(fix.map(({ edits }) => edits)).toEqual([undefined])
})

it('says nothing of that where the interface has an address', () => {
  expect(told([{ family: 'ip', address: '10.0.3.1', prefixLength: 24 }]).message).not.toContain('A redirect')
})

it('is told of a rule of iptables as well, behind which the packet is not seen again', () => {
  const nat = ['-A PREROUTING -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 8080']
  const by = (addresses: boolean) => {
    const links = ROUTER.links!.map((one) => (one.name === 'eth0' && !addresses ? { ...one, addresses: [] } : one))
    const world = makeWorld(saved({ nat, filter: [] }), { ...ROUTER, links })
    const { evidence, ended } = modelEngine.play(world, SYN)
    const journey = explain(evidence, world, { ended })
    noteTrials(journey, tryFixesOf(evidence, world, modelEngine))
    return journey
  }
  const bare = by(false)
  expect(bare.outcome).toBe('vanished')
  const [found] = findingsOf(bare, 'dropped-by-rule')
  expect(found?.message).toBe(
    'nat PREROUTING rule 1 dropped it. A redirect sends a packet to the first IPv4 address of the interface by which it came in, and eth0 has none.',
  )
  expect(found?.fix.find(({ edits }) => edits)).toMatchObject({ verified: 'model', after: 'delivered' })
  expect(findingsOf(bare, 'not-netfilter')).toEqual([])
  expect(findingsOf(by(true), 'dropped-by-rule')).toEqual([])
})
