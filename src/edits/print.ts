/** An Edit as the command that a person would type. */
import type { Edit } from '../model/edit.ts'
import { ipsetWords } from './ipset/parse.ts'
import { chainWords, ruleWords } from './iptables/print.ts'
import { shellWord } from './shell.ts'
import { sysctlWords } from './sysctl/parse.ts'

/** In canonical words, quoted for a POSIX shell; parseCommand reads it as the same edit. */
export const printEdit = (edit: Edit): string => wordsOf(edit).map(shellWord).join(' ')

function wordsOf(edit: Edit): string[] {
  switch (edit.kind) {
    case 'rule':
      return ruleWords(edit)
    case 'chain':
      return chainWords(edit)
    case 'ipset':
      return ipsetWords(edit)
    case 'sysctl':
      return sysctlWords(edit)
    default:
      throw new Error(`${edit.kind} is not printed yet`)
  }
}
