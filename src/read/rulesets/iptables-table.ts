/** One table while its lines come in, as iptables-restore works them off; the kernel's own chains are there from the start. */
import type { Counters } from '../../model/counters.ts'
import type { Report } from '../../model/diagnostic.ts'
import type { Chain, IptablesSpec, Rule, Table } from '../../model/ruleset.ts'
import { CUT_SHORT, RULES_BEHIND } from '../../rules/cut-short.ts'
import { builtInChains, emptyChain } from '../../rules/iptables/built-in.ts'
import { printSpec } from '../../rules/iptables/print.ts'
import type { ReadRule } from '../../rules/iptables/read.ts'
import { ruleOf, ruleText } from '../../rules/iptables/rule.ts'
import { ELIDED } from './elision.ts'
import type { ChainLine, CommandLine } from './iptables-lines.ts'
import type { RuleLine } from './iptables-rule.ts'

type IpFamily = 'ip' | 'ip6'

interface Entry {
  spec: IptablesSpec
  /** In canonical words, where they were asked for. */
  printed?: string
  text: string
  line: number
  counters?: Counters
  problems: ReadRule['problems']
  /** In place of rules that the listing leaves out. */
  elided?: string
}

interface Building {
  name: string
  policy?: 'accept' | 'drop'
  counters?: Counters
  entries: Entry[]
}

export class TableBuilder {
  private readonly chains = new Map<string, Building>()
  /** How many rules have a target of this name. */
  private readonly uses = new Map<string, number>()
  private readonly name: string
  private readonly family: IpFamily
  private readonly whole: boolean
  private readonly report: Report

  /** `whole`: the file names the table, so that a chain it does not declare has the policy of a fresh one. */
  constructor(name: string, family: IpFamily, whole: boolean, report: Report) {
    this.name = name
    this.family = family
    this.whole = whole
    this.report = report
    for (const chain of builtInChains(name) ?? [])
      this.chains.set(chain, { name: chain, ...(whole ? { policy: 'accept' as const } : {}), entries: [] })
  }

  declare({ chain: name, policy, counters }: ChainLine, line: number): void {
    const chain = this.chains.get(name) ?? this.create(name)
    if (policy !== '-') this.setPolicy(chain, policy, line)
    // iptables-restore leaves it as it is
    else delete chain.policy
    if (counters) chain.counters = counters
  }

  /** Commands that are about chains; rules come through `addRule`. */
  change({ command, chain: name, words, number }: CommandLine, line: number): void {
    const chain = name === undefined ? undefined : this.chains.get(name)
    if (command === 'new-chain') {
      if (chain) this.fail(`chain ${name} already exists`, line)
      else this.create(name!)
      return
    }
    if (name !== undefined && !chain) {
      this.fail(`there is no chain ${name}`, line)
      return
    }
    const chains = chain ? [chain] : [...this.chains.values()]
    if (command === 'policy') this.setPolicy(chain!, words[0] ?? '', line)
    else if (command === 'flush') for (const one of chains) this.flush(one)
    else if (command === 'zero') for (const one of chains) zero(one)
    else if (command === 'delete-chain') this.deleteChains(chain, line)
    else if (command === 'rename-chain') this.rename(chain!, words[0], line)
    else if (command === 'delete') this.deleteNumber(chain!, number ?? 0, line)
    else this.fail(`--${command} is not understood`, line)
  }

  addRule(rule: RuleLine, line: number): void {
    const chain = this.chains.get(rule.chain) ?? this.createUndeclared(rule.chain, line)
    const entries = this.entriesOf(rule, line)
    if (rule.command === 'append') {
      for (const entry of entries) chain.entries.push(entry)
      this.count(entries, 1)
      return
    }
    if (rule.command === 'delete') {
      for (const { spec } of entries) this.deleteLike(chain, spec, line)
      return
    }
    const at = (rule.number ?? (rule.command === 'insert' ? 1 : 0)) - 1
    const last = chain.entries.length - (rule.command === 'replace' ? 1 : 0)
    if (at < 0 || at > last) this.fail(`chain ${chain.name} has no position ${at + 1}`, line)
    // of several addresses each is inserted at the same place, so that the last comes first
    const replaced = chain.entries.splice(
      Math.max(0, Math.min(at, chain.entries.length)),
      rule.command === 'replace' ? 1 : 0,
      ...entries.reverse(),
    )
    this.count(entries, 1)
    this.count(replaced, -1)
  }

  /** Whatever rules were left out in that chain here. */
  addElided(name: string, text: string, line: number): void {
    const chain = this.chains.get(name)
    if (!chain) return
    this.report('rules-left-out', `${ELIDED} ("${text}"): for a packet that gets there the outcome is unknown`, line)
    chain.entries.push({ spec: { matches: [] }, text, line, problems: [], elided: ELIDED })
  }

  /** The text ends behind a rule of the chain: tools print the rules of one chain after the other. */
  cutShort(last: string | undefined, line: number): void {
    const chains = [...this.chains.values()]
    const at = chains.findIndex(({ name }) => name === last)
    const open = chains.filter(({ entries }, i) => i === at || (i > at && entries.length === 0))
    const names = open.map(({ name }) => name).join(', ')
    this.report('rules-cut-off', `the file ends within table ${this.name}: further rules of ${names} are unknown`, line)
    for (const { entries } of open)
      entries.push({ spec: { matches: [] }, text: RULES_BEHIND, line, problems: [], elided: CUT_SHORT })
  }

  finish(): Table {
    const table: Table = { family: this.family, name: this.name, kind: 'iptables', chains: new Map() }
    for (const chain of this.chains.values()) table.chains.set(chain.name, this.finishChain(chain))
    return table
  }

