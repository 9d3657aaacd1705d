/** What is said of a command that was tried. */

import { describe, expect, it } from 'vitest'
import { fixCommands } from '../../../src/edits/fix.ts'
import type { MatchHints } from '../../../src/explain/changes/match-hints.ts'
import { NOT_TRIED } from '../../../src/explain/changes/proposal.ts'
import { explain, tryFixesOf } from '../../../src/explain/explain.ts'
import { opensOf } from '../../../src/explain/findings/such-packets.ts'
import { noteTrials, tryFixes } from '../../../src/explain/verify-fixes/verify.ts'
import type { Host, Packet } from '../../../src/index.ts'
import { modelEngine } from '../../../src/simulate/engine.ts'
import { makeWorld, ROUTER } from '../../simulate/world.ts'
import { type Case, LISTENS_ON, played, SYN, saved, TO_ROUTER } from '../findings/played.ts'

const ESTABLISHED = '[9:540] -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT'
const HALF = '-m statistic --mode random --probability 0.50000000000'
const ASTRAY: Host = {
  routes: [
    ...ROUTER.routes!,
    { family: 'ip', type: 'unicast', destination: '10.0.2.2/32', gateway: '10.0.1.254', table: 'main', device: 'eth0' },
  ],
}
const fixOf = (one: Case, description: RegExp) =>
  played(one)
    .findings.flatMap(({ fix }) => fix)
    .find((fix) => description.test(fix.description))

it('a jump to a chain whose rules the kernel refuses there is not proposed', () => {
  const jump = (own: string) =>
    fixOf(
      {
        rules: {
          nat: [
            '-N OWN',
            ...own.split('; '),
            '-A OWN -d 203.0.113.9/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.2.2',
          ],
        },
        packet: { ...SYN, dst: '203.0.113.9' },
      },
      /jump to OWN/,
    )
  expect(jump('-A OWN -p udp -j RETURN')).toMatchObject({ verified: 'model' })
  expect(jump('-A OWN -m owner --uid-owner 0 -j RETURN')).toBeUndefined()
})

describe('a fix that lets the packet through', () => {
  it('is good', () => {
    const fix = fixOf({ rules: { filter: ['-P FORWARD DROP', ESTABLISHED] } }, /accept such packets/)
    expect(fix).toMatchObject({ verified: 'model', after: 'forwarded' })
    expect(fix?.but).toBeUndefined()
  })

  it.each([
    ['-A INPUT -d 10.0.1.1/32 -p tcp -j RETURN', 'returned'],
    ['-A INPUT -g elsewhere', 'left by goto'],
  ])('stands in front of the rule by which the packet came to the policy: %s', (rule) => {
    const filter = ['-P INPUT DROP', '-N elsewhere', rule, '-A INPUT -p udp -j ACCEPT']
    const fix = fixOf({ rules: { filter }, packet: TO_ROUTER, host: LISTENS_ON(80) }, /^accept such packets/)
    expect(fix).toMatchObject({ after: 'delivered' })
    expect(fix?.but).toBeUndefined()
    expect(String(fixCommands(fix!).command)).toMatch(/^iptables -I INPUT 1 /)
  })

  it.each([
    ['its answer is dropped', { rules: { filter: ['-P FORWARD DROP'] } }, 'its reply would be dropped'],
    [
      'nobody listens',
      { rules: { filter: ['-P INPUT DROP'] }, packet: TO_ROUTER, host: LISTENS_ON(22) },
      'nothing listens there',
    ],
    [
      'it goes the wrong way',
      { rules: { filter: ['-P FORWARD DROP', ESTABLISHED] }, host: ASTRAY },
      'it would leave by the wrong interface',
    ],
  ] satisfies [string, Case, string][])('is not good where %s', (_name, one, but) => {
    expect(fixOf(one, /accept such packets/)).toMatchObject({ after: expect.any(String), but })
  })
})

describe('what is left to chance', () => {
  const nat = (...last: string[]) => [
    `-A PREROUTING -d 10.0.9.9/32 ${HALF} -j a`,
    ...last,
    '-A a -p tcp -j DNAT --to-destination 10.0.2.7',
    '-A b -p tcp -j DNAT --to-destination 10.0.2.9',
  ]
  const one = (rules: string[]): Case => ({
    rules: {
      mangle: ['-A PREROUTING -p tcp -m tcp --dport 80 -j DROP'],
      nat: rules,
      filter: [
        '-P FORWARD DROP',
        ESTABLISHED,
        '-A FORWARD -d 10.0.2.7/32 -j ACCEPT',
        '-A FORWARD -d 10.0.2.9/32 -j ACCEPT',
      ],
    },
    packet: { ...SYN, dst: '10.0.9.9' },
  })

  it('is good whichever way it goes', () => {
    expect(fixOf(one(nat('-A PREROUTING -d 10.0.9.9/32 -j b')), /delete rule 1 of PREROUTING/)).toMatchObject({
      after: 'forwarded',
    })
  })

  it('is told where one way is not', () => {
    const fix = fixOf(one(nat()), /delete rule 1 of PREROUTING/)
    expect(fix).toMatchObject({ unverified: "the packet's outcome is random" })
    expect(fix?.verified).toBeUndefined()
  })
})

