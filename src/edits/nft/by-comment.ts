/** `nft delete rule … handle $(…)`, where the handle is asked for by the rule's comment (comment-command.ts) → edit; and what it deletes. */
import type { NftCommentEdit } from '../../model/edit.ts'
import type { RuleFamily } from '../../model/ruleset.ts'
import type { Draft } from '../draft.ts'
import { CommandProblem, EditProblem } from '../problem.ts'
import type { ShellWord } from '../shell.ts'
import { awkScript } from './comment-command.ts'

const ASKED = /^("?)\$\(nft -a list chain (\w+ [\w./-]+ [\w./-]+) \| awk '(.*)'\)\1$/

/** Which handle a shell's word asks for, as it is written: with its quotes, and perhaps over several lines. */
export function handleAsked(text: string): ShellWord['handleOf'] {
  const [, , place, script] = ASKED.exec(text.replace(/(?:\\\r?\n| )+/g, ' ')) ?? []
  const comment = /"([\w.:-]+)"/.exec(script ?? '')?.[1]
  return place !== undefined && comment !== undefined && script === awkScript(comment) ? { place, comment } : undefined
}

/** The words behind `nft`, one of which asks for a handle. Throws CommandProblem. */
export function parseByComment(words: readonly ShellWord[]): NftCommentEdit[] {
  const [verb, kind, family, table, chain, handle, asked, ...more] = words
  const place = [family, table, chain].map((word) => word?.text).join(' ')
  const { handleOf } = asked ?? {}
  if (verb?.text !== 'delete' || kind?.text !== 'rule' || handle?.text !== 'handle' || more.length > 0 || !handleOf)
    throw new CommandProblem(words.find((word) => word.handleOf)!, 'this works only with "nft delete rule"')
  if (handleOf.place !== place) throw new CommandProblem(asked!, 'the command reads the handle from another chain')
  return [
    {
      ...{ kind: 'nft-comment', op: 'delete', family: family!.text as RuleFamily },
      ...{ table: table!.text, chain: chain!.text, comment: handleOf.comment },
    },
  ]
}

/** Throws EditProblem. */
export function editByComment({ family, table: owner, chain: name, comment }: NftCommentEdit, draft: Draft): void {
  const table = draft.world.tables.find((one) => one.kind === 'nft' && one.family === family && one.name === owner)
  const at = table?.chains.get(name)?.rules.findIndex((rule) => rule.comment === comment) ?? -1
  if (!table || at < 0) throw new EditProblem(`chain ${name} of table ${owner} has no rule with comment "${comment}"`)
  draft.work += at
  const chain = draft.chain(draft.nftTable(table), name)!
  chain.rules.splice(at, 1)
  draft.renumber(chain)
}
