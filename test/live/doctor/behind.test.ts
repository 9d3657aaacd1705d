/** Which packets an earlier rule keeps from the TRACE rule is what the kernel's counter of that rule says. */
import { describe, expect, test } from 'vitest'
import { enderBefore } from '../../../src/live/doctor/behind.ts'
import { rulesOf } from '../../../src/live/doctor/rules.ts'
import { survey } from '../../../src/live/survey/facts.ts'
import { runScript, type TraceHost } from '../../../src/live/trace-host.ts'
import { lab, whyNoLab } from './lab.ts'
import { wishFor } from './wishes.ts'

const why = whyNoLab('iptables-legacy', 'bash')
const described = describe.skipIf(why !== undefined)

/** To two addresses and five ports, by TCP and UDP. */
const SEND = `bash -c 'for to in /dev/{tcp,udp}/127.0.0.{1,9}/{22,53,80,443,8080}; do (echo x >$to) 2>/dev/null; done; :'`

/** Rules of OUTPUT before `TRACE`; what they do to the packets that it matches; more chains. */
const CASES: [before: string[], trace: string, ends: 'all' | 'some' | 'none', chains?: string[]][] = [
  [['-p tcp -m multiport --dports 80,443 -j ACCEPT'], '-p tcp --dport 443', 'all'],
  [['-p tcp -m multiport --dports 80,443 -j ACCEPT'], '-p tcp --dport 22', 'none'],
  [['-p tcp -m multiport --dports 80,443 -j ACCEPT'], '-p tcp', 'some'],
  [['-p tcp --dport 80 -j ACCEPT', '-p tcp --dport 443 -j RETURN'], '-p tcp -m multiport --dports 80,443', 'all'],
  [['-p tcp --dport 1:442 -j ACCEPT', '-p tcp --dport 444:65535 -j ACCEPT'], '-p tcp', 'some'],
  [['! -p udp -j ACCEPT'], '-p tcp', 'all'],
  [['! -p udp -j ACCEPT'], '-p udp', 'none'],
  [['-d 127.0.0.0/29 -j ACCEPT'], '-d 127.0.0.1', 'all'],
  [['-d 127.0.0.0/29 -j ACCEPT'], '-d 127.0.0.9', 'none'],
  [['-d 127.0.0.0/29 -j ACCEPT'], '-d 127.0.0.0/8', 'some'],
  [['! -d 127.0.0.1 -j ACCEPT'], '-p tcp --dport 80', 'some'],
  [['! -o lo -j ACCEPT'], '-o lo -p tcp', 'none'],
  [['-o l+ -j ACCEPT'], '-o lo', 'all'],
  [['-p tcp --syn -j ACCEPT'], '-p tcp --syn', 'all'],
  [['-p tcp --tcp-flags ACK ACK -j ACCEPT'], '-p tcp --syn', 'none'],
  [['-j a'], '-p tcp', 'all', ['a -p udp -j RETURN', 'a -j ACCEPT']],
  [['-j a'], '-p udp', 'none', ['a -p udp -j RETURN', 'a -j ACCEPT']],
  [['-j a'], '-d 127.0.0.1', 'some', ['a -p udp -j RETURN', 'a -j ACCEPT']],
  [['-g a'], '-p tcp', 'all', ['a -p udp -j ACCEPT']],
  [['-j a'], '-p tcp', 'none', ['a -j LOG', 'a -p tcp -j RETURN']],
  [['-j MARK --set-mark 1', '-m mark --mark 1 -j ACCEPT'], '-p tcp', 'all'],
]

/** What the TRACE rule counts of them. */
async function countIn(place: TraceHost, before: readonly string[], trace: string, chains: readonly string[]) {
  const names = new Set(chains.map((line) => line.split(' ')[0]!))
  const setup = [
    '*raw',
    ...[...names].map((name) => `:${name} - [0:0]`),
    ...chains.map((line) => `-A ${line}`),
    ...[...before, `${trace} -j TRACE`].map((line) => `-A OUTPUT ${line}`),
    'COMMIT',
  ]
  const { stdout } = await runScript(
    place,
    `iptables-legacy-restore -w <<'END' && ${SEND}\n${setup.join('\n')}\nEND\niptables-legacy-save -c -t raw | grep -e '-j TRACE'`,
  )
  return Number(/^\[(\d+):/.exec(new TextDecoder().decode(stdout))?.[1])
}

described(`in a namespace${why === undefined ? '' : `: ${why}`}`, () => {
  test.concurrent.for(CASES)(
    '%s, then %s: %s leave before',
    async ([before, trace, ends, chains = []], { onTestFinished }) => {
      const place = await lab('sysctl -qw net.netfilter.nf_log.2=NONE', onTestFinished)
      const alone = await countIn(place, [], trace, [])
      const count = await countIn(place, before, trace, chains)
      expect(count === 0 ? 'all' : count === alone ? 'none' : 'some').toBe(ends)
      const { traces, world } = rulesOf(await survey(place, 'close'))
      expect(enderBefore(traces[0]!, wishFor(undefined), world)?.ends ?? 'none').toBe(ends)
    },
  )
})
