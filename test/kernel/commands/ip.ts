/** Random commands for ip route and ip rule, on a host with three links, one of them down. */
import type { Random } from '../generate/random.ts'

export const IP_SETUP = [
  'echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad',
  'ip link set lo up',
  ...[0, 1, 2].flatMap((n) => [
    `ip link add d${n} type veth peer name p${n}`,
    `echo 1 > /proc/sys/net/ipv6/conf/p${n}/disable_ipv6`,
    `ip link set p${n} up`,
    ...(n === 2 ? [] : [`ip link set d${n} up`]),
    `ip addr add 10.${n}.0.1/24 brd + dev d${n}`,
    ...(n === 2 ? [] : [`ip addr add 2001:db8:${n}::1/64 dev d${n} nodad`]),
  ]),
  // the kernel makes the routes of IPv6 addresses when the link is ready
  'sleep 0.4',
]

type Family = 'ip' | 'ip6'

export function randomIpCommands(random: Random, count: number): string[] {
  return Array.from({ length: count }, () => {
    const family = random.pick(['ip', 'ip6'] as const)
    return random.chance(0.7) ? routeCommand(random, family) : ruleCommand(random, family)
  })
}

/** Addresses without a network; some are there already, as such or with one. IPv6 has its routes later. */
export function randomAddressCommands(random: Random, count: number): string[] {
  return Array.from({ length: count }, () => {
    const address = random.pick(['10.0.0.77', '10.9.9.9', '10.9.9.9', '10.0.0.1', '10.2.0.9'])
    const op = random.pick([`add ${address}${random.pick(['/32', ''])}`, `add ${address}/32`, `del ${address}/32`])
    return `ip ${random.pick(['address', 'addr', 'a'])} ${op} dev ${device(random)}`
  })
}

const tool = (random: Random, family: Family, plain: boolean): string =>
  family === 'ip6' ? (plain ? 'ip' : 'ip -6') : random.pick(['ip', 'ip', 'ip -4'])

function routeCommand(random: Random, family: Family): string {
  if (random.chance(0.04)) return `ip ${random.pick(WRONG)}`
  const destination = network(random, family)
  const head = tool(random, family, destination.includes(':') && random.chance(0.5))
  if (random.chance(0.02)) return `${head} route flush table ${random.pick(['100', 'main', '101'])}`
  const op = random.weighted([
    [8, random.pick(['add', 'add', 'a', 'ad'])],
    [4, random.pick(['replace', 'change', 'chg', 'repl'])],
    [4, random.pick(['append', 'prepend'])],
    [6, random.pick(['del', 'delete', 'd'])],
  ])
  const part = (chance: number, words: () => string) => (random.chance(chance) ? ` ${words()}` : '')
  const table = part(
    0.25,
    () => `table ${random.pick(['100', '100', 'main', family === 'ip' ? 'local' : '101', '0x65', 'vpn', '254'])}`,
  )
  const more = [
    part(0.25, () => `${random.pick(['metric', 'priority', 'preference'])} ${random.pick([0, 5, 5, 7, 1024])}`),
    part(0.1, () => `src ${own(random, family)}`),
    part(
      family === 'ip' ? 0.1 : 0,
      () => `${random.pick(['tos', 'dsfield'])} ${random.pick(['0x10', '8', 'EF', '0'])}`,
    ),
    part(0.08, () => `mtu ${random.pick(['', 'lock '])}${random.pick([1400, 1300])}`),
    part(family === 'ip' ? 0.08 : 0, () => `scope ${random.pick(['link', 'global', 'host', 'site', '253'])}`),
    part(/^(d|ap|pr)/.test(op) ? 0 : 0.1, () => `proto ${random.pick(['static', 'boot', '99'])}`),
    part(0.05, () => 'onlink'),
  ].join('')
  const words = /^d/.test(op) && random.chance(0.4) ? '' : more
  return `${head} ${random.pick(['route', 'r', 'ro'])} ${op} ${way(random, family, destination, op)}${table}${words}`
}

const WRONG = [
  ...[
    'route add 10.9.0.0/16',
    'route add 10.9.0.0/33 dev d0',
    'route ad',
    'route add 10.9.0.1/16 dev d0',
    'rout ad 10.9/16 dev d0',
  ],
  ...[
    'route add 10.9.0.0/16 dev d0 vai 10.0.0.7',
    'route add 10.9.0.0/16 via 10.0.0.300',
    'route add 10.9.0.0/16 via',
    '-6 route add 10.9.0.0/16 dev d0',
  ],
  ...[
    'rule add',
    'rule ad from 10.0.0.0/33',
    'rule add fro 10.0.0.1',
    'rule add goto 0',
    'rule del prio 4242',
    'route ada 10.9.0.0/16 dev d0',
  ],
]

