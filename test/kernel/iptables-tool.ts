/** What the real iptables makes of iptables-save text: loaded in a namespace of its own, and listed again. */
import { runInNamespace } from './namespaces.ts'

export interface Listing {
  /** `TABLE CHAIN` → its rules as iptables-save prints them, in order. */
  rules: Map<string, string[]>
  /** `TABLE CHAIN` → its policy, `-` for a chain without one. */
  policies: Map<string, string>
}

export interface Job {
  text: string
  family: 'ip' | 'ip6'
  backend: 'legacy' | 'nft'
  /** Shell commands: sets that the rules ask for. */
  before?: readonly string[]
}

/** One answer for each job, in order: what is listed after loading it, or why the tool refused. */
export function load(jobs: readonly Job[]): (Listing | string)[] {
  const script = jobs.map(({ text, family, backend, before = [] }, i) => {
    const tool = `${family === 'ip' ? 'iptables' : 'ip6tables'}-${backend}`
    const end = `@END ${i}`
    return [
      `echo '@JOB ${i}'`,
      // a namespace for each: nothing is left over from the job before
      `unshare --net sh <<'${end} SCRIPT'`,
      ...before,
      `if ${tool}-restore <<'${end}'`,
      `${text.replace(/\n$/, '')}`,
      end,
      `then echo '@LISTING'; ${tool}-save; fi 2>&1`,
      `${end} SCRIPT`,
    ].join('\n')
  })
  const answers: (Listing | string)[] = []
  for (const part of runInNamespace(script.join('\n'))
    .split(/^@JOB /m)
    .slice(1)) {
    const [said = '', listed] = part.split('@LISTING\n')
    answers[Number(/^\d+/.exec(part)?.[0])] = listed === undefined ? said : readListing(listed)
  }
  return answers
}

/** Told apart by nothing but `*TABLE`, `:CHAIN POLICY` and `-A CHAIN RULE`. */
export function readListing(text: string): Listing {
  const listing: Listing = { rules: new Map(), policies: new Map() }
  let table = ''
  for (const line of text.split('\n')) {
    const [first = '', second = ''] = line.split(' ')
    if (first.startsWith('*')) table = first.slice(1)
    else if (first.startsWith(':')) {
      listing.policies.set(`${table} ${first.slice(1)}`, second)
      listing.rules.set(`${table} ${first.slice(1)}`, [])
    } else if (first === '-A') listing.rules.get(`${table} ${second}`)?.push(line)
  }
  return listing
}

/** What differs between two listings, chain by chain; a table that only `actual` has is nothing to tell. */
export function differences(expected: Listing, actual: Listing): string[] {
  const tables = new Set([...expected.rules.keys()].map((key) => key.split(' ')[0]))
  const keys = [...actual.rules.keys()].filter((key) => tables.has(key.split(' ')[0]))
  const found: string[] = []
  for (const key of new Set([...expected.rules.keys(), ...keys])) {
    const [wanted, got] = [expected.policies.get(key), actual.policies.get(key)]
    if (wanted !== got) found.push(`${key}: policy ${wanted} ≠ ${got}`)
    const [want, have] = [expected.rules.get(key) ?? [], actual.rules.get(key) ?? []]
    for (let i = 0; i < Math.max(want.length, have.length); i++)
      if (want[i] !== have[i]) found.push(`${key} ${i + 1}: ${want[i]} ≠ ${have[i]}`)
  }
  return found
}
