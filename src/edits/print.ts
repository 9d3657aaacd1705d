/** An Edit as the command that a person would type. */
import { Command, printCommand, type Word } from '../model/command.ts'
import type { Edit, NftCommentEdit, NftEdit } from '../model/edit.ts'
import { bridgePortWords } from './bridge/print.ts'
import { conntrackWords } from './conntrack/print.ts'
import { addressWords } from './ip/print-address.ts'
import { neighbourWords } from './ip/print-neighbour.ts'
import { routeEditWords } from './ip/print-route.ts'
import { routingRuleWords } from './ip/print-rule.ts'
import { ipsetWords } from './ipset/print.ts'
import type { IptablesPrinting } from './iptables/print.ts'
import { iptablesEdits } from './later.ts'
import { nftCommentCommand } from './nft/comment-command.ts'
import { nftEditCommand } from './nft/print.ts'
import { sysctlWords } from './sysctl/print.ts'

export interface EditPrinting extends IptablesPrinting {
  /** Not as the tool lists it, either: no quotes that nft needs not, conntrack's options by their long names. */
  typed?: boolean
}

/**
 * The command that parseCommand reads as the same edit, however it is printed. Its `whyNot` says where no words can say
 * the edit. A rule's words that nobody understands are said as they are, and no parser takes them.
 */
export function editCommand(edit: Edit, printing: EditPrinting = {}): Command {
  if (edit.kind === 'nft') return nftEditCommand(edit, printing.typed)
  if (edit.kind === 'nft-comment') return nftCommentCommand(edit)
  return Command.of(wordsOf(edit, printing))
}

/** For a POSIX shell. */
export const printEdit = (edit: Edit): string => printCommand(editCommand(edit))

function wordsOf(edit: Exclude<Edit, NftEdit | NftCommentEdit>, printing: EditPrinting): Word[] {
  switch (edit.kind) {
    case 'rule':
      return iptablesEdits.loaded.ruleWords(edit, printing)
    case 'chain':
      return iptablesEdits.loaded.chainWords(edit, printing)
    case 'ipset':
      return ipsetWords(edit)
    case 'route':
      return routeEditWords(edit)
    case 'routing-rule':
      return routingRuleWords(edit)
    case 'address':
      return addressWords(edit)
    case 'neighbour':
      return neighbourWords(edit)
    case 'bridge-port':
      return bridgePortWords(edit)
    case 'sysctl':
      return sysctlWords(edit)
    case 'conntrack':
      return conntrackWords(edit, printing.typed)
  }
}
