/** A routing rule that goes by the type of service, where no reply came by its way. */
import { expect, it } from 'vitest'
import type { Host, Packet } from '../../../src/index.ts'
import { entry, ROUTER } from '../../simulate/world.ts'
import { type Case, findingsOf, played, SYN } from './played.ts'

const TO = '203.0.113.9'
const PACKET: Packet = { ...SYN, dst: TO }
const host: Host = {
  routingRules: [
    { family: 'ip', priority: 0, action: { table: 'local' } },
    { family: 'ip', priority: 100, tos: 0x10, action: { table: '200' } },
    { family: 'ip', priority: 32766, action: { table: 'main' } },
  ],
  routes: [
    ...ROUTER.routes!,
    { family: 'ip', type: 'unicast', destination: '0.0.0.0/0', gateway: '10.0.1.254', table: '200', device: 'eth0' },
  ],
}
const ends = { sport: PACKET.sport!, dport: PACKET.dport! }
const unreplied = entry({
  original: { src: PACKET.src!, dst: TO, ...ends },
  reply: { src: TO, dst: PACKET.src!, sport: ends.dport, dport: ends.sport },
  status: ['unreplied'],
})
const found = (mangle: string[], listed = [unreplied]) => {
  const one: Case = { rules: { mangle, filter: [] }, packet: PACKET, host, listed }
  return findingsOf(played(one), 'wrong-way-out').find(({ message }) => message.includes('TOS'))
}
const SETS = (value: string) => `-A PREROUTING -p tcp -m tcp --dport 80 -j DSCP --set-dscp ${value}`

it('is told with the rule that set it, which then leaves such packets alone', () => {
  const { message, fix, rules } = found([SETS('0x24')])!
  expect(message).toBe(
    "mangle PREROUTING rule 1 set TOS 0x90 (IPv4's routing rules compare only its bits 0x1c): routing rule 100 (tos 0x10) sends it out of eth0 by table 200; without that it would leave by eth1.",
  )
  expect(rules[0]).toMatchObject({ table: 'mangle', chain: 'PREROUTING', ruleNumber: 1 })
  expect(fix[0]).toMatchObject({ verified: 'model', edits: [{ op: 'insert', table: 'mangle', ruleNumber: 1 }] })
})

it('is not told of another TOS, nor where a reply came', () => {
  expect(found([SETS('0x02')])).toBeUndefined()
  expect(found([SETS('0x24')], [{ ...unreplied, status: ['assured'] }])).toBeUndefined()
})
