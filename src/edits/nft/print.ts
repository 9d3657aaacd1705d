/** An edit of nft as the command that a person types, for a shell. */
import type { NftEdit } from '../../model/edit.ts'
import type { Command } from '../../rules/nft/objects.ts'
import { printCommand } from '../../rules/nft/print/ruleset.ts'
import { shellWord } from '../shell.ts'

/** Brackets that stand alone are nothing to a shell behind a command. */
export const printNftEdit = ({ op, object }: NftEdit): string =>
  nftCommand(printCommand({ op, object: object as Command['object'] }))

/** nft's own language as the words of a shell. */
export const nftCommand = (text: string): string => ['nft', ...wordsOf(text).map(quoted)].join(' ')

/** At blanks that are not in quotes; nft gets the quotes, too. */
const wordsOf = (text: string): string[] => text.match(/(?:"[^"]*"?|[^\s"])+/g) ?? []

const quoted = (word: string): string => (word === '{' || word === '}' ? word : shellWord(word))
