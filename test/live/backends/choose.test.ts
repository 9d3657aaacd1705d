import { describe, expect, test } from 'vitest'
import { alternatives } from '../../../src/filter/alternatives.ts'
import { parseFilter } from '../../../src/filter/parse.ts'
import { choosePlan } from '../../../src/live/backends/choose.ts'
import type { Wish } from '../../../src/live/plan.ts'
import { readFacts } from '../../../src/live/survey/facts.ts'
import { printed } from '../../printed.ts'

const wish = (over: Partial<Wish> & { filter?: string } = {}): Wish => {
  const { filter = '', ...rest } = over
  const parsed = parseFilter(filter)
  if ('error' in parsed) throw new Error(parsed.error.message)
  return {
    backend: 'auto',
    alternatives: alternatives(parsed.condition).list,
    rate: { packets: 10, per: 'second' },
    deadline: 600,
    log: false,
    programs: false,
    takeOver: false,
    ...rest,
  }
}

const ROOT = ['kernel 6.1.0-28-amd64', 'capabilities 000001ffffffffff', 'seconds 1800000000']
const NFT = ['program nft /usr/sbin/nft', 'version nft nftables v1.0.6 (Lester Gooch #5)', 'nft works']
const IPTABLES = (kind: string) => [
  'program iptables /usr/sbin/iptables',
  'program ip6tables /usr/sbin/ip6tables',
  `version iptables iptables v1.8.9 (${kind})`,
  `version ip6tables ip6tables v1.8.9 (${kind})`,
]
const LEGACY_RULES = ['there /proc/net/ip_tables_names', 'file /proc/net/ip_tables_names filter']
const LOGGERS = [
  'there /proc/net/netfilter/nf_log',
  'file /proc/net/netfilter/nf_log 2 nf_log_ipv4 (nf_log_ipv4,nfnetlink_log)',
  'there /proc/sys/net/netfilter/nf_log/2',
  'file /proc/sys/net/netfilter/nf_log/2 nf_log_ipv4',
]
const KMSG = ['there /dev/kmsg', 'program dmesg /usr/bin/dmesg']
const HELD = [
  'there /proc/net/netfilter/nfnetlink_log',
  'file /proc/net/netfilter/nfnetlink_log     0   4711     0 2 65535',
]

const plan = (lines: string[], over: Parameters<typeof wish>[0] = {}, direct = true) =>
  choosePlan(readFacts(lines.join('\n')), wish(over), 'nfwhy-1', direct)

describe('which backend', () => {
  test.each<[string, string[], Parameters<typeof wish>[0], boolean, string, string[]]>([
    ['nft rules', [...ROOT, ...NFT, 'nft-table table ip nat'], {}, true, 'nft', ['nft-trace']],
    ['nothing at all', [...ROOT, ...NFT], {}, true, 'nft', ['nft-trace']],
    [
      'only legacy rules, and nft to mark packets',
      [...ROOT, ...NFT, ...LEGACY_RULES, ...LOGGERS],
      {},
      true,
      'legacy',
      ['nflog', 'nft-trace'],
    ],
    [
      'rules of both',
      [...ROOT, ...NFT, 'nft-table table ip nat', ...LEGACY_RULES, ...LOGGERS],
      {},
      true,
      'nft',
      ['nft-trace', 'nflog'],
    ],
    [
      'tables of iptables-legacy that decide nothing do not count',
      [...ROOT, ...NFT, 'nft-table table ip nat', ...LEGACY_RULES, 'legacy-idle ip filter', ...LOGGERS],
      {},
      true,
      'nft',
      ['nft-trace'],
    ],
    [
      'of another table that is not known',
      [...ROOT, ...NFT, 'nft-table table ip nat', ...LEGACY_RULES, 'legacy-idle ip nat', ...LOGGERS],
      {},
      true,
      'nft',
      ['nft-trace', 'nflog'],
    ],
    [
      'a table of our own does not count',
      [...ROOT, ...NFT, 'nft-table table inet nfwhy-12', ...LEGACY_RULES, ...LOGGERS],
      {},
      true,
      'legacy',
      ['nflog', 'nft-trace'],
    ],
    ['iptables-nft, no nft', [...ROOT, ...IPTABLES('nf_tables')], {}, true, 'xtables-nft', ['nft-trace']],
    [
      'iptables-legacy, no nft',
      [...ROOT, ...IPTABLES('legacy'), ...LEGACY_RULES, ...LOGGERS],
      {},
      true,
      'legacy',
      ['nflog'],
    ],
    [
      'no way to read NFLOG',
      [...ROOT, ...IPTABLES('legacy'), ...LOGGERS, ...KMSG],
      {},
      false,
      'legacy',
      ['kernel-log'],
    ],
    [
      'asked for the kernel log',
      [...ROOT, ...NFT, ...LOGGERS, ...KMSG],
      { backend: 'kernel-log' },
      true,
      'kernel-log',
      ['kernel-log', 'nft-trace'],
    ],
    [
      'another reads NFLOG, and is to be disturbed',
      [...ROOT, ...NFT, ...LEGACY_RULES, ...LOGGERS, ...HELD, ...KMSG],
      { takeOver: true },
      true,
      'legacy',
      ['kernel-log', 'nft-trace'],
    ],
  ])('%s', (_, lines, over, direct, backend, streams) => {
    const made = plan(lines, over, direct)
    expect([made.backend, made.streams.map(({ kind }) => kind)]).toEqual([backend, streams])
  })

  test.each<[string, string[], Parameters<typeof wish>[0], RegExp]>([
    ['no rights', ['capabilities 0000000000000000', ...NFT], {}, /CAP_NET_ADMIN/],
    ['no tools', ROOT, {}, /neither nft nor iptables/],
    ['nft refused', [...ROOT, 'nft Operation not permitted'], {}, /Operation not permitted/],
    ['another reads NFLOG', [...ROOT, ...NFT, ...LEGACY_RULES, ...LOGGERS, ...HELD], {}, /NFLOG group 0/],
    ['no packet can match', [...ROOT, ...NFT], { filter: 'ip and ip6' }, /no packet/],
    ['nothing reads the kernel log', [...ROOT, ...NFT, ...LOGGERS], { backend: 'kernel-log' }, /\/dev\/kmsg/],
    [
      'a namespace whose log goes nowhere',
      [
        ...ROOT,
        ...NFT,
        ...LOGGERS,
        ...KMSG,
        'namespace net:[2]',
        'first-namespace net:[1]',
        'there /proc/sys/net/netfilter/nf_log_all_netns',
        'file /proc/sys/net/netfilter/nf_log_all_netns 0',
      ],
      { backend: 'kernel-log' },
      /only from the initial network namespace/,
    ],
  ])('none: %s', (_, lines, over, why) => {
    expect(() => plan(lines, over)).toThrow(why)
  })
})

