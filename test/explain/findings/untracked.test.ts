/** Kept from connection tracking. */
import { describe, expect, it } from 'vitest'
import type { ConntrackEntry, Host } from '../../../src/index.ts'
import { entry } from '../../simulate/world.ts'
import { findingsOf, played, REPLY, SYN, told } from './played.ts'

const NOTRACK = (match: string) => `-A PREROUTING ${match} -j CT --notrack`
const filter = ['-P FORWARD DROP', '-A FORWARD -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT']

describe('untracked', () => {
  it('names the rule that keeps it from connection tracking', () => {
    const found = told({ rules: { raw: [NOTRACK('-p tcp -m tcp --dport 80')], filter } }, 'untracked')
    expect(found?.rules).toEqual(['raw PREROUTING rule 1'])
    expect(found?.fix).toBe('iptables -t raw -D PREROUTING 1 → forwarded')
  })

  it('names the one that keeps the question of an answer from it', () => {
    const found = told({ rules: { raw: [NOTRACK('-p tcp -m tcp --dport 80')], filter }, packet: REPLY }, 'untracked')
    expect(found?.rules).toEqual(['raw PREROUTING rule 1'])
    expect(found?.message).toContain('exempts the request that this packet replies to from conntrack')
  })

  it.each([
    ['SYN', SYN],
    ['its reply', REPLY],
  ])('tries the deletion without the state that the rule gave, which the trace shows: %s', (_, packet) => {
    const rules = { raw: [NOTRACK('-p tcp')], filter }
    const found = told({ rules, packet: { ...packet, ctState: 'untracked' } }, 'untracked')
    expect(found?.fix).toBe('iptables -t raw -D PREROUTING 1 → forwarded')
  })

  it('is a note where it got through', () => {
    const journey = played({ rules: { raw: [NOTRACK('-p tcp')], filter: [] } })
    expect(findingsOf(journey, 'untracked').map(({ severity }) => severity)).toEqual(['note'])
  })

  it.each([
    [
      'destination',
      '-A PREROUTING -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.2.9',
      'nat PREROUTING rule 1',
    ],
    ['source', '-A POSTROUTING -o eth1 -j MASQUERADE', 'nat POSTROUTING rule 1'],
  ])('names the rule that would rewrite its %s, though it got through', (_what, rule, named) => {
    const rules = { raw: [NOTRACK('-p tcp')], nat: [rule], filter: [] }
    expect(told({ rules }, 'untracked')).toMatchObject({
      rules: ['raw PREROUTING rule 1', named],
      fix: 'iptables -t raw -D PREROUTING 1 → forwarded',
    })
    expect(findingsOf(played({ rules }), 'untracked')[0]?.severity).toBe('warning')
  })

  it('is a note of a later segment whose connection has no entry: the handshake did without nat', () => {
    const rules = {
      raw: [NOTRACK('-p tcp')],
      nat: ['-A PREROUTING -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.2.9'],
      filter: [],
    }
    const told = (flag: 'syn' | 'ack', listed?: ConntrackEntry[]) =>
      findingsOf(
        played({
          ...{ rules, packet: { ...SYN, tcpFlags: [flag] } },
          ...(listed ? { listed } : { host: { conntrack: undefined } as unknown as Host }),
        }),
        'untracked',
      ).map(({ severity, fix }) => [severity, fix.length > 0])
    expect(told('ack', [])).toEqual([['note', false]])
    // it was tracked, and rewritten, until the rule was there
    const before = entry({
      original: { src: '10.0.1.2', dst: '10.0.2.2', sport: 40_000, dport: 80 },
      reply: { src: '10.0.2.9', dst: '10.0.1.2', sport: 80, dport: 40_000 },
    })
    expect(told('ack', [before])).toEqual([['warning', true]])
    expect(told('ack')).toEqual([['warning', true]])
    // a list of the other family says nothing of it
    const other = { family: 'ip6' as const, original: { src: '::1', dst: '::1' }, reply: { src: '::1', dst: '::1' } }
    expect(told('ack', [entry(other)])).toEqual([['warning', true]])
    expect(told('ack', [entry({ ...other, family: 'ip' })])).toEqual([['note', false]])
    expect(told('syn', [])).toEqual([['warning', true]])
  })

  it('is a warning where nat gives others a source, and its private one stays', () => {
    const nat = ['-A POSTROUTING -s 10.0.7.0/24 -o eth1 -j MASQUERADE']
    const severity = (dst: string) =>
      findingsOf(
        played({ rules: { raw: [NOTRACK('-p tcp')], nat, filter: [] }, packet: { ...SYN, dst } }),
        'untracked',
      ).map((one) => one.severity)
    expect(severity('203.0.113.9')).toEqual(['warning'])
    expect(severity('10.0.2.2')).toEqual(['note'])
  })

  it('only may be rewritten where nobody knows whether the rule of nat holds', () => {
    const nat = [
      '-A PREROUTING -p tcp -m time --timestart 09:00:00 --timestop 17:00:00 -j DNAT --to-destination 10.0.2.9',
    ]
    const [found] = findingsOf(played({ rules: { raw: [NOTRACK('-p tcp')], nat, filter: [] } }), 'untracked')
    expect(found?.severity).toBe('note')
    expect(found?.message).toContain('nat does not rewrite it (if it were tracked, nat PREROUTING rule 1 might)')
  })

  it.each([
    ['a warning where that is why it is stopped', filter, 'warning'],
    ['a note where it is stopped for something else', ['-A FORWARD -s 10.0.1.2/32 -j DROP'], 'note'],
    [
      'a note where a rule asks for its connection, and would not take it either',
      ['-P FORWARD DROP', '-A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT'],
      'note',
    ],
  ])('is %s', (_what, rules, severity) => {
    const journey = played({ rules: { raw: [NOTRACK('-p tcp')], filter: rules } })
    expect(findingsOf(journey, 'untracked').map((one) => one.severity)).toEqual([severity])
  })

  it.each([
    ['the rule is for another port', { raw: [NOTRACK('-p tcp -m tcp --dport 81')], filter: ['-A FORWARD -j DROP'] }],
    ['the target sets a zone', { raw: ['-A PREROUTING -p tcp -j CT --zone 7'], filter: ['-A FORWARD -j DROP'] }],
  ])('is not told where %s', (_name, rules) => {
    expect(told({ rules }, 'untracked')).toBeUndefined()
  })
})

