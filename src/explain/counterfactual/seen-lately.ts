/** `-m recent` lists senders by itself: a rule puts there whoever it matches, and another one asks for them. */
import type { RuleRef } from '../../model/journey.ts'
import type { Context } from '../context.ts'
import { nameRef, refOf } from '../refs.ts'

const ASKS = /^--(?:rcheck|update) .*?--name (\S+)/

/** The rule that lists addresses for the one that ended it at `step`; undefined where there is none, or several. */
export function listerOf(context: Context, step: number): { ref: RuleRef; words: string } | undefined {
  const { rule, table } = context.evidence.arrivals[step]!
  // behind a jump, what leads there is said with the list
  if (step !== context.ended.step) return undefined
  const names = rule?.conditions.flatMap((one) => (one.kind === 'unknown' && ASKS.exec(one.text)?.[1]) || []) ?? []
  const [set] = names
  if (set === undefined || !table) return undefined
  // xt_recent.c has one list by a name for all tables, with addresses of each family
  const tables = context.world.tables.filter(({ family }) => family === table.family)
  const found = tables.flatMap(({ name, chains }) =>
    [...chains.values()].flatMap((chain) =>
      chain.rules.flatMap((one) => (lists(one.text, set) ? [refOf(context, name, chain, one)] : [])),
    ),
  )
  const [ref] = found
  return ref && found.length === 1 ? { ref, words: `; ${nameRef(ref)} adds addresses to that list` } : undefined
}

function lists(text: string, name: string): boolean {
  const words = text.split(' ')
  return words.some((word, i) => word === '--set' && words[i + 1] === '--name' && words[i + 2] === name)
}
