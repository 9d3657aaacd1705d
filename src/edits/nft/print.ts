/** An edit of nft as the command that a person types. */
import { type Command, command, type Unsayable, unsayable, type Word } from '../../model/command.ts'
import type { NftEdit } from '../../model/edit.ts'
import type { Command as NftObject } from '../../rules/nft/objects.ts'
import { nftText } from '../../rules/nft/text/later.ts'

/**
 * As arguments: nft puts a blank between them and reads that as its own language. It cannot be said where that would be
 * read as anything but this one command. `typed`: without quotes that are not needed, a block as one argument.
 */
export function nftEditCommand({ op, object }: NftEdit, typed = false): Command {
  const text = nftText.loaded.printCommand({ op, object: object as NftObject['object'] }, { typed })
  const words = typed ? (text.match(TYPED_WORD) ?? []).map(withoutQuotes) : splitAtBlanks(text)
  return command('nft', ...words, ...(isRead(words.join(' '), op, object) ? [] : [unsayable('language')]))
}

/** `{ policy drop; }` is one word, as `;` needs quotes for a shell anyway. */
const TYPED_WORD = /\{ [^{}";]*; \}|(?:"[^"]*"?|[^\s"])+/g

/** Names of interfaces like eth0 are no words of nft's language, and neither is a comment of one word. */
function withoutQuotes(word: string, i: number, words: readonly string[]): string {
  const bare = word.slice(1, -1)
  const isBare = words[i - 1] === 'comment' ? /^[a-z][a-z0-9.-]*$/.test(bare) : /^[a-z]+[a-z0-9.-]*\d$/.test(bare)
  return word === `"${bare}"` && isBare ? bare : word
}

/** What is not said of the object (its handle, what its counters hold) is not asked for. */
function isRead(text: string, op: NftEdit['op'], object: object): boolean {
  const { commands, problems } = nftText.loaded.parseNft(text)
  const [read] = commands
  if (!read || commands.length > 1 || !problems.every(({ code }) => code === 'no-change')) return false
  return read.op === op && isSame(read.object, object) && !hasTooLong(read.object)
}

function isSame(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b
  const [inA, inB] = [a, b].map((one) => Object.entries(one).filter(([, value]) => value !== undefined))
  return (
    Array.isArray(a) === Array.isArray(b) &&
    inA!.length === inB!.length &&
    inA!.every(([key, value]) => Object.hasOwn(b, key) && isSame(value, (b as Record<string, unknown>)[key]))
  )
}

/** Arguments of one command in nft's own language, each of which may hold several of nft's words. */
export function nftArguments(...words: Word[]): Command {
  const texts = words.filter((word): word is string => typeof word === 'string')
  const saidAs =
    texts.length === words.length && isOneCommand(texts.join(' ')) ? words : [...words, unsayable('language')]
  return command('nft', ...saidAs)
}

function isOneCommand(text: string): boolean {
  const { commands, problems } = nftText.loaded.parseNft(text)
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