describe('a chain in front of connection tracking', () => {
  const raw = ['-A PREROUTING -m conntrack --ctstate ESTABLISHED -j ACCEPT', '-A PREROUTING -i eth1 -j DROP']
  const conntrack = [
    entry({
      original: { src: '10.0.1.2', dst: '10.0.2.2', sport: 40_000, dport: 80 },
      reply: { src: '10.0.2.2', dst: '10.0.1.2', sport: 80, dport: 40_000 },
    }),
  ]
  const found = (rules: string[], host: object) =>
    told({ rules: { raw: rules, filter: [] }, packet: REPLY, host }, 'untracked')

  it('sees of no reply that it belongs to a connection', () => {
    expect(found(raw, { conntrack })?.message).toBe(
      'ip raw PREROUTING has priority -300, before connection tracking (-200): no rule there saw that the packet belongs to a connection.',
    )
  })

  it('is not to blame where it would not ask, or nothing shows that the packet belongs to one', () => {
    expect(found(raw.slice(1), { conntrack })).toBeUndefined()
    expect(found(raw, {})).toBeUndefined()
  })

  it('makes little of what would let the reply pass as a request', () => {
    const sets = [{ name: 'allowed', type: 'hash:ip', elements: [{ parts: ['198.51.100.1'] }] }]
    const rules = [raw[0]!, '-A PREROUTING -m set --match-set allowed src -j ACCEPT', raw[1]!]
    const findings = (host: object) =>
      played({ rules: { raw: rules, filter: [] }, packet: REPLY, host, sets }).findings.map(
        ({ code, severity, fix }) => `${severity} ${code}${fix.length > 0 ? ' with a fix' : ''}`,
      )
    expect(findings({})).toContain('warning not-in-set with a fix')
    expect(findings({ conntrack })).toContain('note not-in-set')
    expect(findings({ conntrack })).toContain('warning untracked with a fix')
  })
})
