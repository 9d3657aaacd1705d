import type { Fix, RuleRef } from '../../model/journey.ts'
import { destinationMatch, iptablesHead, shellWord } from '../commands.ts'
import { type Context, type Detected, type Detector, finding } from '../context.ts'
import { goals } from '../goals.ts'
import type { Pass } from '../passed.ts'
import { nameRef, ownerOfRef, refOf } from '../refs.ts'
import { type Unreached, unreachedChains } from '../unreached.ts'

/** A chain has the rule for it, and nothing jumps to that chain. */
export const neverReached: Detector = {
  code: 'never-reached',
  detect(context) {
    return goals(context).flatMap(({ pass, wanted, what, sure }) =>
      unreachedChains(context, pass, wanted)
        .filter(({ led, meant }) => sure || !led || meant)
        .slice(0, 2)
        .map((one) => tell(context, pass, one, what)),
    )
  },
}

function tell(context: Context, pass: Pass, one: Unreached, what: string): Detected {
  const { chain, led, then } = one
  const rule = then.matched.find((visit) => visit.chain === chain)!.rule
  const ref = refOf(context, pass.table.name, chain, rule)
  const how = led ? `this packet was not led to ${chain.name}` : `nothing jumps to ${chain.name}`
  return finding('never-reached', 'warning', `${nameRef(ref)} would have ${what}, but ${how}.`, {
    rules: [ref],
    fix: [jumpTo(context, ref, one)],
    doubt: led ? 0.4 : 0.1,
  })
}

/** `ref`: a rule of the chain that is to be reached. */
export function jumpTo(context: Context, ref: RuleRef, { chain, from, takesAll }: Unreached): Fix {
  const owner = ownerOfRef(context, ref)
  const head = iptablesHead(ref)
  const where = shellWord(from.chain.name)
  const place = from.ruleNumber > from.chain.rules.length ? `-A ${where}` : `-I ${where} ${from.ruleNumber}`
  // a chain that takes whatever comes has to be given only what is for it
  const words = `${takesAll ? destinationMatch(from.moment.packet) : ''}-j ${shellWord(chain.name)}`
  return {
    description: `let ${from.chain.name} jump to it`,
    command: `${head} ${place} ${words}`,
    undo: `${head} -D ${where} ${words}`,
    unverified: 'not tried',
    note: owner
      ? `${owner.name} writes its rules back ${owner.when}`
      : 'see whether other packets have to come there too, or fewer',
  }
}
