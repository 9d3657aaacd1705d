/** Random targets in iptables' words, of those that the table and the hooks allow. */
import type { Hook } from '../../../src/model/hook.ts'
import type { Conditions, Spot } from './matches.ts'
import type { Random } from './random.ts'
import { type Scene, SERVICE_PORTS } from './scene.ts'

/** Chains that a rule at this spot may jump to. */
export type Jumps = readonly string[]

interface Target {
  weight: number
  fits?(spot: Spot, conditions: Conditions, scene: Scene): boolean
  make(random: Random, scene: Scene, spot: Spot, conditions: Conditions): string
}

/** `-j …`, `-g …` or nothing. The kernel takes it at this spot behind these conditions. */
export function randomTarget(random: Random, scene: Scene, spot: Spot, conditions: Conditions, jumps: Jumps): string {
  const options = TARGETS.filter(({ fits }) => !fits || fits(spot, conditions, scene)).map(
    (target) => [target.weight, target.make] as const,
  )
  if (jumps.length > 0) {
    options.push([14, () => `-j ${random.pick(jumps)}`])
    options.push([5, () => `-g ${random.pick(jumps)}`])
  }
  return random.weighted(options)(random, scene, spot, conditions)
}

/** What an unconditional rule may end with: the kernel prints these in its own way. */
export const randomVerdict = (random: Random, { table }: Spot): string =>
  random.weighted([
    [4, '-j ACCEPT'],
    [5, '-j RETURN'],
    [table === 'nat' ? 0 : 2, '-j DROP'],
  ])

const inTable =
  (...tables: string[]) =>
  ({ table }: Spot) =>
    tables.includes(table)
const natAt =
  (...hooks: Hook[]) =>
  (spot: Spot) =>
    spot.table === 'nat' && spot.hooks.every((hook) => hooks.includes(hook))
const hasPorts = ({ protocol }: Conditions) => protocol === 'tcp' || protocol === 'udp'

const bits = (random: Random) => `0x${random.pick([0, 1, 2, 3, 0x10, 0x13, 0xff, 0x10000]).toString(16)}`
const masked = (random: Random) =>
  random.chance(0.5) ? bits(random) : `${bits(random)}/${random.pick(['0x1', '0xff', '0xffff', '0xfffffff0'])}`

function rewritten(random: Random, { family }: Scene, address: string, port: boolean): string {
  const ports = random.pick([`${random.pick(SERVICE_PORTS)}`, `${20000 + random.int(0, 99)}`, '31000-31009'])
  if (!port) return address
  return family === 'ip6' ? `[${address}]:${ports}` : `${address}:${ports}`
}

const REJECTS: Record<Scene['family'], readonly string[]> = {
  ip: [
    'icmp-port-unreachable',
    'icmp-net-unreachable',
    'icmp-host-prohibited',
    'icmp-admin-prohibited',
    'icmp-proto-unreachable',
  ],
  ip6: ['icmp6-port-unreachable', 'icmp6-adm-prohibited', 'icmp6-no-route', 'icmp6-addr-unreachable'],
}

