/** A setup in a lab: put there, asked, changed, and told with the tools that people use. */

import { Random } from '../generate/random.ts'
import { Lab } from '../lab/lab.ts'
import { type Exchange, Exchanges } from './exchange.ts'
import type { Filter } from './filters/filter.ts'
import { iptablesNft } from './filters/iptables-nft.ts'
import { legacy } from './filters/legacy.ts'
import { nft } from './filters/nft.ts'
import { Hosts } from './hosts.ts'
import type { MakeSetup, Probe, Setup } from './setup.ts'
import type { Table } from './table.ts'

/** Commands and those that take them back. */
export interface Change {
  do: string[]
  undo: string[]
}

/** What stands in place of the setup's own. */
export interface Variant extends Partial<Pick<Setup, 'tables' | 'sets' | 'servers' | 'services'>> {
  changes?: Change[]
}

const printed = (path: string): string => `[ ! -e ${path} ] || { echo '==> ${path} <=='; cat ${path}; }`

const IPSEC = ['policy', 'state'].map((what) => `echo '==> ip xfrm ${what} <=='; ip xfrm ${what}`).join('; ')

const FILTERS: readonly Filter[] = [legacy, iptablesNft, nft]

export class Stage {
  readonly lab: Lab
  readonly setup: Setup
  readonly filter: Filter
  private readonly exchanges: Exchanges
  private hosts: Hosts
  private undo: string[][] = []

  private constructor(lab: Lab, setup: Setup, filter: Filter) {
    this.lab = lab
    this.filter = filter
    this.setup = { ...setup, tables: this.filter.complete(setup.tables) }
    this.exchanges = new Exchanges(lab, this.filter)
    this.hosts = new Hosts(lab.topology, setup.services)
  }

  static async open(make: MakeSetup, seed: number, name: Filter['name']): Promise<Stage> {
    const filter = FILTERS.find((one) => one.name === name)!
    let setup: Setup | undefined
    const lab = await Lab.open((topology) => {
      setup = make(new Random(seed), topology)
      return { settings: setup.settings ?? [], routing: setup.routing?.add ?? [] }
    })
    const stage = new Stage(lab, setup!, filter)
    await stage.filter.prepare(lab)
    return stage
  }

  close(): Promise<void> {
    return this.lab.close()
  }

  /** As the setup is, or as the variant has it; nothing of what was there before stays. */
  async put(variant: Variant = {}): Promise<void> {
    const { lab } = this
    // a fix of which the tool refused a part has done the rest
    for (const command of this.undo.reverse()) await lab.run(command)
    this.undo = []
    const { tables = this.setup.tables, sets = this.setup.sets ?? [], changes = [] } = variant
    const { services = this.setup.services, servers = this.setup.servers ?? [] } = variant
    await this.filter.clear(lab)
    await lab.must(['conntrack', '-F'])
    await this.filter.load(lab, tables, sets)
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
    await this.filter.replace(this.lab, tables)
  }

  ask(probe: Probe, sport?: number): Promise<Exchange> {
    return this.exchanges.ask(probe, this.hosts, sport)
  }

  /** Files as `nfwhy collect` would save them, by the tools' own names. */
  async state(): Promise<Record<string, string>> {
    const { lab } = this
    const files: Record<string, string> = {
      ...(await lab.hostState()),
      ...(await this.filter.state(lab)),
      'ss.txt': `${await lab.must(['ss', '-lntup'])}# all listening sockets of tcp and udp\n`,
      'conntrack.txt': await lab.must(['conntrack', '-L']),
      'ip-neigh.txt': await lab.must(['ip', 'neigh']),
      'queues.txt': await lab.must(['sh', '-c', printed('/proc/net/netfilter/nfnetlink_queue')]),
      'ipsec.txt': await lab.must(['sh', '-c', IPSEC]),
    }
    // what lists nothing prints nothing
    return Object.fromEntries(Object.entries(files).filter(([, text]) => text.trim() !== ''))
  }
}
