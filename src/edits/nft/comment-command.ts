/** Edit → `nft delete rule … handle $(…)`, where the handle is asked for by the rule's comment. */
import { type Command, command, outputOf, piped, unsayable } from '../../model/command.ts'
import type { NftCommentEdit } from '../../model/edit.ts'
import { listChain } from './list-chain.ts'
import { nftName } from './print.ts'

export function nftCommentCommand({ family, table, chain, comment }: NftCommentEdit): Command {
  const place = [family, nftName(table), nftName(chain)]
  const asked = COMMENT.test(comment) ? awkScript(comment) : unsayable('language')
  const find = piped(listChain(family, table, chain), command('awk', asked))
  return command('nft', 'delete', 'rule', ...place, 'handle', outputOf(find))
}

/** What needs no quotes in the script, and is nothing that the shell would read. */
const COMMENT = /^[\w.:-]+$/

/** `nft -a list` ends a rule's line with `# handle 7`. */
export const awkScript = (comment: string): string => `/ comment "${comment}" / { print $NF; exit }`
