/** Each cause that this kernel can have is made for real in a namespace, and found; in a healthy one it is not. */
import { describe, expect, test } from 'vitest'
import { CAUSES } from '../../../src/live/doctor/causes/index.ts'
import { diagnose } from '../../../src/live/doctor/diagnose.ts'
import { ANY_PACKET } from '../../../src/live/doctor/wish.ts'
import { lab, whyNoLab } from './lab.ts'
import { RULE_CASES } from './rule-cases.ts'
import { type Case, LISTENS, NFT, QUIET, TRACE4, until } from './setups.ts'
import { wishFor } from './wishes.ts'

/** Of a session that is over; sh. */
const NOTE = (more: string): string => `(umask 077; mkdir /run/nfwhy
  printf '%s\\n' 'nfwhy-note 1' 'session nfwhy-12' "boot $(cat /proc/sys/kernel/random/boot_id)" "netns $(readlink /proc/self/ns/net)" \\
    "pidns $(readlink /proc/self/ns/pid)" 'since 1' 'until 2' ${more} end >/run/nfwhy/nfwhy-12)`

/** Bans where frames come in by v0. */
const atIngress = (family: string, asks: string): string =>
  `ip link add v0 type veth peer name v1
nft -f - <<'END'
table ${family} f2b {
  set banned { type ipv6_addr; elements = { 2001:db8::9 }
  }
  chain c { type filter hook ingress device "v0" priority -1;
    ${asks} drop
  }
}
END`

