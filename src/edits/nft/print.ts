/** An edit of nft as the command that a person types. */
import { type Command, command, type Unsayable, unsayable, type Word } from '../../model/command.ts'
import type { NftEdit } from '../../model/edit.ts'
import type { Command as NftObject } from '../../rules/nft/objects.ts'
import { printCommand } from '../../rules/nft/print/ruleset.ts'
import { parseNft } from '../../rules/nft/text/parse.ts'

export const nftEditCommand = ({ op, object }: NftEdit): Command =>
  nftCommand(printCommand({ op, object: object as NftObject['object'] }))

/**
 * One command of nft's own language, as arguments: nft puts a blank between them and reads that. It cannot be said where it
 * would not be read as one command, and that one whole.
 */
export const nftCommand = (text: string): Command => nftArguments(...splitAtBlanks(text))

/** The same of arguments, which may hold several of nft's words. */
export function nftArguments(...words: Word[]): Command {
  const texts = words.filter((word): word is string => typeof word === 'string')
  const saidAs =
    texts.length === words.length && isOneCommand(texts.join(' ')) ? words : [...words, unsayable('language')]
  return command('nft', ...saidAs)
}

function isOneCommand(text: string): boolean {
  const { commands, problems } = parseNft(text)
  return commands.length === 1 && problems.every(({ code }) => code === 'no-change') && !hasTooLong(commands[0]!.object)
}

/** Not in quotes, which nft gets, too. */
const splitAtBlanks = (text: string): string[] => text.match(/(?:"[^"]*"?|[^\s"])+/g) ?? []

/** Bytes that nft takes as a comment (libnftnl, NFTNL_UDATA_COMMENT_MAXLEN) and as a log's prefix (NF_LOG_PREFIXLEN). */
const MOST_BYTES: Readonly<Record<string, number>> = { comment: 128, prefix: 127 }

/** Texts that nft refuses: longer ones, and those over several lines. */
function hasTooLong(value: unknown, key = ''): boolean {
  if (typeof value === 'string')
    return value.includes('\n') || new TextEncoder().encode(value).length > (MOST_BYTES[key] ?? Infinity)
  if (typeof value !== 'object' || value === null) return false
  return Object.entries(value).some(([name, one]) => hasTooLong(one, name))
}

/** Of tables, chains and sets: nft has no quotes for them (src/scanner.l, `string`). */
export const nftName = (name: string): string | Unsayable =>
  /^[A-Za-z_.][A-Za-z0-9/_.-]*$/.test(name) ? name : unsayable('language')

/** A text in quotes, which cannot hold a quote. */
export const nftString = (text: string): string | Unsayable =>
  /["\n]/.test(text) ? unsayable('language') : `"${text}"`

/** Parts of a command, each of one or more of nft's words. */
export function nftSentence(...parts: Word[]): Command {
  return nftArguments(...parts.flatMap((part): Word[] => (typeof part === 'string' ? splitAtBlanks(part) : [part])))
}
