/** Its time to live is used up. */
import { describe, expect, it } from 'vitest'
import { fixCommands } from '../../../src/edits/fix.ts'
import { trace } from '../../journey/kernel-lines.ts'
import { entry } from '../../simulate/world.ts'
import { type Case, captured, findingsOf, SYN, TO_ROUTER, told } from './played.ts'

describe('vanished-ttl', () => {
  it('names the rule that set it', () => {
    const rules = { mangle: ['-A PREROUTING -p tcp -j TTL --ttl-set 1'], filter: [] }
    expect(told({ rules }, 'vanished-ttl')).toMatchObject({
      rules: ['mangle PREROUTING rule 1'],
      fix: 'iptables -t mangle -D PREROUTING 1 → forwarded',
    })
  })

  it('names none where it came so', () => {
    const found = told({ rules: { raw: [], filter: [] }, packet: { ...SYN, ttl: 1 } }, 'vanished-ttl')
    // no command: a traceroute asks so, and what goes in a circle
    expect(found).toEqual({ message: expect.stringContaining('It arrived with TTL 1'), rules: [] })
  })

  it('is told of a reply that connection tracking gives back to who was masqueraded', () => {
    const back = { in: 'eth1', src: '203.0.113.9', dst: '10.0.2.1', sport: 80, dport: 40_000, ttl: 1, flags: 'ACK SYN' }
    const lines = [
      trace('raw:PREROUTING:policy:1', back),
      trace('mangle:PREROUTING:policy:1', back),
      trace('raw:PREROUTING:policy:1', { ...back, sport: 81, id: 2 }),
    ]
    const masqueraded = entry({
      original: { src: '10.0.1.2', dst: '203.0.113.9', sport: 40_000, dport: 80 },
      reply: { src: '203.0.113.9', dst: '10.0.2.1', sport: 80, dport: 40_000 },
    })
    const rules = { raw: [], mangle: [], nat: ['-A POSTROUTING -o eth1 -j MASQUERADE'], filter: [] }
    const found = findingsOf(captured(rules, lines, { conntrack: [masqueraded] }), 'vanished-ttl')
    expect(found[0]?.message).toContain('It arrived with TTL 1')
    const raised = found[0]!.fix.find(({ edits }) => edits)!
    expect(String(fixCommands(raised).command)).toBe(
      'iptables -t mangle -A PREROUTING -s 203.0.113.9 -d 10.0.2.1 -i eth1 -p tcp --sport 80 -j TTL --ttl-set 2',
    )
    expect(raised.after).toBe('forwarded')
    expect(findingsOf(captured(rules, lines), 'vanished-ttl')).toEqual([])
  })

  it.each([
    ['it was for this host', { rules: { raw: [], filter: [] }, packet: { ...TO_ROUTER, ttl: 1 } }],
    ['one more hop is left', { rules: { raw: [], filter: [] }, packet: { ...SYN, ttl: 2 } }],
  ] satisfies [string, Case][])('is not told where %s', (_name, one) => {
    expect(told(one, 'vanished-ttl')).toBeUndefined()
  })
})