const CASES: readonly Case[] = [
  {
    cause: 'no-capability',
    code: 'no-capability',
    severity: 'error',
    setup: '',
    prefix: ['setpriv', '--bounding-set', '-net_admin', '--inh-caps', '-net_admin'],
  },
  {
    cause: 'no-tool',
    code: 'no-tool',
    severity: 'error',
    setup: 'for d in /usr/sbin /sbin; do mount -t tmpfs none $d; done',
  },
  {
    cause: 'no-trace-rule',
    code: 'no-trace-rule',
    severity: 'error',
    setup: `nft add table ip x; nft monitor trace ${QUIET} ${LISTENS}`,
    command: "nfwhy trace 'tcp dst port 52000'",
  },
  {
    cause: 'iptables-nf-tables',
    code: 'iptables-nf-tables',
    severity: 'warning',
    setup: 'iptables-nft -t raw -A PREROUTING -p tcp --dport 80 -j TRACE',
    command: 'xtables-monitor --trace',
  },
  {
    cause: 'iptables-nf-tables',
    code: 'iptables-nf-tables',
    severity: 'error',
    setup: `iptables-nft -t raw -A PREROUTING -p tcp --dport 80 -j TRACE; dmesg -w ${QUIET}\n${until('grep -q dmesg /proc/[0-9]*/comm')}`,
  },
  {
    cause: 'iptables-nf-tables',
    code: 'iptables-nf-tables',
    severity: 'warning',
    setup: 'iptables-nft -t raw -A OUTPUT -p tcp --dport 80 -j TRACE; mount --bind /dev/null /usr/sbin/nft',
    command: 'xtables-monitor --trace',
  },
  {
    cause: 'leftover',
    code: 'leftover-note',
    severity: 'warning',
    setup: NOTE(''),
    command: 'nfwhy trace --cleanup',
  },
  {
    cause: 'leftover',
    code: 'leftover-note',
    severity: 'warning',
    setup: NOTE('rubbish'),
    command: 'nfwhy trace --cleanup',
  },
  {
    cause: 'leftover',
    code: 'leftover-rule',
    severity: 'warning',
    setup:
      'iptables-nft -t raw -A OUTPUT -p tcp --dport 80 -m comment --comment nfwhy-12 -m time --datestop 2026-01-05T10:00:00 -j TRACE',
    command:
      'iptables-nft -w -t raw -D OUTPUT -p tcp -m tcp --dport 80 -m comment --comment nfwhy-12 -m time --datestop 2026-01-05T10:00:00 -j TRACE',
  },
  {
    cause: 'leftover',
    code: 'trace-rule',
    severity: 'note',
    setup: 'iptables-nft -t raw -A OUTPUT -p tcp --dport 80 -j TRACE; mount --bind /dev/null /usr/sbin/nft',
    command: 'iptables-nft -w -t raw -D OUTPUT -p tcp -m tcp --dport 80 -j TRACE',
  },
  {
    cause: 'nobody-listens',
    code: 'nobody-listens',
    severity: 'warning',
    setup: NFT('tcp dport 80 meta nftrace set 1'),
    command: 'nft monitor trace',
  },
  {
    cause: 'nobody-listens',
    code: 'monitor-elsewhere',
    severity: 'error',
    setup: `${NFT('tcp dport 80 meta nftrace set 1')}; unshare --net nft monitor trace ${QUIET}\n${until('pgrep -x nft >/dev/null')}`,
    command: 'nft monitor trace',
  },
  {
    cause: 'nobody-listens',
    code: 'monitor-elsewhere',
    severity: 'warning',
    setup: `${TRACE4}; unshare --net tcpdump -i nflog -w /dev/null ${QUIET}\n${until('pgrep -x tcpdump >/dev/null')}`,
    command: 'tcpdump -n -i nflog',
  },
  {
    cause: 'no-logger',
    code: 'no-logger',
    severity: 'error',
    setup: `${TRACE4}; sysctl -qw net.netfilter.nf_log.2=NONE`,
    command: 'sysctl -w net.netfilter.nf_log.2=nf_log_ipv4',
  },
  {
    cause: 'no-logger',
    code: 'no-logger',
    severity: 'warning',
    setup: 'ip6tables-legacy -t filter -L >/dev/null; sysctl -qw net.netfilter.nf_log.10=NONE',
    command: 'sysctl -w net.netfilter.nf_log.10=nf_log_ipv6',
  },
  {
    cause: 'logger-held',
    code: 'logger-held',
    severity: 'warning',
    setup: `${TRACE4}; tcpdump -i nflog:0 -w /dev/null ${QUIET}\n${until('grep -q nfnetlink_log /proc/sys/net/netfilter/nf_log/2')}`,
    command: 'sysctl -w net.netfilter.nf_log.2=nf_log_ipv4',
  },
  {
    cause: 'logger-held',
    code: 'logger-left',
    severity: 'error',
    setup: `${TRACE4}; tcpdump -i nflog:0 -w /dev/null ${QUIET}\nT=$!; ${until('grep -q nfnetlink_log /proc/sys/net/netfilter/nf_log/2')}; kill $T; wait $T || :`,
    command: 'sysctl -w net.netfilter.nf_log.2=nf_log_ipv4',
  },
  {
    cause: 'logger-held',
    code: 'logger-left',
    severity: 'error',
    setup: `${TRACE4}; tcpdump -i nflog:7 -w /dev/null ${QUIET}\n${until('grep -q nfnetlink_log /proc/sys/net/netfilter/nf_log/2')}`,
  },
  {
    cause: 'kernel-log-refused',
    code: 'kernel-log-refused',
    severity: 'error',
    setup: TRACE4,
    prefix: ['setpriv', '--bounding-set', '-syslog,-sys_admin', '--inh-caps', '-syslog,-sys_admin'],
  },
  {
    cause: 'log-daemon',
    code: 'rsyslog-takes-none',
    severity: 'warning',
    setup: `${TRACE4}
mount -t tmpfs none /mnt; cp -a /etc /mnt/etc; mount --bind /mnt/etc /etc
printf '%s\\n' 'module(load="imklog")' '*.err /var/log/errors' > /etc/rsyslog.conf
cp /bin/sleep /mnt/rsyslogd; /mnt/rsyslogd 300 ${QUIET}`,
  },
  {
    cause: 'log-daemon',
    code: 'journald-drops',
    severity: 'warning',
    setup: `${TRACE4}
mount -t tmpfs none /mnt; cp -a /etc /mnt/etc; mount --bind /mnt/etc /etc
mkdir -p /etc/systemd; printf '%s\\n' '[Journal]' 'MaxLevelStore=err' > /etc/systemd/journald.conf
cp /bin/sleep /mnt/systemd-journald; /mnt/systemd-journald 300 ${QUIET}`,
  },
  {
    cause: 'never-arrives',
    code: 'never-arrives',
    severity: 'note',
    setup: TRACE4,
    filter: 'tcp dst port 80',
    command: "tcpdump -n -i any 'tcp dst port 80'",
  },
  { cause: 'never-arrives', code: 'no-such-interface', severity: 'error', setup: '', filter: 'in eth77' },
  {
    cause: 'never-arrives',
    code: 'interface-down',
    severity: 'error',
    setup: 'ip link add v0 type veth peer name v1',
    filter: 'in v0',
    command: 'ip link set dev v0 up',
  },
  {
    cause: 'never-arrives',
    code: 'before-the-hooks',
    severity: 'warning',
    setup: 'ip link add v0 type veth peer name v1; ip link set v0 up; ip link set v1 up; tc qdisc add dev v0 clsact',
    filter: 'in v0',
    command: 'tc filter show dev v0 ingress',
  },
  ...[
    { family: 'inet', asks: 'tcp dport 22 ip6 saddr @banned', says: 'may drop such packets' },
    { family: 'netdev', asks: 'tcp dport 22', says: 'drops such packets' },
  ].map(
    ({ family, asks, says }): Case => ({
      cause: 'never-arrives',
      code: 'before-the-hooks',
      severity: 'warning',
      setup: `${atIngress(family, asks)}\n${TRACE4}`,
      filter: 'tcp dst port 22',
      says,
      command: `nft -a list chain ${family} f2b c`,
    }),
  ),
  {
    cause: 'bridged',
    code: 'bridged',
    severity: 'warning',
    setup:
      'ip link add br0 type bridge; ip link add v0 type veth peer name v1; ip link set v0 master br0; ' +
      'sysctl -qw net.bridge.bridge-nf-call-iptables=0',
    filter: 'ip and in br0',
    command: 'sysctl -w net.bridge.bridge-nf-call-iptables=1',
  },
  {
    cause: 'both-backends',
    code: 'both-backends',
    severity: 'note',
    setup: 'iptables-legacy -t filter -L >/dev/null; nft add table ip x',
  },
  {
    cause: 'both-backends',
    code: 'both-backends',
    severity: 'warning',
    setup: `${TRACE4}; nft add table ip x`,
  },
  {
    cause: 'leftover',
    code: 'leftover-table',
    severity: 'warning',
    setup: 'nft add table inet nfwhy-12',
    command: 'nft delete table inet nfwhy-12',
  },
  {
    cause: 'leftover',
    code: 'leftover-rule',
    severity: 'warning',
    setup:
      'iptables-legacy -t raw -A OUTPUT -p tcp --dport 80 -m comment --comment "nfwhy 12 x" -m time --datestop 2026-01-05T10:00:00 -j TRACE',
    command:
      "iptables-legacy -w -t raw -D OUTPUT -p tcp -m tcp --dport 80 -m comment --comment 'nfwhy 12 x' -m time --datestop 2026-01-05T10:00:00 -j TRACE",
  },
  {
    cause: 'leftover',
    code: 'trace-rule',
    severity: 'note',
    setup: `iptables-legacy -t raw -A OUTPUT -m comment --comment 'a "b" $(reboot)' -j TRACE`,
    command: `iptables-legacy -w -t raw -D OUTPUT -m comment --comment 'a "b" $(reboot)' -j TRACE`,
  },
  ...RULE_CASES,
]

