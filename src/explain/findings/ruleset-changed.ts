import { memo } from '../../model/memo.ts'
import { ONLY_LOOKS } from '../../model/only-looks.ts'
import type { Rule } from '../../model/ruleset.ts'
import type { World } from '../../model/world.ts'
import { compareSets, sameChain } from '../../rules/difference.ts'
import { type Context, type Detector, finding } from '../context.ts'

/** It came between two times at which its rules were saved, and they were not the same: which of both it met is not known. */
export const rulesetChanged: Detector = {
  code: 'ruleset-changed',
  detect(context) {
    const { saved } = context.world
    // without a date it is laid on the latest; the first ones also count for what was before them
    const other = context.journey.time ? saved?.next : saved?.before
    if (!saved || !other) return []
    const changed = changedChains(context, other)
    if (changed.length === 0) return []
    const what = `${changed.slice(0, 3).join(', ')}${changed.length > 3 ? ' …' : ''}`
    const [from, to] = context.journey.time ? [saved.at, other.saved?.at] : [other.saved?.at, saved.at]
    const when = `${what} changed between ${words(from)} and ${words(to)}`
    const message = context.journey.time
      ? `The packet came while the rules changed: ${when}. nfwhy uses the earlier rules.`
      : `The packet has no date, and ${when}. nfwhy uses the later rules.`
    return [
      finding('ruleset-changed', 'warning', message, {
        steps: [1],
        fix: [{ description: 'see what changed: nfwhy compare, with the two rulesets', unverified: ONLY_LOOKS }],
      }),
    ]
  },
}

/** `filter INPUT`: of those that the packet passed. */
function changedChains({ journey, world }: Context, other: World): string[] {
  const found = new Set<string>()
  for (const { family, table, chain } of journey.steps) {
    if (table === undefined || chain === undefined) continue
    const [here, there] = [world, other].map(({ tables }) =>
      tables.find((one) => one.name === table && one.family === family)?.chains.get(chain),
    )
    if (!sameChain(here, there)) found.add(`${table} ${chain}`)
    for (const name of changedSets(world)(other))
      if (here?.rules.some((rule) => asks(rule, name))) found.add(`set ${name}`)
  }
  return [...found]
}

/** Names of sets that do not hold the same. */
const changedSets = memo((world: World) =>
  memo((other: World) => compareSets(world.sets, other.sets).map(({ name }) => name)),
)

/** `@web`, `--match-set web src`. */
const asks = ({ text }: Rule, set: string): boolean =>
  text
    .split(/[\s{},]+/)
    .some((word, i, words) => word === `@${set}` || (word === set && words[i - 1] === '--match-set'))

/** `2026-11-20T06:03:22` as people write it. */
const words = (time: string | undefined): string => (time ?? '?').replace('T', ' ')