describe('what it changes', () => {
  test('an nft table alone, where nft traces', () => {
    const { changes, table } = plan([...ROOT, ...NFT, 'nft-table table ip nat'], { filter: 'tcp dst port 80' })
    expect(changes).toEqual([])
    expect(table).toEqual({
      name: 'nfwhy-1',
      owned: true,
      commands: [
        'add table inet nfwhy-1 { flags owner; }',
        'add limit inet nfwhy-1 pace { rate 10/second burst 10 packets; }',
        'add chain inet nfwhy-1 prerouting { type filter hook prerouting priority -350; policy accept; }',
        'add rule inet nfwhy-1 prerouting meta l4proto 6 tcp dport 80 limit name "pace" meta nftrace set 1',
        'add chain inet nfwhy-1 output { type filter hook output priority -350; policy accept; }',
        'add rule inet nfwhy-1 output meta l4proto 6 tcp dport 80 limit name "pace" meta nftrace set 1',
      ],
    })
  })
  test('an older kernel has no owner of a table', () => {
    const { table, notes } = plan(['kernel 5.4.0', 'capabilities ffffffffff', ...NFT, 'nft-table table ip nat'])
    expect(table?.owned).toBe(false)
    expect(table?.commands[0]).toBe('add table inet nfwhy-1')
    expect(notes.map(({ message }) => message).join()).toMatch(/watchdog/)
  })
  test('the logger, and back to what it was', () => {
    const { changes } = plan([...ROOT, ...NFT, ...LEGACY_RULES, ...LOGGERS])
    expect(printed(changes.map(({ typed }) => typed))).toEqual([
      {
        run: 'sysctl -w net.netfilter.nf_log.2=nfnetlink_log',
        undo: 'sysctl -w net.netfilter.nf_log.2=nf_log_ipv4',
      },
    ])
  })
  test('rules that are inert by the deadline, where there is no nft', () => {
    const { changes, table } = plan([...ROOT, ...IPTABLES('legacy'), ...LEGACY_RULES, ...LOGGERS], { filter: 'icmp' })
    expect(table).toBeUndefined()
    const rule =
      '-p 1 -m time --datestop 2027-01-15T08:09:59 -m limit --limit 10/second --limit-burst 10 -m comment --comment nfwhy-1 -j TRACE'
    expect(changes.slice(1)).toMatchObject([
      {
        why: 'packets that come in are traced (IPv4)',
        run: `iptables -w 5 -t raw -I PREROUTING 1 ${rule}`,
        undo: `iptables -w 60 -t raw -D PREROUTING ${rule} || [ $? -ne 4 ]`,
      },
      {
        why: 'packets sent by the host are traced (IPv4)',
        run: `iptables -w 5 -t raw -I OUTPUT 1 ${rule}`,
        undo: `iptables -w 60 -t raw -D OUTPUT ${rule} || [ $? -ne 4 ]`,
      },
    ])
  })
})

describe('what a person should know besides', () => {
  const notes = (lines: string[], over: Parameters<typeof wish>[0] = {}) =>
    plan([...ROOT, ...lines], over)
      .notes.map(({ message }) => message)
      .join('\n')
  const NO_LEGACY = ['there /proc/net/ip_tables_names']

  test('without rules packets are seen all the same', () => {
    expect(notes([...NFT, ...NO_LEGACY])).toMatch(/no rules here: packets are seen only when they come in/)
    expect(notes([...NFT, ...NO_LEGACY, ...LOGGERS], { backend: 'legacy' })).toMatch(
      /packets are seen only when they come in/,
    )
    expect(notes([...NFT, ...NO_LEGACY, 'nft-table table ip nat'])).toBe('')
  })

  test('frames are not all traced', () => {
    expect(notes([...NFT, 'nft-table table netdev n'])).toMatch(/family netdev: .* not shown/)
    const hook = 'nft-hook inet f2b filter hook ingress device "eth0" priority -1; policy accept;'
    expect(notes([...NFT, 'nft-table table inet f2b', hook])).toMatch(/family inet at ingress: .* not shown/)
    expect(notes([...NFT, 'nft-table table inet f2b'])).not.toContain('ingress')
    expect(notes([...NFT, 'nft-table table bridge b'])).toMatch(/family bridge: only packets .* are traced there/)
  })
})