const why = whyNoLab('nft', 'iptables-legacy', 'iptables-nft', 'tcpdump', 'tc', 'setpriv')
const described = describe.skipIf(why !== undefined)

described(`in a namespace${why === undefined ? '' : `: ${why}`}`, () => {
  test.concurrent.for(CASES)('$code ($severity, case %#)', async (one, { onTestFinished }) => {
    const { code, severity, setup, filter, prefix, command, says = '' } = one
    const place = await lab(setup, onTestFinished)
    const wish = wishFor(filter)
    const { problems } = await diagnose({ ...place, prefix: [...place.prefix, ...(prefix ?? [])] }, wish)
    const found = problems.filter((problem) => problem.code === code)
    expect(
      found.map((one) => one.severity),
      JSON.stringify(problems),
    ).toContain(severity)
    expect(found.map(({ message }) => message).join('\n')).toContain(says)
    for (const { message, evidence, fix } of problems) {
      expect(message).toMatch(/^\S.*\.$/)
      expect(evidence).not.toBe('')
      if (fix) expect(fix.unsafe === undefined, message).toBe(fix.safe)
    }
    if (command !== undefined) expect(found.map(({ fix }) => commandOf(fix))).toContain(command)
  })

  test('a healthy one has none of it', async () => {
    const { problems } = await diagnose(await lab(), ANY_PACKET)
    expect(problems).toEqual([])
  })
})

test('every cause is tried', () => {
  const real = CAUSES.filter(({ tested }) => tested === 'in a namespace').map(({ id }) => id)
  expect(real.filter((id) => !CASES.some(({ cause }) => cause === id))).toEqual([])
})

import { commandText, type Mend } from '../../../src/live/doctor/problem.ts'

const commandOf = (fix: Mend | undefined) => fix?.commands && commandText(fix.commands)
