/** Commands that are proposed do what they say, and their undo brings back the very same rules. */

import { describe, expect, test } from 'vitest'
import { diagnose } from '../../../src/live/doctor/diagnose.ts'
import { runMend } from '../../../src/live/doctor/fix.ts'
import { runScript, type TraceHost } from '../../../src/live/trace-host.ts'
import { command } from '../../../src/model/command.ts'
import { lab, whyNoLab } from './lab.ts'
import { wishFor } from './wishes.ts'

const why = whyNoLab('nft', 'iptables-legacy', 'iptables-nft')
const described = describe.skipIf(why !== undefined)

const rules = async (place: TraceHost) => {
  const script = 'nft -s list ruleset; iptables-legacy-save -t raw; cat /proc/sys/net/bridge/bridge-nf-call-iptables'
  const { stdout } = await runScript(place, script)
  return new TextDecoder().decode(stdout).replace(/^#.*\n|\[\d+:\d+\]/gm, '')
}

const chain = (...lines: string[]) =>
  `nft add table inet t; nft 'add chain inet t c { type filter hook output priority -350; }'; ${lines
    .map((line) => `nft 'add rule inet t c ${line}'`)
    .join('; ')}`

const TRACE = 'meta l4proto tcp tcp dport 80 counter meta nftrace set 1 comment "a $(reboot) b"'

const CASES: [code: string, setup: string, filter?: string][] = [
  ['trace-rule', chain(TRACE)],
  ['trace-rule', chain('tcp dport 22 accept', TRACE)],
  ['trace-rule', chain('tcp dport 22 accept', TRACE, 'tcp dport 23 accept')],
  ['trace-rule', chain(TRACE, 'tcp dport 23 accept')],
  ['trace-rule', 'iptables-nft -t raw -A OUTPUT -p udp -j ACCEPT; iptables-nft -t raw -A OUTPUT -p tcp -j TRACE'],
  [
    'trace-rule',
    `iptables-legacy -t raw -A OUTPUT -p udp -j ACCEPT; iptables-legacy -t raw -A OUTPUT -p tcp -m comment --comment "it's 'x'; \\"y\\" \\\\z \\$(reboot)" -j TRACE`,
  ],
  ['trace-behind', 'iptables-legacy -t raw -A OUTPUT -j ACCEPT; iptables-legacy -t raw -A OUTPUT -p tcp -j TRACE'],
  [
    'trace-behind',
    'iptables-nft -t raw -A OUTPUT -p tcp -m multiport --dports 80,443 -j ACCEPT; iptables-nft -t raw -A OUTPUT -p tcp --dport 443 -j TRACE; iptables-nft -t raw -A OUTPUT -p udp -j ACCEPT',
    'tcp dst port 443',
  ],
  [
    'trace-behind',
    `ip6tables-nft -t raw -N t; ip6tables-nft -t raw -A t -p tcp -j ACCEPT; ip6tables-nft -t raw -A t -p tcp -m comment --comment "it's "x"" -j TRACE; ip6tables-nft -t raw -A OUTPUT -j t`,
    'ip6 and tcp',
  ],
  ...['legacy', 'nft'].map((backend): [string, string] => {
    const add = `iptables-${backend} -t raw -A OUTPUT`
    return ['trace-behind', `${add} -p tcp -j TRACE; ${add} -j ACCEPT; ${add} -p tcp -j TRACE`]
  }),
  [
    'trace-hook-output',
    'iptables-nft -t raw -A OUTPUT -p udp -j ACCEPT; iptables-nft -t raw -A PREROUTING -i v0 -p tcp --dport 80 -j TRACE',
  ],
  ['trace-hook-prerouting', chain(TRACE)],
  [
    'trace-family',
    'ip addr add 2001:db8::1/64 dev lo; ip6tables-nft -t raw -A PREROUTING -p udp -j ACCEPT; ' +
      'iptables-nft -t raw -A PREROUTING -p tcp --dport 80 -j TRACE',
  ],
  [
    'trace-behind-some',
    'iptables-nft -t raw -A OUTPUT -p tcp --dport 22 -j ACCEPT; iptables-nft -t raw -A OUTPUT -p tcp -j TRACE',
  ],
  [
    'trace-hook-prerouting',
    "iptables-legacy -t raw -A OUTPUT -o lo -p tcp -m comment --comment 'x y' -j TRACE",
    'in v0 and tcp',
  ],
  [
    'bridged',
    'ip link add br0 type bridge; ip link add v0 type veth peer name v1; ip link set v0 master br0; sysctl -qw net.bridge.bridge-nf-call-iptables=0',
  ],
  [
    'trace-unreached',
    `nft add table inet t; nft 'add chain inet t c { type filter hook output priority 0; }'; nft add rule inet t c meta nftrace set 1; nft 'add table inet t { flags dormant; }'`,
  ],
]

described(`in a namespace${why === undefined ? '' : `: ${why}`}`, () => {
  test.concurrent.for(CASES)(
    '%s (case %#): done, found no more, and taken back',
    async ([code, setup, filter], { onTestFinished }) => {
      const place = await lab(setup, onTestFinished)
      const before = await rules(place)
      const find = async () => (await diagnose(place, wishFor(filter))).problems.find((one) => one.code === code)
      const { fix } = (await find())!
      expect(await runMend(place, fix!)).toEqual({ done: true })
      expect(await rules(place)).not.toBe(before)
      expect(await find()).toBeUndefined()
      expect(await runMend(place, { ...fix!, commands: fix!.undo! })).toEqual({ done: true })
      expect(await rules(place)).toBe(before)
    },
  )

  test('what fails says why', async () => {
    const commands = [command('nft', 'delete', 'table', 'ip', 'nosuch')]
    const done = await runMend(await lab(), { description: '', commands, safe: true })
    expect(done).toEqual({ done: false, said: expect.stringContaining('No such file') })
  })
})
