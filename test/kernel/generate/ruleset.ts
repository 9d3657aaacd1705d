/** Random rulesets of one family as iptables-restore reads them, with a TRACE rule in front of everything. */
import { type Hook, IPTABLES_HOOKS, IPTABLES_TABLES } from '../../../src/model/hook.ts'
import { randomConditions, type Spot } from './matches.ts'
import type { Random } from './random.ts'
import type { Scene } from './scene.ts'
import { randomTarget, randomVerdict } from './targets.ts'

export interface Chain {
  name: string
  /** Built-in chains only. */
  policy?: 'ACCEPT' | 'DROP'
  /** What stands behind `-A CHAIN `. */
  rules: string[]
}

export interface Table {
  name: string
  chains: Chain[]
}

export interface RulesetOptions {
  /** All that there are; some stay empty. */
  tables: readonly string[]
  /** Conditions on rates and chance too. */
  beyond?: boolean
}

/** A user chain and the hooks that may lead to it; chains lead only to later ones, so there is no loop. */
interface UserChain {
  name: string
  hooks: readonly Hook[]
}

const NAMES = ['web', 'KUBE-SVC-ERIFXISQEP7F7OF4', 'in_public_deny', 'f2b-sshd', 'DOCKER-USER', 'ufw-user-input', 'x']

export function randomRuleset(random: Random, scene: Scene, { tables, beyond = true }: RulesetOptions): Table[] {
  return tables.map((name) => {
    const busy = name === 'raw' ? 0.6 : 0.85
    return randomTable(random, scene, name, random.chance(busy), beyond)
  })
}

function randomTable(random: Random, scene: Scene, name: string, busy: boolean, beyond: boolean): Table {
  const builtIn = IPTABLES_TABLES[name]!
  const allHooks = builtIn.map((chain) => IPTABLES_HOOKS[chain]!)
  const names = random.shuffled(NAMES)
  const users: UserChain[] = Array.from({ length: busy ? random.int(0, 4) : 0 }, (_, i) => ({
    name: names[i]!,
    hooks: random.some(
      allHooks,
      random.weighted([
        [5, 1],
        [3, 2],
        [2, allHooks.length],
      ]),
    ),
  }))
  const reachable = (hooks: readonly Hook[], after: number) =>
    users.flatMap((chain, i) => (i > after && hooks.every((hook) => chain.hooks.includes(hook)) ? [chain.name] : []))
  const rules = (spot: Spot, jumps: readonly string[], most: number) =>
    Array.from({ length: busy ? random.int(0, most) : 0 }, () => randomRule(random, scene, spot, jumps, beyond))
  const chains: Chain[] = builtIn.map((chain) => {
    const hook = IPTABLES_HOOKS[chain]!
    const own = rules({ table: name, hooks: [hook], builtIn: true }, reachable([hook], -1), 5)
    const traced = name === 'raw' ? ['-j TRACE', ...own] : own
    return { name: chain, policy: busy && name !== 'nat' && random.chance(0.04) ? 'DROP' : 'ACCEPT', rules: traced }
  })
  for (const [i, { name: chain, hooks }] of users.entries())
    chains.push({ name: chain, rules: rules({ table: name, hooks, builtIn: false }, reachable(hooks, i), 4) })
  return { name, chains }
}

function randomRule(random: Random, scene: Scene, spot: Spot, jumps: readonly string[], beyond: boolean): string {
  const count = random.weighted([
    [3, 0],
    [8, 1],
    [5, 2],
    [2, 3],
  ])
  if (count === 0 && random.chance(0.35)) return randomVerdict(random, spot)
  const conditions = randomConditions(random, scene, spot, count, beyond)
  return [conditions.text, randomTarget(random, scene, spot, conditions, jumps)].filter((part) => part !== '').join(' ')
}

export const printRuleset = (tables: readonly Table[]): string =>
  tables
    .map(({ name, chains }) =>
      [
        `*${name}`,
        ...chains.map((chain) => `:${chain.name} ${chain.policy ?? '-'} [0:0]`),
        ...chains.flatMap((chain) => chain.rules.map((rule) => `-A ${chain.name} ${rule}`.trimEnd())),
        'COMMIT\n',
      ].join('\n'),
    )
    .join('')