const nothing = ''
const TARGETS: readonly Target[] = [
  { weight: 7, make: () => '-j ACCEPT' },
  { weight: 4, fits: (spot) => spot.table !== 'nat', make: () => '-j DROP' },
  { weight: 7, make: () => '-j RETURN' },
  { weight: 3, make: () => nothing },
  {
    weight: 5,
    fits: inTable('filter'),
    make: (random, scene, _, { protocol }) => {
      if (protocol === 'tcp' && random.chance(0.6)) return '-j REJECT --reject-with tcp-reset'
      return random.chance(0.4) ? '-j REJECT' : `-j REJECT --reject-with ${random.pick(REJECTS[scene.family])}`
    },
  },
  {
    weight: 12,
    fits: inTable('raw', 'mangle', 'filter', 'nat', 'security'),
    make: (random) =>
      `-j MARK ${random.weighted([
        [3, `--set-mark ${masked(random)}`],
        [2, `--set-xmark ${masked(random)}`],
        [1, `--and-mark ${bits(random)}`],
        [2, `--or-mark ${bits(random)}`],
        [1, `--xor-mark ${bits(random)}`],
      ])}`,
  },
  {
    weight: 4,
    fits: (spot) => spot.table !== 'raw',
    make: (random) =>
      `-j CONNMARK ${random.pick([`--set-mark ${masked(random)}`, '--save-mark', '--restore-mark', '--restore-mark --nfmask 0xff --ctmask 0xff'])}`,
  },
  {
    weight: 6,
    make: (random) => {
      const prefix = random.weighted([
        [6, `--log-prefix "${random.pick(['seen', 'drop', 'in'])}-${random.int(100, 999)}: "`],
        [1, '--log-prefix "again: "'],
        [1, ''],
      ])
      const options = random.some(
        ['--log-tcp-sequence', '--log-tcp-options', '--log-ip-options', '--log-uid', '--log-level 4'],
        2,
      )
      return ['-j LOG', prefix, ...options].filter((part) => part !== '').join(' ')
    },
  },
  { weight: 1, make: (random) => `-j NFLOG --nflog-group ${random.int(5, 9)} --nflog-prefix "x"` },
  {
    weight: 14,
    fits: natAt('prerouting', 'output'),
    make: (random, scene, _, conditions) => {
      const to = random.pick([...scene.hosts.left, ...scene.hosts.right, ...scene.own])
      return `-j DNAT --to-destination ${rewritten(random, scene, to, hasPorts(conditions) && random.chance(0.6))}`
    },
  },
  {
    weight: 5,
    fits: natAt('prerouting', 'output'),
    make: (random, _scene, _spot, conditions) =>
      hasPorts(conditions) && random.chance(0.7)
        ? `-j REDIRECT --to-ports ${random.pick(SERVICE_PORTS)}`
        : '-j REDIRECT',
  },
  {
    weight: 10,
    fits: natAt('postrouting', 'input'),
    make: (random, scene, _, conditions) => {
      const to = random.pick([...scene.own.slice(0, 2), ...scene.hosts.right.slice(1, 3)])
      return `-j SNAT --to-source ${rewritten(random, scene, to, hasPorts(conditions) && random.chance(0.4))}`
    },
  },
  {
    weight: 8,
    // over lo it would take ::1, and lines with nothing but that cannot be told from another run's
    fits: (spot, { text }, { family }) => natAt('postrouting')(spot) && (family === 'ip' || /(^|[^!] )-o k/.test(text)),
    make: (random, _scene, _spot, conditions) =>
      hasPorts(conditions) && random.chance(0.3) ? '-j MASQUERADE --to-ports 32000-32100' : '-j MASQUERADE',
  },
  {
    weight: 2,
    fits: natAt('prerouting', 'output', 'postrouting', 'input'),
    make: (random, scene) => `-j NETMAP --to ${random.pick(scene.networks.slice(0, 2))}`,
  },
  {
    weight: 6,
    fits: (spot, _, { family }) => spot.table === 'mangle' && family === 'ip',
    make: (random) =>
      `-j TTL --ttl-${random.pick(['set 64', 'set 1', 'set 7', 'dec 1', 'dec 62', 'inc 1', 'inc 200'])}`,
  },
  {
    weight: 6,
    fits: (spot, _, { family }) => spot.table === 'mangle' && family === 'ip6',
    make: (random) => `-j HL --hl-${random.pick(['set 64', 'set 1', 'set 7', 'dec 1', 'dec 62', 'inc 1', 'inc 200'])}`,
  },
  {
    weight: 3,
    fits: inTable('mangle'),
    make: (random) => `-j DSCP --set-dscp ${random.pick(['0x00', '0x0a', '0x2e'])}`,
  },
  {
    weight: 2,
    fits: inTable('mangle'),
    make: (random) => `-j TOS ${random.pick(['--set-tos 0x10/0x3f', '--set-tos 0xb8/0xff', '--or-tos 0x04'])}`,
  },
  { weight: 5, fits: inTable('raw'), make: (random) => random.pick(['-j NOTRACK', '-j CT --notrack']) },
]
