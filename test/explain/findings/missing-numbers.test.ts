/** Maps that are asked by a number which nft makes, and lack one of them. */
import { describe, expect, it } from 'vitest'
import { fixCommands } from '../../../src/edits/fix.ts'
import type { Host } from '../../../src/index.ts'
import { explainFile, worldOf } from '../../journey/journeys.ts'
import { ROUTER } from '../../simulate/world.ts'

const HEADERS =
  'ip saddr 10.0.1.2 ip daddr 10.0.1.1 ip dscp cs0 ip ecn not-ect ip ttl 64 ip id 7 ip protocol tcp ip length 60 tcp sport 40000 tcp dport 443 tcp flags == syn tcp window 64240 '

/** Nothing listens there. */
const HOST: Host = { ...ROUTER, sockets: [], listening: ['tcp', 'udp'] }

/** Nothing rewrote the packet, and input's policy dropped it. */
function findings(rule: string, more = '') {
  const ruleset = `table inet fw {
${more}
	chain prerouting {
		type nat hook prerouting priority dstnat; policy accept;
		${rule} # handle 3
	}
	chain input {
		type filter hook input priority filter; policy drop;
	}
}
`
  const text = [
    `trace id 0a0b0c0d inet fw prerouting packet: iif "eth0" ${HEADERS}`,
    'trace id 0a0b0c0d inet fw prerouting policy accept ',
    `trace id 0a0b0c0d inet fw input packet: iif "eth0" ${HEADERS}`,
    'trace id 0a0b0c0d inet fw input policy drop ',
    '',
  ].join('\n')
  return explainFile(text, { ...worldOf(ruleset), host: HOST }).journeys[0]!.findings.filter(
    ({ code }) => code === 'near-miss' || code === 'not-in-set',
  )
}

const rule = (key: string, elements: string) => `tcp dport 443 dnat ip to ${key} map { ${elements} }`

describe('a map without an element for each number', () => {
  it('is named with what it lacks, and the rule chooses among what it has', () => {
    const [one] = findings(rule('numgen inc mod 3', '0 : 10.0.2.10, 1 : 10.0.2.11'))
    expect(one).toMatchObject({
      code: 'near-miss',
      severity: 'warning',
      message:
        'inet fw prerouting handle 3 would have rewritten its destination, but its map has no element for 2, which numgen inc (mod 3) can give.',
    })
    const { command, undo } = fixCommands(one!.fix[0]!)
    expect(String(command)).toContain('numgen inc mod 2 map { 0 : 10.0.2.10, 1 : 10.0.2.11 }')
    expect(String(undo)).toContain('numgen inc mod 3 map')
  })

  it('is to get the others where they are not the last ones', () => {
    const [one] = findings(rule('numgen random mod 4 offset 10', '10 : 10.0.2.10, 12-13 : 10.0.2.11'))
    expect(one?.message).toContain('has no element for 11, which numgen random (mod 4) can give')
    expect(one?.fix.map(({ description, edits }) => [description, edits])).toEqual([
      ['add the missing elements to the map', undefined],
    ])
  })

  it('is named by its name', () => {
    const map = '\tmap backends {\n\t\ttype mark : ipv4_addr\n\t\telements = { 0x00000000 : 10.0.2.10 }\n\t}\n'
    const [one] = findings('tcp dport 443 dnat ip to symhash mod 2 map @backends', map)
    expect(one?.message ?? '').toContain('map backends has no element for 1, which symhash (mod 2) can give')
  })

  it('lacks nothing where each number has its element', () => {
    const all = findings(rule('numgen inc mod 2', '0 : 10.0.2.10, 1 : 10.0.2.11'))
    expect(JSON.stringify(all)).not.toContain('no element')
  })

  it('gets no copy of the rule in front, which has the same map', () => {
    const [one] = findings('dnat ip to tcp dport map { 80 : 10.0.2.10, 8443 : 10.0.2.11 }')
    expect(one?.message).toContain('handle 3 would have rewritten its destination')
    expect(one?.fix).toEqual([])
  })
})
