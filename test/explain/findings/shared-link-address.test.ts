/** A router or a repeater sends with its own link address: a rule for that address alone is for all that are behind it. */
import { expect, it } from 'vitest'
import type { Host } from '../../../src/index.ts'
import type { Neighbour } from '../../../src/model/host.ts'
import { type Case, SYN, told } from './played.ts'

/** As kernel-lines.ts has it. */
const SENDER = '02:00:00:00:00:02'
const neighbour = (address: string, mac = SENDER): Neighbour => ({
  ...{ family: 'ip', address, device: 'eth0', mac, state: ['REACHABLE'] },
})
const listed = (type: string, element: string[], ...neighbours: Neighbour[]): Case => ({
  rules: {
    filter: [
      '-P FORWARD DROP',
      `[0:0] -A FORWARD -m set --match-set known src${element.length > 1 ? ',src' : ''} -j ACCEPT`,
    ],
  },
  sets: [{ name: 'known', type, elements: [{ parts: element }] }],
  packet: { ...SYN, srcMac: SENDER },
  host: { neighbours } as Host,
})
const MAC = ['52:54:00:00:00:20']

it('is added to no set of link addresses', () => {
  const one = told(listed('hash:mac', MAC, neighbour('10.0.1.2'), neighbour('10.0.1.7')), 'not-in-set')
  expect(one).toMatchObject({
    message: `filter FORWARD rule 1 would have accepted it, but ${SENDER} is not in set known, and 10.0.1.7 has that link address, too, as where a router or repeater sends for several hosts.`,
  })
  expect(one?.fix).toBeUndefined()
  const many = ['3', '4', '5', '6', '7'].map((last) => neighbour(`10.0.1.${last}`))
  expect(told(listed('hash:mac', MAC, ...many), 'not-in-set')?.message).toContain(
    'and 10.0.1.3, 10.0.1.4, 10.0.1.5 and 2 more have that link address, too',
  )
})

it.each<[string, Case]>([
  ['nobody else is known to have it', listed('hash:mac', MAC, neighbour('10.0.1.2'), neighbour('10.0.1.7', MAC[0]))],
  ['the set asks for the IP address as well', listed('hash:ip,mac', ['10.0.1.9', SENDER], neighbour('10.0.1.7'))],
  ['its other address did not reply', listed('hash:mac', MAC, { ...neighbour('10.0.1.7'), state: ['FAILED'] })],
])('is added where %s', (_name, one) => {
  const { message, fix } = told(one, 'not-in-set') ?? {}
  expect(message).not.toContain('link address')
  expect(fix).toMatch(/^ipset add known /)
})

it('replaces that of no rule that asks for it alone', () => {
  const one = (match: string, ...neighbours: Neighbour[]): Case => ({
    rules: { filter: ['-P FORWARD DROP', `[0:0] -A FORWARD ${match}-m mac --mac-source 52:54:00:00:00:20 -j ACCEPT`] },
    packet: { ...SYN, srcMac: SENDER },
    host: { neighbours } as Host,
  })
  const shared = told(one('', neighbour('10.0.1.7')), 'near-miss')
  expect(shared?.message).toContain('10.0.1.7 has that link address, too')
  expect(shared?.fix).toBeUndefined()
  expect(told(one('-s 10.0.1.2/32 ', neighbour('10.0.1.7')), 'near-miss')?.fix).toContain(`--mac-source ${SENDER}`)
})
