/** A setup in a lab: put there, asked, changed, and told with the tools that people use. */

import { Random } from '../generate/random.ts'
import { printRuleset, type Table } from '../generate/ruleset.ts'
import { legacy } from '../lab/backend.ts'
import { Lab } from '../lab/lab.ts'
import { type Exchange, Exchanges } from './exchange.ts'
import { Hosts } from './hosts.ts'
import type { MakeSetup, Probe, Setup } from './setup.ts'

/** Commands and those that take them back. */
export interface Change {
  do: string[]
  undo: string[]
}

/** What stands in place of the setup's own. */
export interface Variant extends Partial<Pick<Setup, 'tables' | 'sets' | 'servers' | 'services'>> {
  changes?: Change[]
}

const TABLES: Readonly<Record<string, readonly string[]>> = {
  raw: ['PREROUTING', 'OUTPUT'],
  mangle: ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'],
  nat: ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'],
  filter: ['INPUT', 'FORWARD', 'OUTPUT'],
  security: ['INPUT', 'FORWARD', 'OUTPUT'],
}

export class Stage {
  readonly lab: Lab
  readonly setup: Setup
  private readonly exchanges: Exchanges
  private hosts: Hosts
  private undo: string[][] = []

  private constructor(lab: Lab, setup: Setup) {
    this.lab = lab
    this.setup = setup
    this.exchanges = new Exchanges(lab)
    this.hosts = new Hosts(lab.topology, setup.services)
  }

  static async open(make: MakeSetup, seed: number): Promise<Stage> {
    let setup: Setup | undefined
    const lab = await Lab.open((topology) => {
      setup = make(new Random(seed), topology)
      return { settings: setup.settings ?? [], routing: setup.routing?.add ?? [] }
    })
    return new Stage(lab, { ...setup!, tables: withAllTables(setup!.tables) })
  }

  close(): Promise<void> {
    return this.lab.close()
  }

  /** As the setup is, or as the variant has it; nothing of what was there before stays. */
  async put(variant: Variant = {}): Promise<void> {
    const { lab } = this
    for (const command of this.undo.reverse()) await lab.must(command)
    this.undo = []
    const { tables = this.setup.tables, sets = this.setup.sets ?? [], changes = [] } = variant
    const { services = this.setup.services, servers = this.setup.servers ?? [] } = variant
    const empty = withAllTables([]).map((table) => ({ ...table, chains: table.chains.filter(({ policy }) => policy) }))
    await lab.must(legacy.restore('ip'), printRuleset(empty))
    await lab.must(['conntrack', '-F'])
    await lab.must(['ipset', 'destroy'])
    if (sets.length > 0) await lab.must(['ipset', 'restore'], `${sets.join('\n')}\n`)
    await lab.must(legacy.restore('ip'), printRuleset(withAllTables(tables)))
    await lab.listen(servers)
    this.hosts = new Hosts(lab.topology, services)
    await this.change(changes)
  }

  /** What is done now is undone by the next `put`. */
  async change(changes: readonly Change[]): Promise<void> {
    for (const { do: command, undo } of changes) {
      await this.lab.must(command)
      this.undo.push(undo)
    }
  }

  /** Rules in place of those there; connections and sets stay. */
  async replace(tables: readonly Table[]): Promise<void> {
    await this.lab.must(legacy.restore('ip'), printRuleset(withAllTables(tables)))
  }

  ask(probe: Probe, sport?: number): Promise<Exchange> {
    return this.exchanges.ask(probe, this.hosts, sport)
  }

  /** Files as `nfwhy collect` would save them, by the tools' own names. */
  async state(): Promise<Record<string, string>> {
    const { lab } = this
    const files: Record<string, string> = {
      ...(await lab.hostState()),
      'rules.v4': await lab.must(legacy.save('ip')),
      'ss.txt': await lab.must(['ss', '-lntup']),
      'conntrack.txt': await lab.must(['conntrack', '-L']),
      'ipset.save': await lab.must(['ipset', 'save']),
    }
    // what lists nothing prints nothing
    return Object.fromEntries(Object.entries(files).filter(([, text]) => text.trim() !== ''))
  }
}

/** Every table with its own chains, and tracing in front of everything: the machine is one where all were used before. */
function withAllTables(tables: readonly Table[]): Table[] {
  return Object.entries(TABLES).map(([name, builtIn]) => {
    const chains = tables.find((table) => table.name === name)?.chains ?? []
    const all = builtIn.map(
      (chain) => chains.find((one) => one.name === chain) ?? { name: chain, policy: 'ACCEPT' as const, rules: [] },
    )
    const traced = all.map((chain) =>
      name === 'raw' && chain.rules[0] !== '-j TRACE' ? { ...chain, rules: ['-j TRACE', ...chain.rules] } : chain,
    )
    return { name, chains: [...traced, ...chains.filter((chain) => !builtIn.includes(chain.name))] }
  })
}