function way(random: Random, family: Family, destination: string, op: string): string {
  const nexthop = () =>
    random.weighted<() => string>([
      [6, () => `via ${gateway(random, family)}`],
      [4, () => `via ${gateway(random, family)} dev ${device(random)}`],
      [4, () => `dev ${device(random)}`],
    ])()
  return random.weighted<() => string>([
    [10, () => `${destination} ${nexthop()}`],
    [
      2,
      () =>
        `${destination} ${[1, 2].map(() => `nexthop via ${gateway(random, family)}${random.chance(0.3) ? ` weight ${random.int(1, 3)}` : ''}`).join(' ')}`,
    ],
    [
      // of IPv6, errors and gateways side by side are replaced in ways of their own, and gateways looked for through throw
      family === 'ip' || /^(add?|d)/.test(op) ? 3 : 0,
      () =>
        `${random.pick(['unreachable', 'blackhole', 'prohibit', family === 'ip' ? 'throw' : 'prohibit'])} ${destination}${random.chance(0.1) ? ' dev d0' : ''}`,
    ],
    [
      family === 'ip' ? 2 : 0,
      () => `${random.pick(['local', 'broadcast', 'unicast'])} ${destination} dev ${device(random)}`,
    ],
    [1, () => destination],
    [family === 'ip' ? 1 : 0, () => `${destination} via inet6 fe80::1 dev d0`],
  ])()
}

const network = (random: Random, family: Family): string =>
  family === 'ip'
    ? random.pick([
        'default',
        '10.9.0.0/16',
        '10.9.0.0/16',
        '10.9/16',
        '10.9.7.0/24',
        '10.8.0.1',
        '0/0',
        '10.8.0.0/255.255.0.0',
      ])
    : random.pick(['default', '2001:db8:9::/48', '2001:db8:9::/48', '2001:db8:9::7/48', '2001:db8:8::1', '::/0'])

const device = (random: Random): string => random.pick(['d0', 'd0', 'd1', 'd1', 'd2', 'lo', 'd7'])

const gateway = (random: Random, family: Family): string =>
  family === 'ip'
    ? random.pick([
        '10.0.0.7',
        '10.0.0.8',
        '10.1.0.7',
        '10.1.0.8',
        '10.2.0.7',
        '10.0.0.1',
        '10.99.0.1',
        '10.0.0.255',
        '127.0.0.1',
      ])
    : random.pick([
        '2001:db8:0::7',
        '2001:db8:0::8',
        '2001:db8:1::7',
        '2001:db8:2::7',
        '2001:db8:0::1',
        '2001:db8:99::1',
        'fe80::7',
      ])

const own = (random: Random, family: Family): string =>
  family === 'ip'
    ? random.pick(['10.0.0.1', '10.1.0.1', '10.5.0.1'])
    : random.pick(['2001:db8:0::1', '2001:db8:1::1', '2001:db8:5::1'])

function ruleCommand(random: Random, family: Family): string {
  const head = tool(random, family, false)
  // rules of IPv6 that are taken away count on where nobody ever added one (fib6_has_custom_rules), which no listing tells
  if (random.chance(0.02) && family === 'ip') return `${head} rule flush`
  const selectors = random.some(
    [
      `from ${random.pick(family === 'ip' ? ['10.0.0.0/8', '10.9.1.5', 'all'] : ['2001:db8::/32', 'all'])}`,
      `to ${random.pick(family === 'ip' ? ['10.9.0.0/16'] : ['2001:db8:9::/48'])}`,
      `${random.pick(['iif', 'dev'])} ${random.pick(['d0', 'd9', 'lo'])}`,
      `oif ${random.pick(['d0', 'd1'])}`,
      `fwmark ${random.pick(['1', '0x1', '0x1/0xff', '2/0xffffffff'])}`,
      `tos ${random.pick(['0x10', '8'])}`,
      `ipproto ${random.pick(['tcp', 'udp', '17'])}`,
      `sport ${random.pick(['80', '100-200'])}`,
      `dport ${random.pick(['80', '100-200'])}`,
      `uidrange ${random.pick(['0-5', '1000-2000'])}`,
      `suppress_prefixlength ${random.pick([0, 8])}`,
    ],
    random.pick([0, 1, 1, 2, 3]),
  )
  const action = random.weighted([
    [8, `${random.pick(['table', 'lookup'])} ${random.pick(['100', '100', '101', 'main', 'vpn'])}`],
    [1, random.pick(['blackhole', 'unreachable', 'prohibit'])],
    [1, `goto ${random.pick([150, 200, 32766])}`],
    [0.5, 'nop'],
    [2, ''],
  ])
  const priority = random.chance(0.5)
    ? `${random.pick(['prio', 'pref', 'priority'])} ${random.pick([100, 101, 102, family === 'ip' ? 32766 : 103])}`
    : ''
  const words = [random.chance(0.1) ? 'not' : '', ...selectors, action, priority].filter((one) => one !== '')
  // without anything named, the first goes, and with it what every other command stands on
  const op = random.pick(['add', 'add', selectors.length > 0 || priority !== '' ? 'del' : 'add', 'a'])
  return `${head} ${random.pick(['rule', 'ru'])} ${op} ${words.join(' ')}`
}
