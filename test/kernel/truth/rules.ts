/** iptables-save text with counters as plain string work reads it: a second reading beside the product's own. */
export interface SavedRule {
  /** `-A CHAIN …` without counters. */
  text: string
  /** Of `-j` or `-g`. */
  target?: string
  goto: boolean
  packets: number
  bytes: number
}

export interface SavedChain {
  table: string
  name: string
  /** Built-in chains only. */
  policy?: 'ACCEPT' | 'DROP'
  packets: number
  bytes: number
  rules: SavedRule[]
}

/** `table chain` → chain. */
export type Saved = Map<string, SavedChain>

export const chainKey = (table: string, chain: string) => `${table} ${chain}`

export function readSaved(text: string): Saved {
  const saved: Saved = new Map()
  let table = ''
  for (const line of text.split('\n')) {
    const chain = /^:(\S+) (\S+) \[(\d+):(\d+)\]$/.exec(line)
    const rule = /^\[(\d+):(\d+)\] (-A (\S+).*)$/.exec(line)
    if (line.startsWith('*')) table = line.slice(1)
    else if (chain) {
      const [, name, policy, packets, bytes] = chain
      saved.set(chainKey(table, name!), {
        table,
        name: name!,
        ...(policy === '-' ? {} : { policy: policy as 'ACCEPT' | 'DROP' }),
        packets: Number(packets),
        bytes: Number(bytes),
        rules: [],
      })
    } else if (rule) {
      const [, packets, bytes, whole, name] = rule
      const target = / -(j|g) (\S+)/.exec(withoutStrings(whole!))
      saved.get(chainKey(table, name!))!.rules.push({
        text: whole!,
        ...(target ? { target: target[2]! } : {}),
        goto: target?.[1] === 'g',
        packets: Number(packets),
        bytes: Number(bytes),
      })
    }
  }
  return saved
}

/** Comments and prefixes may hold anything. */
const withoutStrings = (rule: string) => rule.replace(/"(?:[^"\\]|\\.)*"/g, '""')