describe('what a change leaves to what nobody knows', () => {
  it('is named, where it is not chance', () => {
    const drops = ['system', 'exec.'].map((text) => `-A INPUT -p udp -m string --string "${text}" --algo bm -j DROP`)
    const one: Case = {
      rules: { filter: drops },
      packet: { ...TO_ROUTER, protocol: 'udp' },
      assume: new Map([
        ['--string "system" --algo bm', true],
        ['--string "exec." --algo bm', false],
      ]),
    }
    expect(fixOf(one, /delete rule 1 of INPUT/)?.unverified).toMatch(
      /^the packet's outcome depends on --string "exec\." --algo bm: /,
    )
  })

  it.each([
    ['ACCEPT', undefined],
    ['DROP', /^whether its reply gets back depends on --mode random --probability 0\.5/],
  ])('of the reply is told only where it matters: %s', (verdict, expected) => {
    const filter = ['-P FORWARD DROP', `[0:0] -A FORWARD -i eth1 ${HALF} -j ${verdict}`, ESTABLISHED]
    const fix = fixOf({ rules: { filter } }, /accept such packets/)
    expect(fix).toMatchObject({ verified: 'model', after: 'forwarded' })
    if (expected) expect(fix?.note).toMatch(expected)
    else expect(fix?.note ?? '').not.toContain('depends on')
  })
})

describe('what a balancer sends elsewhere the next time', () => {
  const balanced: Case = {
    rules: {
      nat: [
        `-A PREROUTING -d 10.0.9.9/32 ${HALF} -j DNAT --to-destination 10.0.2.7`,
        '-A PREROUTING -d 10.0.9.9/32 -j DNAT --to-destination 10.0.2.9',
      ],
      filter: ['-P FORWARD DROP', ESTABLISHED],
    },
    packet: { ...SYN, dst: '10.0.9.9' },
    assume: new Map([['--mode random --probability 0.50000000000', true]]),
  }

  it('is accepted by what the destinations have in common', () => {
    const fix = fixOf(balanced, /accept such packets/)
    expect(fix).toMatchObject({ after: 'forwarded', verified: 'model' })
    expect(fix?.but).toBeUndefined()
    expect(String(fixCommands(fix!).command)).toBe(
      'iptables -A FORWARD -s 10.0.1.2 -i eth0 -o eth1 -p tcp --dport 80 -m conntrack --ctstate DNAT -j ACCEPT',
    )
    expect(fix?.note).toBe('opens every destination that nat may choose, for this source and service')
  })

  it('is told by what the rule leaves out', () => {
    const opens = (hints: MatchHints, packet: Packet = {}) => opensOf({ kind: 'such', packet, hints })
    expect(opens({ answer: true, byTurns: true })).toMatch(
      'opens every source that nat may choose, for this destination and service',
    )
    expect(opens({ answer: true })).toBe('opens only packets of this service')
    // the rule names no address then
    expect(opens({}, { protocol: 'icmpv6', icmpType: 135 })).toMatch(/neighbour discovery on this interface$/)
  })

  it('is not mended by what does for one of them alone', () => {
    const filter = [...balanced.rules.filter!, '[0:0] -A FORWARD -d 10.0.2.70/32 -p tcp -m tcp --dport 80 -j ACCEPT']
    expect(fixOf({ ...balanced, rules: { ...balanced.rules, filter } }, /match such packets/)).toMatchObject({
      but: 'nat may send the next packet to another destination, where it would be stopped',
    })
  })
})

describe('a limit of what one sender may do', () => {
  const RECENT = '-p tcp -m tcp --dport 22 -m recent --update --seconds 30 --hitcount 6 --name ssh --rsource -j DROP'
  const filter = [`-A INPUT ${RECENT}`, '-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT']
  const one: Case = {
    rules: { raw: ['-A PREROUTING -p tcp -m tcp --dport 22 -j DROP'], filter },
    packet: { ...TO_ROUTER, dport: 22 },
    host: LISTENS_ON(22),
  }

  it('is told with the result, and does not keep it from being told', () => {
    const fix = fixOf(one, /delete rule 1 of PREROUTING/)
    expect(fix).toMatchObject({ verified: 'model', after: 'delivered' })
    expect(fix?.note).toMatch(
      'unless --update --seconds 30 --hitcount 6 --name ssh --mask 255.255.255.255 --rsource matches: the addresses seen recently are unknown; opens everything that the rule dropped',
    )
  })
})

