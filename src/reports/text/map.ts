/** The hooks in order, for a terminal: a line for each base chain, and what only a picture would tell besides. */

import type { Ambiguous, HookEntry, HookMap, Way } from '../../analysis/hook-map.ts'
import { countWords } from '../../model/count-words.ts'
import type { Hook } from '../../model/hook.ts'
import type { Chain, Table } from '../../model/ruleset.ts'
import type { FormOptions } from '../form.ts'
import { cutMiddle, pad, widest, wrap } from './layout.ts'
import { Page } from './page.ts'

const WAYS: Readonly<Record<Way, string>> = {
  ip: 'IP',
  bridge: 'Bridged frames',
  arp: 'ARP',
  netdev: 'Devices, before anything else',
}

/** Where packets come from, by hook; of IP and of bridges. */
const WHAT: Readonly<Record<Hook, string>> = {
  ingress: 'as it comes from the device',
  prerouting: 'all incoming packets',
  input: 'for this host',
  forward: 'through this host',
  output: 'sent by this host',
  postrouting: 'all outgoing packets',
  egress: 'as it goes to the device',
}
/** What happens between two hooks. */
const BEHIND: Partial<Record<Hook, string>> = {
  prerouting: 'routing: packets for this host go to INPUT, others to FORWARD',
  output: 'routing: looked up again if rules changed the mark or an address',
}
const NAT_NOTE =
  'nat chains see only the first packet of a connection; conntrack rewrites the later ones in the same way.'
const LEAST_NAME = 12

export function mapText(map: HookMap, options: Partial<FormOptions> & { name?: string } = {}): string {
  const page = new Page(options)
  const shown = page.clean(map)
  if (options.name !== undefined) {
    page.line(page.paint(`On ${page.clean(options.name)}`, 'bold'))
    page.line()
  }
  const layout = measure(page, shown)
  if (shown.ways.length === 0 && shown.dormant.length === 0)
    page.line('The ruleset has no base chain: netfilter stops no packet here.')
  for (const { way, hooks } of shown.ways) {
    if (shown.ways.length > 1) {
      page.line(page.paint(WAYS[way], 'bold'))
      page.line()
    }
    for (const { hook, entries } of hooks) {
      const what = way === 'arp' || way === 'netdev' ? '' : `  ${WHAT[hook]}`
      page.line(`${page.paint(hook.toUpperCase(), 'cyan')}${page.paint(what, 'dim')}`)
      for (const entry of entries) writeEntry(page, entry, layout, hook)
      const behind = way === 'ip' ? BEHIND[hook] : undefined
      page.line()
      if (behind !== undefined) {
        page.line(page.paint(`  ${page.marks.to} ${behind}`, 'dim'))
        page.line()
      }
    }
  }
  writeNotes(page, shown)
  return page.take()
}

interface Layout {
  name: number
  backend: number
  family: number
  /** Chains of which no listing tells when their turn is. */
  unsure: ReadonlySet<string>
}

const placeOf = (hook: Hook, { table, chain }: { table: Table; chain: Chain }): string =>
  JSON.stringify([hook, table.family, table.name, chain.name])

const chainsOf = ({ ways }: HookMap) =>
  ways.flatMap(({ hooks }) => hooks.flatMap(({ entries }) => entries.filter((one) => one.kind === 'chain')))

/** Columns, so that lines of all hooks stand below each other. */
function measure(page: Page, map: HookMap): Layout {
  const chains = chainsOf(map)
  const backend = widest(chains.map(({ table }) => backendOf(table)))
  const family = widest(chains.map(({ table }) => table.family))
  const rest = widest(chains.map(({ chain }) => contents(chain)))
  const room = page.width - 11 - backend - family - rest - 6
  const unsure = new Set(map.ambiguous.flatMap(({ hook, chains }) => chains.map((one) => placeOf(hook, one))))
  return { unsure, backend, family, name: Math.max(LEAST_NAME, Math.min(room, widest(chains.map(nameOf)))) }
}

const nameOf = ({ table, chain }: { table: Table; chain: Chain }): string => `${table.name} ${chain.name}`

/** Whose it is: `legacy` and `nf_tables` as iptables -V says it. */
const backendOf = ({ kind, backend }: Table): string =>
  backend === 'nft' ? `${kind}-nft` : backend === 'legacy' && kind === 'iptables' ? 'legacy' : kind

function contents({ rules, policy, devices }: Chain): string {
  const count = rules.length === 0 ? 'no rules' : `${countWords(rules.length)} ${rules.length === 1 ? 'rule' : 'rules'}`
  const where = devices && devices.length > 0 ? `  on ${devices.join(', ')}` : ''
  return `${policy ?? 'policy ?'}, ${count}${where}`
}

function writeEntry(page: Page, entry: HookEntry, layout: Layout, hook: Hook): void {
  const priority = String(entry.priority).padStart(7)
  if (entry.kind === 'core') {
    const only = entry.families.length === 1 ? `  (${entry.families[0]})` : ''
    page.line(page.paint(`${priority}    ${entry.does}${only}`, 'dim'))
    return
  }
  const { table, chain } = entry
  const unsure = layout.unsure.has(placeOf(hook, entry))
  const name = pad(cutMiddle(nameOf(entry), layout.name, page.marks.cut), layout.name)
  const line = `${priority} ${unsure ? '?' : ' '}  ${name}  ${pad(backendOf(table), layout.backend)}  ${pad(table.family, layout.family)}  ${contents(chain)}`
  page.line(chain.rules.length === 0 && chain.policy !== 'drop' ? page.paint(line, 'dim') : line)
}

function writeNotes(page: Page, map: HookMap): void {
  const chains = chainsOf(map)
  const say = (text: string) => {
    for (const line of wrap(text, page.width)) page.line(line)
  }
  if (chains.some(({ chain }) => chain.type === 'nat')) say(NAT_NOTE)
  for (const { table, flowtable } of map.flowtables)
    say(
      `Flowtable ${table.family} ${table.name} ${flowtable.name}: its connections go${from(flowtable.devices)} around these hooks.`,
    )
  for (const table of map.dormant)
    say(`Table ${table.family} ${table.name} is dormant: its chains are attached to no hook.`)
  for (const one of map.ambiguous) say(`? ${ambiguousWords(one)}`)
}

/** `INPUT at 0: filter INPUT (legacy) and …`: a sentence. */
export function ambiguousWords({ hook, priority, chains }: Ambiguous): string {
  const names = chains.map(({ table, chain }) => `${table.family} ${table.name} ${chain.name} (${backendOf(table)})`)
  const list = `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
  return `${hook.toUpperCase()} at ${priority}: the newest of the chains ${list} is evaluated first. No listing shows which one is the newest; a trace shows it.`
}

const from = (devices: readonly string[]): string => (devices.length === 0 ? '' : ` from ${devices.join(', ')}`)
