/** A rule would have taken the packet, but for what is used up, over, or full. */
import { expect, it } from 'vitest'
import { settledWords } from '../../../src/explain/counterfactual/settled-words.ts'
import type { Host } from '../../../src/index.ts'
import type { Condition } from '../../../src/model/condition.ts'
import type { NamedSet } from '../../../src/model/ruleset.ts'
import type { EvalContext } from '../../../src/rules/eval-context.ts'
import { modelEngine } from '../../../src/simulate/engine.ts'
import { explainFile, explainLog, worldOf } from '../../journey/journeys.ts'
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
  [
    'days of the week',
    '-m time --weekdays Sat,Sun --datestop 2038-01-19T03:14:07',
    'note',
    'only matches --weekdays Sat,Sun; these times are in UTC',
  ],
])('names %s', (_name, match, severity, why) => {
  expect(nearMisses(match)).toEqual([`${severity}: ${BUT}${why}.`])
})

/** By nft, of a packet that the capture has a time of. */
function passedOver(condition: string, length = 60, objects = '', code = 'near-miss'): string[] {
  const headers = `ip saddr 10.0.1.2 ip daddr 10.0.1.1 ip ttl 64 ip id 7 ip protocol tcp ip length ${length} tcp sport 40000 tcp dport 80 tcp flags == syn`
  const lines = [`packet: iif "eth0" ${headers}`, 'policy drop ']
  const trace = lines.map((line) => `trace id 0a0b0c0d inet filter input ${line}\n`).join('')
  const rules = `table inet filter {
${objects}\tchain input {
\t\ttype filter hook input priority filter; policy drop;
\t\ttcp dport 80 ${condition} accept # handle 3
\t}
}
`
  const { journeys } = explainFile(trace, worldOf(rules))
  return findingsOf(journeys[0]!, code).map(({ message }) => message)
}
const SHARED = 'the limit is shared by all packets that match the rest of the rule'
const HANDLE = 'inet filter input handle 3 would have accepted it, but '

it('says in which time zone nft has days and hours', () => {
  const ZONE = "its days are in the kernel's time zone (UTC, unless a program has changed it)"
  const LOCAL = 'nft prints times in the time zone of whoever lists the rules'
  expect(passedOver('meta day "Saturday"')).toEqual([`${HANDLE}only matches meta day "Saturday"; ${ZONE}.`])
  expect(passedOver('meta hour "07:00"-"09:00"')).toEqual([
    `${HANDLE}only matches meta hour "07:00"-"09:00"; ${LOCAL}.`,
  ])
  expect(passedOver('meta time < "2026-01-01 00:00:00"')).toEqual([
    `${HANDLE}only matches meta time < "2026-01-01 00:00:00"; ${LOCAL}.`,
  ])
})

it('says on which day a packet came', () => {
  const words = (text: string, first = '2026-11-28T23:21:58.5Z') => {
    const condition: Condition = { kind: 'unknown', text, reason: 'depends on when the packet came' }
    const moment = { packet: {} } as EvalContext
    return settledWords({ condition, settled: true }, moment, { first, last: first })?.why
  }
  expect(words('--weekdays Tue')).toMatch(/; the packet came on Sat 2026-11-28 at 23:21:58 UTC$/)
  expect(words('--monthdays 1,2')).toMatch(/; the packet came on Sat 2026-11-28 at 23:21:58 UTC$/)
  expect(words('--datestart 2027-01-01T00:00:00')).toMatch(/; the packet came on Sat 2026-11-28 at 23:21:58 UTC$/)
  expect(words('meta day "Tuesday"')).toMatch(/; the packet came on Sat 2026-11-28 at 23:21:58 UTC$/)
  expect(words('--timestart 01:00:00 --timestop 02:00:00 --datestop 2038-01-19T03:14:07')).toMatch(
    /; the packet came at 23:21:58 UTC$/,
  )
  // without a zone nobody knows the day
  expect(words('--weekdays Tue', '2026-11-28T23:21:58')).toMatch(/; these times are in UTC$/)
})

it('says that the packet is too long for a limit of bytes', () => {
  expect(passedOver('limit rate 1 kbytes/second', 1428)).toEqual([
    `${HANDLE}only matches up to 1 kbytes/second; the packet has 1428 bytes, and the limit lets no more than 1024 bytes through at once.`,
  ])
  expect(passedOver('limit rate 1 kbytes/second', 1024)).toEqual([
    `${HANDLE}only matches up to 1 kbytes/second; ${SHARED}.`,
  ])
})

it('says whose packets a limit counts', () => {
  expect(passedOver('limit rate 4/second burst 4 packets')).toEqual([
    `${HANDLE}only matches up to 4/second; ${SHARED}.`,
  ])
  const words = (text: string) => {
    const condition: Condition = { kind: 'unknown', text, reason: 'depends on the packets before' }
    return settledWords({ condition, settled: true }, { packet: {} } as EvalContext, undefined)?.why
  }
  expect(words('--limit 4/sec --limit-burst 4')).toBe(`only matches up to 4/sec; ${SHARED}`)
  expect(words('--hashlimit-upto 4/sec --hashlimit-burst 4 --hashlimit-mode srcip --hashlimit-name x')).toBeUndefined()
})