  private count(entries: readonly Entry[], by: number): void {
    for (const { spec } of entries)
      if (spec.target) this.uses.set(spec.target.name, (this.uses.get(spec.target.name) ?? 0) + by)
  }

  private isUsed(name: string): boolean {
    return (this.uses.get(name) ?? 0) > 0
  }

  private flush(chain: Building): void {
    this.count(chain.entries, -1)
    chain.entries = []
  }

  private entriesOf({ read, text, chain, counters, command }: RuleLine, line: number): Entry[] {
    const more = counters ?? read.counters
    const asWritten = command === 'append' && text.startsWith('-A ') && read.specs.length === 1 && !read.counters
    return read.specs.map((spec) => ({
      spec,
      text: asWritten || (read.problems.length > 0 && read.specs.length === 1) ? text : this.text(chain, spec),
      line,
      problems: read.problems,
      ...(more ? { counters: more } : {}),
    }))
  }

  private text(chain: string, spec: IptablesSpec): string {
    return ruleText(chain, spec, this.family, this.name)
  }

  private print(spec: IptablesSpec): string {
    return printSpec(spec, this.family, this.name)
  }

  private create(name: string): Building {
    const chain: Building = { name, entries: [] }
    this.chains.set(name, chain)
    return chain
  }

  private createUndeclared(name: string, line: number): Building {
    this.report(
      'undeclared-chain',
      `chain ${name} is not declared in table ${this.name}, but has rules; nfwhy assumes that it exists`,
      line,
    )
    return this.create(name)
  }

  private isBuiltIn(name: string): boolean {
    return builtInChains(this.name)?.includes(name) ?? false
  }

  private setPolicy(chain: Building, policy: string, line: number): void {
    if (builtInChains(this.name) && !this.isBuiltIn(chain.name))
      this.report(
        'bad-policy',
        `${chain.name} is not a built-in chain of table ${this.name}, so it has no policy`,
        line,
      )
    else if (policy === 'ACCEPT' || policy === 'DROP') chain.policy = policy === 'DROP' ? 'drop' : 'accept'
    else this.report('bad-policy', `"${policy}" is not a policy; ${chain.policy ?? 'none'} is assumed`, line)
  }

  private deleteChains(chain: Building | undefined, line: number): void {
    for (const { name, entries } of chain ? [chain] : [...this.chains.values()])
      if (!this.isBuiltIn(name) && entries.length === 0 && !this.isUsed(name)) this.chains.delete(name)
      else if (chain || !this.isBuiltIn(name))
        this.fail(`chain ${name} cannot be deleted: built-in, in use or not empty`, line)
  }

  private rename(chain: Building, name: string | undefined, line: number): void {
    if (name === undefined || this.chains.has(name) || this.isBuiltIn(chain.name)) {
      this.fail(`chain ${chain.name} cannot be renamed`, line)
      return
    }
    for (const other of this.isUsed(chain.name) ? this.chains.values() : [chain])
      for (const entry of other.entries) {
        const target = entry.spec.target
        if (target?.chain && target.name === chain.name) {
          this.count([entry], -1)
          entry.spec = { ...entry.spec, target: { ...target, name } }
          this.count([entry], 1)
        } else if (other !== chain) continue
        delete entry.printed
        entry.text = this.text(other === chain ? name : other.name, entry.spec)
      }
    this.chains.delete(chain.name)
    this.chains.set(name, { ...chain, name })
  }

  private deleteNumber(chain: Building, number: number, line: number): void {
    const deleted = chain.entries.splice(number - 1, number < 1 ? 0 : 1)
    this.count(deleted, -1)
    if (deleted.length === 0) this.fail(`chain ${chain.name} has no rule ${number}`, line)
  }

  private deleteLike(chain: Building, spec: IptablesSpec, line: number): void {
    const words = this.print(spec)
    const at = chain.entries.findIndex((entry) => {
      entry.printed ??= this.print(entry.spec)
      return entry.printed === words
    })
    if (at < 0) this.fail(`chain ${chain.name} has no such rule`, line)
    else this.count(chain.entries.splice(at, 1), -1)
  }

  private fail(message: string, line: number): void {
    this.report('command-failed', `${message}; iptables-restore would refuse this`, line)
  }

  private finishChain({ name, policy, counters, entries }: Building): Chain {
    const chain = emptyChain(name, this.name)
    chain.rules = entries.map((entry, i) => this.finishRule(entry, i + 1))
    if (policy) chain.policy = policy
    if (counters) chain.counters = counters
    return chain
  }

  private finishRule({ spec, text, line, counters, problems, elided }: Entry, ruleNumber: number): Rule {
    const target = spec.target
    const missing = target?.chain === true && !this.chains.has(target.name)
    const rule = ruleOf(spec, text, ruleNumber, this.family, this.name)
    rule.line = line
    if (problems.length > 0) this.report('rule-not-understood', problems.map(({ message }) => message).join('; '), line)
    if (elided !== undefined) rule.statements = [{ kind: 'unknown', text, reason: elided }]
    if (missing) {
      const { chain: _, ...unknown } = target
      rule.iptables = { ...spec, target: unknown }
      const written = `${target.goto ? '-g' : '-j'} ${target.name}`
      const reason = this.whole
        ? 'neither a chain of this table nor a known target'
        : `chain ${target.name} is not in the listing`
      rule.statements = [{ kind: 'unknown', text: written, reason }]
      const message = this.whole ? `neither a chain of table ${this.name} nor a known target` : reason
      this.report('missing-chain', `${written}: ${message}`, line)
    }
    if (counters) rule.counters = counters
    return rule
  }
}

function zero(chain: Building): void {
  chain.counters = { packets: 0, bytes: 0 }
  for (const entry of chain.entries) entry.counters = { packets: 0, bytes: 0 }
}
