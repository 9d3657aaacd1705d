/** A rule would have taken the packet, but for what is used up, over, or full. */
import { expect, it } from 'vitest'
import type { Host } from '../../../src/index.ts'
import type { NamedSet } from '../../../src/model/ruleset.ts'
import { modelEngine } from '../../../src/simulate/engine.ts'
import { explainLog } from '../../journey/journeys.ts'
import { dmesg, type TestPacket, trace } from '../../journey/kernel-lines.ts'
import { makeWorld, ROUTER } from '../../simulate/world.ts'
import { findingsOf, saved, told } from './played.ts'

const SYN: TestPacket = { in: 'eth0', src: '10.0.1.2', dst: '10.0.1.1', sport: 40_000, dport: 80 }

function nearMisses(match: string) {
  const rules = saved({ filter: ['-P INPUT DROP', `-A INPUT -p tcp -m tcp --dport 80 ${match} -j ACCEPT`] })
  const { journeys } = explainLog(dmesg([trace('filter:INPUT:policy:2', SYN)]), makeWorld(rules, ROUTER), [], {
    engine: modelEngine,
  })
  return findingsOf(journeys[0]!, 'near-miss').map(({ severity, message }) => `${severity}: ${message}`)
}
const BUT = 'filter INPUT rule 1 would have accepted it, but '

it.each([
  ['a quota', '-m quota --quota 600', 'warning', 'its quota of 600 bytes is used up'],
  ['what a quota has left', '-m quota ! --quota 600', 'note', 'its quota of 600 bytes is not used up yet'],
  [
    'a number of connections',
    '-m connlimit --connlimit-upto 5 --connlimit-mask 32 --connlimit-saddr',
    'warning',
    "more connections were open than the rule's limit of 5",
  ],
  [
    'hours, without the date that nobody wrote',
    '-m time --timestart 06:34:00 --timestop 12:34:00 --datestop 2038-01-19T03:14:07',
    'note',
    'only matches --timestart 06:34:00 --timestop 12:34:00; these times are in UTC',
  ],
  [
    "hours of the kernel's zone",
    '-m time --timestart 06:34:00 --timestop 12:34:00 --kerneltz',
    'note',
    "only matches --timestart 06:34:00 --timestop 12:34:00 --kerneltz; these times are in the kernel's time zone (UTC, unless a program has changed it)",
  ],
])('names %s', (_name, match, severity, why) => {
  expect(nearMisses(match)).toEqual([`${severity}: ${BUT}${why}.`])
})

it('says that a set is full, and adds nothing to it', () => {
  const found = (more: Partial<NamedSet>) =>
    told(
      {
        rules: { filter: ['-P FORWARD DROP', '[0:0] -A FORWARD -m set --match-set web dst -j ACCEPT'] },
        sets: [{ name: 'web', type: 'hash:ip', elements: [{ parts: ['10.0.2.7'] }], ...more }],
      },
      'not-in-set',
    )
  expect(found({ most: 1 })?.message).toBe(
    'filter FORWARD rule 1 would have accepted it, but 10.0.2.2 is not in set web, which is full (1 of 1 elements): nothing can be added.',
  )
  expect(found({ most: 1 })?.fix).toBeUndefined()
  for (const more of [{ most: 2 }, { most: 1, forceadd: true }, {}]) {
    expect(found(more)?.message).toMatch(/is not in set web\.$/)
    expect(found(more)?.fix).toMatch(/^ipset add web 10\.0\.2\.2 → /)
  }
})

it('plays what a bridge passes on, and leaves br_netfilter on where rules ask for its ports', () => {
  const bridged: TestPacket = {
    ...{ in: 'br0', out: 'br0', physIn: 'tap0', physOut: 'tap1' },
    ...{ src: '10.7.0.2', dst: '10.7.0.3', sport: 40_000, dport: 80 },
  }
  const port = (name: string) => ({ name, kind: 'tun', master: 'br0', addresses: [] })
  const host: Host = {
    ...ROUTER,
    links: [...ROUTER.links!, { name: 'br0', kind: 'bridge', addresses: [] }, port('tap0'), port('tap1')],
    sysctls: new Map([...ROUTER.sysctls!, ['net.bridge.bridge-nf-call-iptables', '1']]),
  }
  const found = (match: string, ...more: string[]) => {
    const rules = saved({ filter: [`-A FORWARD ${match}-j DROP`, ...more] })
    const { journeys } = explainLog(dmesg([trace('filter:FORWARD:rule:1', bridged)]), makeWorld(rules, host), [], {
      engine: modelEngine,
    })
    const of = (code: string) => findingsOf(journeys[0]!, code)
    const [tried] = (of('dropped-by-rule')[0]?.fix ?? []).map(({ after }) => after)
    return { tried, calls: of('bridge-nf-call').map(({ fix }) => fix.length) }
  }
  expect(found('-m physdev --physdev-in tap0 --physdev-is-bridged ')).toEqual({ tried: 'forwarded', calls: [] })
  expect(found('-p tcp ').calls).toEqual([1])
  expect(found('-p tcp ', '-A FORWARD -m physdev --physdev-in tap1 -j ACCEPT').calls).toEqual([0])
})
