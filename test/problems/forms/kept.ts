/** What was kept of a problem's play, and how files of it are put in place of others. */
import type { Input } from '../../../src/index.ts'
import type { Asked } from './asked.ts'

export interface Kept {
  /** As `nfwhy collect` and the trace give them, by their names; a pcap's bytes are letters of Latin-1. */
  files: Readonly<Record<string, string>>
  /** What other commands print of the same, by their words. */
  asked: Asked
}

/** The same facts in another form; undefined where this problem has nothing in it. */
export type Form = (kept: Kept) => Input[] | undefined

export const inputsOf = (files: Readonly<Record<string, string>>): Input[] =>
  Object.entries(files).map(([name, text]) => (isPcap(name) ? { name, bytes: bytesOf(name, text) } : { name, text }))

const isPcap = (name: string): boolean => name.endsWith('.pcap')
export const encodingOf = (name: string) => (isPcap(name) ? 'latin1' : 'utf8')
export const bytesOf = (name: string, text: string): Uint8Array => Buffer.from(text, encodingOf(name))

/** Files by a pattern of their names, without those that `replaced` names. */
export const without = ({ files }: Kept, replaced: RegExp): Record<string, string> =>
  Object.fromEntries(Object.entries(files).filter(([name]) => !replaced.test(name)))

/** What these commands print in place of the files that `replaced` names; commands that printed nothing are left out. */
export function instead(replaced: RegExp, ...commands: readonly string[]): Form {
  return (kept) => {
    const there = commands.filter((words) => kept.asked[words] !== undefined)
    if (there.length === 0 || !Object.keys(kept.files).some((name) => replaced.test(name))) return undefined
    return inputsOf({
      ...without(kept, replaced),
      ...Object.fromEntries(there.map((words) => [named(words), kept.asked[words]!])),
    })
  }
}

export const named = (words: string): string => `${words.replaceAll(/[^\w]+/g, '-')}.txt`

/** The rules that trace stand in both: what the machine's own are is told by which of them has more. */
const IPTABLES = /^ip6?tables-(legacy|nft)\.rules$/

/** Commands of iptables for all tables that are there, by the words behind `-t TABLE`. */
function tablesAsked({ asked }: Kept, words: string): string[] {
  return Object.keys(asked).filter((command) => {
    const [, own] = /^ip6?tables-\w+ -t \w+ (.*)$/.exec(command) ?? []
    return own === words
  })
}

/** `joined`: all tables of a tool in one file, each behind its command as a person writes it above; else a file for each. */
export function iptablesAs(words: string, joined: boolean): Form {
  return (kept) => {
    const commands = tablesAsked(kept, words)
    if (commands.length === 0 || !isIptables(kept)) return undefined
    const files = without(kept, isOnNft(kept) ? /^ip6?tables-\w+\.rules$|^ruleset\.nft$/ : IPTABLES)
    for (const command of commands) {
      const [tool] = command.split(' ') as [string]
      const name = joined ? named(`${tool} ${words}`) : named(command)
      files[name] =
        `${files[name] ?? ''}${joined ? `# ${typed(command)}\n` : ''}${kept.asked[command]}${joined ? '\n' : ''}`
    }
    return inputsOf(files)
  }
}

/** As a person types it: the tool is the machine's own. */
export const typed = (command: string): string => command.replace(/^(ip6?tables)-(legacy|nft)/, '$1')

/** Rules of the machine are iptables'; with them alone, nft's listing of the same is not needed. */
export const isIptables = ({ files }: Kept): boolean =>
  Object.entries(files).some(([name, text]) => IPTABLES.test(name) && /^(\[\d+:\d+\] )?-A (?!\w+ -j TRACE)/m.test(text))

/** Are they iptables-nft's, and does nft have no tables beside them? */
export const isOnNft = ({ files }: Kept): boolean => {
  const listed = [...(files['ruleset.nft'] ?? '').matchAll(/^table (\w+) (\S+) \{/gm)]
  return listed.every(([, family, table]) => {
    const text = files[family === 'ip6' ? 'ip6tables-nft.rules' : family === 'ip' ? 'iptables-nft.rules' : '']
    return text?.includes(`*${table}\n`)
  })
}
