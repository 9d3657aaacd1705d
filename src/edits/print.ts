/** An Edit as the command that a person would type. */
import type { Edit, NftEdit } from '../model/edit.ts'
import { conntrackWords } from './conntrack/parse.ts'
import { routeEditWords } from './ip/route-words.ts'
import { routingRuleWords } from './ip/rule-words.ts'
import { ipsetWords } from './ipset/parse.ts'
import { chainWords, ruleWords } from './iptables/print.ts'
import { printNftEdit } from './nft/print.ts'
import { shellWord } from './shell.ts'
import { sysctlWords } from './sysctl/parse.ts'

/** In canonical words, quoted for a POSIX shell; parseCommand reads it as the same edit. */
export const printEdit = (edit: Edit): string =>
  edit.kind === 'nft' ? printNftEdit(edit) : wordsOf(edit).map(shellWord).join(' ')

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
