/** An Edit as the command that a person would type. */
import { Command, printCommand } from '../model/command.ts'
import type { Edit, NftEdit } from '../model/edit.ts'
import { conntrackWords } from './conntrack/parse.ts'
import { routeEditWords } from './ip/route-words.ts'
import { routingRuleWords } from './ip/rule-words.ts'
import { ipsetWords } from './ipset/parse.ts'
import { chainWords, ruleWords } from './iptables/print.ts'
import { nftEditCommand } from './nft/print.ts'
import { sysctlWords } from './sysctl/parse.ts'

/** In canonical words; editsOf reads it as the same edit. */
export const editCommand = (edit: Edit): Command =>
  edit.kind === 'nft' ? nftEditCommand(edit) : Command.of(wordsOf(edit))

/** For a POSIX shell; parseCommand reads it as the same edit. */
export const printEdit = (edit: Edit): string => printCommand(editCommand(edit))

function wordsOf(edit: Exclude<Edit, NftEdit>): string[] {
  switch (edit.kind) {
    case 'rule':
      return ruleWords(edit)
    case 'chain':
      return chainWords(edit)
    case 'ipset':
      return ipsetWords(edit)
    case 'route':
      return routeEditWords(edit)
    case 'routing-rule':
      return routingRuleWords(edit)
    case 'sysctl':
      return sysctlWords(edit)
    case 'conntrack':
      return conntrackWords(edit)
  }
}
