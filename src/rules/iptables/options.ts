/**
 * Which option a word means, as getopt_long finds it in iptables 1.8.9: a name of iptables' own before those of the
 * extensions, of these the one loaded last; a shortened name only where it can mean one thing.
 */
import type { Open } from './clause.ts'
import type { IpFamily, Match, Option, Target } from './extension.ts'

/** An extension's option; `key` is its name in the extension's table. */
export interface ExtensionOption {
  open: Open
  key: string
  option: Option<unknown>
}

/** iptables' own long names and their letters; those of commands and listings count when names are shortened. */
const IP6: readonly [string, string][] = [
  ['append', 'A'],
  ['delete', 'D'],
  ['check', 'C'],
  ['insert', 'I'],
  ['replace', 'R'],
  ['list', 'L'],
  ['list-rules', 'S'],
  ['flush', 'F'],
  ['zero', 'Z'],
  ['new-chain', 'N'],
  ['delete-chain', 'X'],
  ['rename-chain', 'E'],
  ['policy', 'P'],
  ['source', 's'],
  ['destination', 'd'],
  ['src', 's'],
  ['dst', 'd'],
  ['protocol', 'p'],
  ['in-interface', 'i'],
  ['jump', 'j'],
  ['table', 't'],
  ['match', 'm'],
  ['numeric', 'n'],
  ['out-interface', 'o'],
  ['verbose', 'v'],
  ['wait', 'w'],
  ['wait-interval', 'W'],
  ['exact', 'x'],
  ['version', 'V'],
  ['help', 'h'],
  ['line-numbers', '0'],
  ['modprobe', 'M'],
  ['set-counters', 'c'],
  ['goto', 'g'],
  ['ipv4', '4'],
  ['ipv6', '6'],
]
export const OWN_OPTIONS = { ip: new Map([...IP6, ['fragments', 'f']]), ip6: new Map(IP6) }

/**
 * What the long option `name` means after the matches and the target in `opened` (in order, each with where it was
 * named last): the letter of one of
 * iptables' own, or an extension's. Undefined: nothing, or more than one thing.
 */
export function meaningOf(
  name: string,
  opened: ReadonlyMap<Match | Target, Open>,
  family: IpFamily,
): string | ExtensionOption | undefined {
  const own = OWN_OPTIONS[family]
  if (own.has(name)) return own.get(name)
  // a second `-m X` brings no options of its own, but what follows is given to it
  const loaded = [...opened.keys()].reverse()
  for (const extension of loaded)
    for (const key of Object.keys(extension.options))
      if (namesOf(extension, key).includes(name)) return optionOf(extension, key, opened)
  const begun = new Set<string>()
  for (const [long, letter] of own) if (long.startsWith(name)) begun.add(letter)
  const found: (string | ExtensionOption)[] = [...begun]
  for (const extension of loaded)
    for (const key of Object.keys(extension.options))
      if (namesOf(extension, key).some((one) => one.startsWith(name))) found.push(optionOf(extension, key, opened))
  return found.length === 1 ? found[0] : undefined
}

const namesOf = ({ options }: Match | Target, key: string): string[] => [key, ...(options[key]!.aliases ?? [])]

const optionOf = (
  extension: Match | Target,
  key: string,
  opened: ReadonlyMap<Match | Target, Open>,
): ExtensionOption => ({
  open: opened.get(extension)!,
  key,
  option: extension.options[key]!,
})
