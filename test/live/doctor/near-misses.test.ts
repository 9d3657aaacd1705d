/** What is nearly there, and must not be found. */
import { describe, expect, test } from 'vitest'
import { diagnose } from '../../../src/live/doctor/diagnose.ts'
import { lab, whyNoLab } from './lab.ts'
import { wishFor } from './wishes.ts'

const QUIET = '</dev/null >/dev/null 2>&1 &\nsleep 0.5'
const nft = (ruleset: string) => `printf '%s\\n' '${ruleset}' | nft -f -`
const base = (rules: string, more = '') =>
  nft(`table inet t { ${more}
    chain c { type filter hook prerouting priority -350
      ${rules}
    }
  }`)
const LEGACY = (chain: string, rule: string) => `iptables-legacy -t raw -A ${chain} ${rule}`

const CASES: [not: string, setup: string, filter?: string][] = [
  [
    'trace-unreached',
    base(
      'tcp dport vmap @m',
      'map m { type inet_service : verdict; elements = { 80 : jump a }\n }\nchain a { meta nftrace set 1\n }',
    ),
  ],
  ['trace-unreached', base('tcp dport vmap { 80 : drop, 81 : jump a }', 'chain a { meta nftrace set 1\n }')],
  ['trace-unreached', base('jump b', 'chain a { meta nftrace set 1\n }\nchain b { goto a\n }')],
  // sets are listed without their elements
  [
    'trace-other',
    base(
      'ip saddr @s tcp dport { 80, 443 } meta nftrace set 1',
      'set s { type ipv4_addr; elements = { 192.0.2.1 }\n }',
    ),
    'src host 192.0.2.1 and tcp dst port 80',
  ],
  ['trace-other', LEGACY('PREROUTING', '-p tcp --dport 80 -m limit --limit 1/second -j TRACE'), 'tcp dst port 80'],
  [
    'trace-behind',
    `${LEGACY('OUTPUT', '-p udp -j ACCEPT')}; ${LEGACY('OUTPUT', '-p tcp -j TRACE')}`,
    'tcp dst port 80',
  ],
  ['trace-behind', `${LEGACY('OUTPUT', '-p tcp --dport 81 -j ACCEPT')}; ${LEGACY('OUTPUT', '-p tcp -j TRACE')}`],
  [
    'trace-behind',
    `iptables-legacy -t raw -N x; ${LEGACY('x', '-p tcp -j RETURN')}; ${LEGACY('x', '-j ACCEPT')}; ` +
      `${LEGACY('OUTPUT', '-j x')}; ${LEGACY('OUTPUT', '-p tcp -j TRACE')}`,
  ],
  [
    'trace-behind-some',
    `${LEGACY('OUTPUT', '-p tcp --dport 81 -j ACCEPT')}; ${LEGACY('OUTPUT', '-p tcp -j TRACE')}`,
    'tcp dst port 80',
  ],
  ['trace-behind-some', `${LEGACY('OUTPUT', '-p udp -j ACCEPT')}; ${LEGACY('OUTPUT', '-p tcp -j TRACE')}`],
  [
    'trace-behind-some',
    `${LEGACY('OUTPUT', '-p tcp -m limit --limit 1/second -j LOG')}; ${LEGACY('OUTPUT', '-p tcp -j TRACE')}`,
  ],
  ['trace-behind-some', `${LEGACY('OUTPUT', '-j ACCEPT')}; ${LEGACY('OUTPUT', '-p tcp -j TRACE')}`],
  ['trace-hook-output', LEGACY('PREROUTING', '-p tcp -j TRACE'), 'in lo9 and tcp dst port 80'],
  // over lo, prerouting sees it
  ['trace-hook-output', LEGACY('PREROUTING', '-p tcp -j TRACE'), 'dst host 127.0.0.1 and tcp dst port 80'],
  ['trace-hook-prerouting', LEGACY('OUTPUT', '-p tcp -j TRACE'), 'src host 127.0.0.1 and dst host 127.0.0.1'],
  ['trace-family', LEGACY('PREROUTING', '-p tcp -j TRACE'), 'tcp dst port 80'],
  [
    'trace-family',
    `${LEGACY('PREROUTING', '-s 192.0.2.1 -j TRACE')}; ip addr add 2001:db8::1/64 dev lo`,
    'tcp dst port 80',
  ],
  [
    'monitor-elsewhere',
    `iptables-nft -t raw -A OUTPUT -j TRACE; unshare --net nft monitor trace ${QUIET}\nxtables-monitor --trace ${QUIET}`,
  ],
  ['iptables-nf-tables', `iptables-nft -t raw -A OUTPUT -j TRACE; unshare --net xtables-monitor --trace ${QUIET}`],
  ['trace-hook-output', `${LEGACY('PREROUTING', '-p tcp -j TRACE')}; ${LEGACY('OUTPUT', '-p tcp -j TRACE')}`],
  ['trace-family', base('tcp dport 80 meta nftrace set 1'), 'ip6 and tcp dst port 80'],
  ['trace-family', LEGACY('OUTPUT', '-p tcp -j TRACE'), 'ip and tcp dst port 80'],
  [
    'trace-family',
    nft('table bridge t { chain c { type filter hook prerouting priority -350\n meta nftrace set 1\n }\n }'),
    'ip',
  ],
  ['nobody-listens', `${base('tcp dport 80 meta nftrace set 1')}; nft monitor trace ${QUIET}`],
  ['nobody-listens', 'iptables-nft -t raw -A PREROUTING -p tcp --dport 80 -j TRACE'],
  ['iptables-nf-tables', `iptables-nft -t raw -A OUTPUT -j TRACE; xtables-monitor --trace ${QUIET}`],
  ['no-trace-rule', `nft monitor ${QUIET}`],
  ['no-trace-rule', `${LEGACY('OUTPUT', '-p tcp -j TRACE')}; nft monitor trace ${QUIET}`],
  [
    'leftover-table',
    '{ echo "add table inet nfwhy-12 { flags owner; }"; sleep 300; } | HOME=/dev/null nft -i >/dev/null 2>&1 &\nsleep 0.5; nft list tables | grep -q nfwhy-12',
  ],
  ['leftover-table', `nft add table inet nfwhy-12; echo 'sleep 300; :' | sh -s nfwhy-12 >/dev/null 2>&1 &\nsleep 0.5`],
  ['leftover-table', `nft add table inet nfwhy; nft monitor trace ${QUIET}`],
  [
    'leftover-rule',
    `${LEGACY('OUTPUT', '-m comment --comment nfwhy-12 -j TRACE')}; echo 'sleep 300; :' | sh -s nfwhy-12 >/dev/null 2>&1 &\nsleep 0.5`,
  ],
  ['leftover-rule', LEGACY('OUTPUT', '-m comment --comment "for nfwhy" -j TRACE')],
  ['bridged', 'ip link add br0 type bridge; ip link add v0 type veth peer name v1; ip link set v0 master br0'],
  ['bridged', 'ip link add br0 type bridge; sysctl -qw net.bridge.bridge-nf-call-iptables=0'],
  ['both-backends', 'iptables-legacy -t filter -L >/dev/null; nft add table inet nfwhy-12'],
  ['never-arrives', `${LEGACY('OUTPUT', '-d 127.0.0.1 -j TRACE')}; ping -c 1 127.0.0.1 >/dev/null`],
  ['never-arrives', `${LEGACY('OUTPUT', '-j ACCEPT')}; ${LEGACY('OUTPUT', '-j TRACE')}`],
  ['interface-down', 'ip link add v0 type veth peer name v1; ip link set v0 up; ip link set v1 up', 'in v0'],
  ['before-the-hooks', 'ip link add v0 type veth peer name v1; tc qdisc add dev v1 clsact', 'in v0'],
  // a chain at ingress that drops others, or hangs on another device
  ...['tcp dst port 443', 'tcp dst port 22 and in v1'].map((filter): [string, string, string] => [
    'before-the-hooks',
    `ip link add v0 type veth peer name v1; ${nft('table netdev f {\nchain c { type filter hook ingress device "v0" priority -1\ntcp dport 22 drop\n}\n}')}`,
    filter,
  ]),
  ['trace-cut', `${LEGACY('OUTPUT', '-j TRACE')}; ip link add v0 type veth peer name v1`],
  [
    'trace-late',
    `${base('meta nftrace set 1')}; ${nft('table inet u { chain c { type filter hook prerouting priority 0\n counter\n }\n chain d { type filter hook output priority -400\n counter\n }\n }')}`,
  ],
  ['no-logger', 'sysctl -qw net.netfilter.nf_log.2=NONE; nft add table ip x'],
  [
    'logger-held',
    `${LEGACY('OUTPUT', '-j TRACE')}; tcpdump -i nflog -w /dev/null ${QUIET}\necho 'sleep 300; :' | sh -s nfwhy-12 >/dev/null 2>&1 &\nsleep 0.5`,
  ],
  [
    'trace-rule',
    `iptables-nft -t raw -A OUTPUT -m comment --comment nfwhy-12 -j TRACE; echo 'sleep 300; :' | sh -s nfwhy-12 >/dev/null 2>&1 &\nsleep 0.5`,
  ],
  ['logger-left', `tcpdump -i nflog -w /dev/null ${QUIET}`],
]

const why = whyNoLab('nft', 'iptables-legacy', 'iptables-nft', 'xtables-monitor', 'tcpdump', 'tc', 'ping')
const described = describe.skipIf(why !== undefined)

described(`in a namespace${why === undefined ? '' : `: ${why}`}`, () => {
  test.concurrent.for(CASES)('no %s (case %#)', async ([code, setup, filter], { onTestFinished }) => {
    const { problems } = await diagnose(await lab(setup, onTestFinished), wishFor(filter))
    expect(problems.map((problem) => problem.code)).not.toContain(code)
  })
})