it('says so of a limit with a name, and what is used up of a quota with a name', () => {
  const limit = '\tlimit web { rate 1 kbytes/second; }\n'
  expect(passedOver('limit name "web"', 1428, limit)).toEqual([
    `${HANDLE}only matches limit name "web"; the packet has 1428 bytes, and the limit lets no more than 1024 bytes through at once.`,
  ])
  expect(passedOver('limit name "web"', 1000, limit)).toEqual([`${HANDLE}only matches limit name "web".`])
  const quota = (how: string) => `\tquota month { ${how} 500 mbytes used 500 mbytes; }\n`
  expect(passedOver('quota name "month"', 60, quota(''))[0]).toMatch(
    `${HANDLE}its quota month of 500 mbytes is used up`,
  )
  expect(passedOver('quota name "month"', 60, quota('over'))[0]).toMatch(
    `${HANDLE}its quota month of 500 mbytes is not used up yet`,
  )
})

it('says so of the limit of an element', () => {
  const set =
    '\tset slow {\n\t\ttype ipv4_addr\n\t\tlimit rate 1 kbytes/second\n\t\telements = { 10.0.1.2 limit rate 1 kbytes/second }\n\t}\n'
  expect(passedOver('ip saddr @slow', 1428, set, 'not-in-set')).toEqual([
    `${HANDLE}10.0.1.2 is in set slow, and its element allows less: the packet has 1428 bytes, and the limit lets no more than 1024 bytes through at once.`,
  ])
  expect(passedOver('ip saddr @slow', 60, set, 'not-in-set')).toEqual([
    `${HANDLE}10.0.1.2 is in set slow, and the limit of this element was used up, or the element was added later.`,
  ])
})

it('counts the header of the link where a packet leaves by a device', () => {
  const condition: Condition = {
    ...{ kind: 'unknown', text: 'limit rate 1 kbytes/second', reason: 'depends on how many bytes came before' },
    lasts: { bytes: 1024, behind: false, refills: true },
  }
  const words = (hook: 'ingress' | 'egress') =>
    settledWords({ condition, settled: false }, { packet: { length: 1020 }, hook } as EvalContext, undefined)?.why
  expect(words('egress')).toMatch(/; the packet has 1034 bytes, and the limit lets no more than 1024 bytes through/)
  expect(words('ingress')).toBeUndefined()
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

it('names the limit of each source, and not the rule of the other IP version', () => {
  const [src, dst] = ['2001:db8:1::2', '2001:db8:1::1']
  const headers = `ip6 saddr ${src} ip6 daddr ${dst} ip6 hoplimit 64 ip6 nexthdr tcp ip6 length 40 tcp sport 40000 tcp dport 22 tcp flags == syn`
  const lines = [`packet: iif "eth0" ${headers}`, 'policy drop ']
  const trace = lines.map((line) => `trace id 0a0b0c0d inet filter input ${line}\n`).join('')
  const limited = (version: string, key: string) =>
    `tcp dport 22 update @new${version} { ${key} saddr limit rate 1/hour burst 2 packets } accept`
  const set = (version: string) =>
    `\tset new${version} {\n\t\ttype ipv${version}_addr\n\t\tsize 65535\n\t\tflags dynamic\n\t}\n`
  const rules = `table inet filter {
${set('4')}${set('6')}\tchain input {
\t\ttype filter hook input priority filter; policy drop;
\t\t${limited('4', 'ip')} # handle 3
\t\t${limited('6', 'ip6')} # handle 4
\t}
}
`
  const { journeys } = explainFile(trace, worldOf(rules))
  const [first] = findingsOf(journeys[0]!, 'near-miss')
  expect(first?.message).toBe(
    'inet filter input handle 4 would have accepted it, but this packet was over the limit of 1/hour burst 2 packets that set new6 keeps for each ip6 saddr, or that set was full.',
  )
  expect(first?.fix.map(({ description }) => description)).toContain(
    "raise the limit in the rule, or delete the packet's element from set new6: its limit then starts again",
  )
})

it('names what a set keeps a limit for, whatever else its elements hold', () => {
  const words = (element: string) => {
    const condition: Condition = { kind: 'unknown', text: `update @new { ${element} }`, reason: '' }
    return settledWords({ condition, settled: true }, { packet: {} } as EvalContext, undefined)?.why
  }
  const said =
    'this packet was over the limit of 5/minute burst 5 packets that set new keeps for each ip saddr, or that set was full'
  expect(words('ip saddr timeout 1m limit rate 5/minute burst 5 packets')).toBe(said)
  expect(words('ip saddr counter limit rate 5/minute burst 5 packets comment "a b"')).toBe(said)
  // either may have been over
  expect(words('ip saddr ct count 3 limit rate 5/minute')).toBeUndefined()
})
