/** nft rules asked of packets: as text, for that is how people write them. */
import type { Hook } from '../../../src/model/hook.ts'
import type { Packet } from '../../../src/model/packet.ts'
import type { Rule } from '../../../src/model/ruleset.ts'
import { emptyWorld, type World } from '../../../src/model/world.ts'
import { readNft } from '../../../src/read/rulesets/nft-text.ts'
import type { EvalContext } from '../../../src/rules/eval-context.ts'
import { match } from '../../../src/rules/match.ts'
import { isUnknown, type Truth } from '../../../src/rules/truth.ts'

/** Throws where a word of it is not understood. */
export function worldOf(text: string): World {
  const told: string[] = []
  const [ruleset] = readNft(text, (code, message, line) => told.push(`${line} ${code}: ${message}`))
  if (told.length > 0) throw new Error(told.join('\n'))
  return { ...emptyWorld(), tables: ruleset?.tables ?? [], sets: ruleset?.sets ?? [] }
}

/** The rules of chain `c` in table `t`, which is of family inet unless said otherwise; `more`: sets and other chains. */
export function rulesOf(rules: string, more = '', family = 'inet'): { world: World; rules: Rule[] } {
  const world = worldOf(`table ${family} t {\n${more}\nchain c {\n${rules}\n}\n}`)
  return { world, rules: world.tables[0]!.chains.get('c')!.rules }
}

export const momentOf = (packet: Packet, world: World, hook: Hook = 'forward'): EvalContext => ({
  packet,
  hook,
  family: packet.src?.includes(':') ? 'ip6' : 'ip',
  world,
})

export const told = (truth: Truth): boolean | string => (isUnknown(truth) ? truth.unknown : truth)

/** Whether the only rule matches: true, false, or why that cannot be told. */
export function matches(rule: string, packet: Packet, more = '', family = 'inet', hook: Hook = 'forward') {
  const { world, rules } = rulesOf(rule, more, family)
  return told(match(rules[0]!, momentOf(packet, world, hook)).truth)
}
