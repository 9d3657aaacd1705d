/**
 * A jump that stands elsewhere as it should stand here: in the table of the same name of the other IP version, or at another
 * hook of the same table. It says how wide the one is to be that is missing.
 */
import type { RuleRef } from '../../model/journey.ts'
import type { Chain, Rule, Table } from '../../model/ruleset.ts'
import type { EvalContext } from '../../rules/eval-context.ts'
import { evaluateAll } from '../../rules/evaluate.ts'
import { otherVersion } from '../../rules/prefixes.ts'
import { verdictOf } from '../../rules/verdict.ts'
import { changesOf, propose } from '../changes/change.ts'
import type { Proposal } from '../changes/proposal.ts'
import type { Spot } from '../changes/rule-changes.ts'
import type { Context } from '../context.ts'
import { nameRef, refOf } from '../refs.ts'

export interface SiblingJump {
  ref: RuleRef
  rule: Rule
  /** Of the other IP version; else of another hook. */
  version?: 'IPv4' | 'IPv6'
}

/** `from`: the chain that should jump; `to`: the name of the chain that it should jump to. */
export function siblingJump(
  context: Context,
  { family, table }: Pick<RuleRef, 'family' | 'table'>,
  { chain: from, moment }: { chain: Chain; moment: EvalContext },
  to: string,
): SiblingJump | undefined {
  const tables = context.world.tables.filter(({ name }) => name === table)
  const own = tables.find((one) => one.family === family)
  const jumps = (chain: Chain | undefined) =>
    // a jump for some packets is to be one for this packet as well
    chain?.rules.find((rule) => verdictOf(rule).chain === to && evaluateAll(rule.conditions, moment) === true)
  const told = (chain: Chain, { name }: Table, rule: Rule) => ({ ref: refOf(context, name, chain, rule), rule })
  for (const twin of tables) {
    if (twin.family !== otherVersion(family) || twin.kind !== own?.kind || !own?.chains.has(to)) continue
    const chain = twin.chains.get(from.name)
    const rule = chain?.hook === from.hook ? jumps(chain) : undefined
    if (chain && rule) return { ...told(chain, twin, rule), version: family === 'ip' ? 'IPv6' : 'IPv4' }
  }
  if (!own || from.hook === undefined) return undefined
  for (const chain of own.chains.values()) {
    const rule = chain !== from && chain.hook !== undefined ? jumps(chain) : undefined
    // what is for whatever comes at another hook may be too wide for this one
    if (rule && rule.conditions.length > 0) return told(chain, own, rule)
  }
  return undefined
}

/** Behind a full stop: ` For IPv4, ip qubes forward handle 4 jumps there.` */
export const siblingWords = ({ ref, version }: SiblingJump): string =>
  ` ${version === undefined ? '' : `For ${version}, `}${nameRef(ref)} jumps there.`

/** `ref`: a rule of the table that is to have it. */
export const copiedJump = (ref: RuleRef, spot: Spot, { ref: sibling, rule }: SiblingJump, to: string): Proposal[] =>
  propose(
    `make ${spot.chain} jump to ${to}`,
    rule.conditions.length === 0
      ? changesOf(ref).add(ref, spot, { kind: 'all' }, { kind: 'jump', chain: to })
      : changesOf(ref).copy({ ...sibling, family: ref.family, table: ref.table }, spot),
    `the same jump as ${nameRef(sibling)}; opens whatever ${to} accepts`,
  )