describe('what this host itself says no with', () => {
  const fixesOf = (rule: string, packet: Packet) => {
    const world = makeWorld(saved({ filter: [rule] }), ROUTER)
    const { evidence, ended } = modelEngine.play(world, packet)
    const journey = explain(evidence, world, { ended })
    noteTrials(journey, tryFixesOf(evidence, world, modelEngine))
    return journey.findings.flatMap(({ fix }) => fix).filter(({ verified }) => verified)
  }
  const from = { src: '10.0.1.1', dst: '10.0.1.2', ipId: 1 }
  const error = { ...from, protocol: 'icmp', icmpType: 3 }
  const reset = { protocol: 'tcp', sport: 80, dport: 40_000, tcpFlags: ['rst', 'ack'], tcpSeq: 0, tcpWindow: 0 }

  it.each([
    ['a reset', '-p tcp -m tcp --tcp-flags RST RST', { ...from, ...reset }],
    ['that a port is unreachable', '-p icmp -m icmp --icmp-type 3', { ...error, icmpCode: 3 }],
  ])('gets out again by a fix, which says that it is no more than that: %s', (_what, match, packet) => {
    const fixes = fixesOf(`-A OUTPUT ${match} -j DROP`, packet)
    expect(fixes[0]).toMatchObject({ after: 'sent', note: expect.stringContaining('its reply refuses the request') })
    for (const { but } of fixes) expect(but).toBeUndefined()
  })

  it('is no refusal where it tells of a host behind it', () => {
    const fixes = fixesOf('-A OUTPUT -p icmp -m icmp --icmp-type 3/1 -j DROP', { ...error, icmpCode: 1 })
    expect(fixes[0]?.after).toBe('sent')
    for (const { but, note = '' } of fixes) expect(`${but} ${note}`).not.toContain('refuses')
  })
})

describe('a fix is none', () => {
  it.each([
    [
      'that leaves the packet untracked, where nat would rewrite it',
      {
        rules: {
          raw: ['-A PREROUTING -p tcp -m tcp --dport 80 -j CT --notrack'],
          nat: ['-A PREROUTING -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.2.9'],
          filter: ['-P FORWARD DROP', '-A FORWARD -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT'],
        },
      },
      /accept such packets/,
      'nat would not rewrite it',
    ],
    [
      "that lets out what came back from nat's chains as it was",
      {
        rules: {
          nat: [
            '[1:60] -A PREROUTING -d 10.0.9.9/32 -p tcp -m tcp --dport 80 -j SVC',
            '[0:0] -A SVC -p udp -m udp -j DNAT --to-destination 10.0.2.9',
          ],
          filter: ['-A FORWARD -d 10.0.9.0/24 -j REJECT --reject-with icmp-port-unreachable'],
        },
        packet: { ...SYN, dst: '10.0.9.9' },
      },
      /delete rule 1 of FORWARD/,
      'nat would not rewrite its destination',
    ],
    [
      'that leads it on to where an earlier rule of nat has sent it, which was said to be wrong',
      {
        rules: {
          nat: [
            '-A PREROUTING -s 10.0.1.0/24 -j DNAT --to-destination 10.0.2.7',
            '-A PREROUTING -d 10.0.9.9/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.2.9',
          ],
          filter: ['-P FORWARD DROP', ESTABLISHED, '-A FORWARD -d 10.0.2.9/32 -p tcp -m tcp --dport 80 -j ACCEPT'],
        },
        packet: { ...SYN, dst: '10.0.9.9' },
      },
      /^accept such packets/,
      'nat would not rewrite its destination',
    ],
  ] satisfies [string, Case, RegExp, string][])('%s', (_name, one, description, but) => {
    expect(fixOf(one, description)).toMatchObject({ but })
  })
})

it('nothing is said where the model does not give what was seen', () => {
  const stopped = played({
    rules: { filter: ['-P FORWARD DROP', `-A FORWARD ${HALF} -j ACCEPT`] },
    assume: new Map([['--mode random --probability 0.50000000000', false]]),
  })
  const commands = stopped.findings.flatMap(({ fix }) => fix).filter(({ edits }) => edits?.[0]?.kind === 'rule')
  expect(commands.length).toBeGreaterThan(0)
  for (const fix of commands) expect([fix.verified, fix.unverified].filter(Boolean).length).toBe(1)
})

it('a fix that says why it is not to be tried keeps its reason', () => {
  const [{ findings, ...journey }] = [played({ rules: { filter: ['-P FORWARD DROP'] } })]
  const edits = findings.flatMap(({ fix }) => fix).find((fix) => fix.edits)?.edits
  const proposed = [NOT_TRIED, 'the effect depends on the sender'].map((unverified) => ({
    description: '',
    edits: edits!,
    unverified,
  }))
  const told = { ...journey, findings: [{ ...findings[0]!, fix: proposed }] }
  noteTrials(
    told,
    tryFixes(told, () => ({ reason: 'the capture ends' })),
  )
  expect(told.findings[0]!.fix.map(({ unverified }) => unverified)).toEqual([
    'the capture ends',
    'the effect depends on the sender',
  ])
})
