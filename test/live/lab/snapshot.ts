/** All of a place that a session may change, as lines that can be compared. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import type { TestPlace } from './place.ts'
import { Patience } from './slowness.ts'

export type Snapshot = ReadonlySet<string>

/** Of every process that a session starts on this machine, in its environment. */
export const MARK = 'NFWHY_TEST_SESSION'

/**
 * Rules of both packet filters without counters, sysctls of the network, who reads NFLOG, notes in /run/nfwhy, and
 * processes: those in its network, and with `mark` those that inherited it. An empty table whose chains all accept does
 * nothing, and is left out.
 */
export async function snapshot(place: TestPlace, mark?: string): Promise<Snapshot> {
  const { status, output } = await place.run(ASK)
  if (status !== 0) throw new Error(`no snapshot could be taken:\n${output}`)
  const lines = new Set<string>()
  let tool = ''
  let text = ''
  const close = () => {
    const rules = tool === 'nft' ? rulesOfNft(text) : tool === 'proc' ? text.split('\n') : rulesOfSave(text)
    for (const line of rules) if (line !== '') lines.add(`${tool}: ${line}`)
    text = ''
  }
  for (const line of output.split('\n')) {
    if (line.startsWith('@@ ')) {
      close()
      tool = line.slice(3)
    } else text += `${line}\n`
  }
  close()
  for (const name of notes(place.pid)) lines.add(`note: /run/nfwhy${name}`)
  for (const one of processes(place.pid, mark)) lines.add(`process: ${one}`)
  return lines
}

/** Lines `+ …` that came, `- …` that went. Empty: nothing changed. */
export const changes = (before: Snapshot, after: Snapshot): string[] => [
  ...[...after].filter((line) => !before.has(line)).map((line) => `+ ${line}`),
  ...[...before].filter((line) => !after.has(line)).map((line) => `- ${line}`),
]

/** Waits until nothing is changed, at most so long; what is then. */
export async function changesAfter(
  before: Snapshot,
  place: TestPlace,
  mark: string,
  seconds: number,
): Promise<string[]> {
  let patience: Patience | undefined
  for (;;) {
    const isLate = patience?.isOver === true
    // a look at everything takes its time, and whoever is still there has not ended
    const isBusy = processes(place.pid, mark).some((one) => !before.has(`process: ${one}`))
    if (isLate || !isBusy) {
      const found = changes(before, await snapshot(place, mark))
      if (found.length === 0 || isLate) {
        patience?.end()
        return found
      }
    }
    patience ??= new Patience(seconds)
    await new Promise((resolve) => setTimeout(resolve, isBusy ? 20 : 100))
  }
}

/** Only tables that are there: asking for others makes them. Of the whole machine, not of a namespace: nf_log_all_netns. */
const ASK = `
echo '@@ nft'; nft -s list ruleset || exit 1
for family in ip ip6; do
  for table in $(cat /proc/net/\${family}_tables_names 2>/dev/null); do
    echo "@@ \${family}tables -t $table"; \${family}tables-legacy-save -t "$table" || exit 1
  done
done
echo '@@ proc'
grep -rs . /proc/sys/net | grep -v -e nf_log_all_netns -e nf_conntrack_count -e _secret -e tcp_fastopen_key
sed 's/^/nflog /' /proc/net/netfilter/nfnetlink_log
:`

/** `-s` leaves counters out. */
const EMPTY_CHAIN = /^\tchain [^\n]*\{[^\n]*\n(?:\t\ttype [^\n]*; policy accept;\n)?\t\}\n/gm
const EMPTY_TABLE = /^table [^\n]*\{[^\n]*\n\s*\}\n/gm

/** A listing of nft's less chains that do nothing, and tables of nothing else: iptables-nft makes those, and leaves them. */
export const withoutIdle = (listing: string): string => listing.replace(EMPTY_CHAIN, '').replace(EMPTY_TABLE, '')

const rulesOfNft = (text: string): string[] =>
  [...withoutIdle(text).matchAll(/^table (.*?) \{.*\n([\s\S]*?)^\}/gm)].flatMap(([, table, body]) =>
    body!.split('\n').map((line, i) => `${table} ${i} ${line.trim()}`),
  )

const rulesOfSave = (text: string): string[] =>
  text
    .split('\n')
    .filter((line) => !line.startsWith('#') && line !== 'COMMIT' && !line.startsWith('*'))
    .map((line) => line.replace(/ \[\d+:\d+\]$/, ''))
    .filter((line) => !/^:[A-Z]+ ACCEPT$/.test(line))

function notes(pid: number): string[] {
  try {
    return ['', ...readdirSync(`/proc/${pid}/root/run/nfwhy`).map((name) => `/${name}`)]
  } catch {
    return []
  }
}

function processes(pid: number, mark: string | undefined): string[] {
  const network = readlinkSync(`/proc/${pid}/ns/net`)
  return readdirSync('/proc').flatMap((one) => {
    if (!/^\d+$/.test(one)) return []
    try {
      const marked = mark !== undefined && readFileSync(`/proc/${one}/environ`, 'latin1').includes(`${MARK}=${mark}`)
      if (!marked && readlinkSync(`/proc/${one}/ns/net`) !== network) return []
      const words = readFileSync(`/proc/${one}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
      // one that has ended, and nobody has asked yet how
      return words === '' || words.startsWith('sh -c exec 2>&1\n') ? [] : [`${one} ${words}`]
    } catch {
      return []
    }
  })
}
