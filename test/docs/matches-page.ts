/**
 * The support page of matches and targets. What it says of one is found out by trying its own table test
 * (fixtures/rules/iptables): each rule there that iptables takes is read, printed, and asked of a packet of which all is
 * known that a kernel log line and complete host state tell.
 */
import type { Condition } from '../../src/model/condition.ts'
import { type Hook, IPTABLES_HOOKS } from '../../src/model/hook.ts'
import type { IptablesSpec } from '../../src/model/ruleset.ts'
import { evaluate } from '../../src/rules/evaluate.ts'
import type { IpFamily, Match, Target } from '../../src/rules/iptables/extension.ts'
import { printSpec } from '../../src/rules/iptables/print.ts'
import { readRule } from '../../src/rules/iptables/read.ts'
import { findMatch, findTarget, MATCHES, TARGETS } from '../../src/rules/iptables/registry.ts'
import { splitWords } from '../../src/rules/iptables/words.ts'
import { verdictOf } from '../../src/rules/verdict.ts'
import { readTables } from '../rules/iptables/tables.ts'
import { effectOf, openText, unique } from './effects.ts'
import { momentFor } from './known-packet.ts'

interface Use {
  spec: IptablesSpec
  family: IpFamily
  table: string
  hook: Hook
  /** The tool's own text came out again. */
  printed: boolean
}

/** Every rule of the table tests that is taken, read. */
const USES: readonly Use[] = readTables().flatMap(({ rows }) =>
  rows
    .filter((row) => row.ok)
    .flatMap(({ rule, family, table, chain, printed }) =>
      readRule(splitWords(rule), family, table).specs.map((spec, i) => ({
        spec,
        family,
        table,
        hook: IPTABLES_HOOKS[chain]!,
        printed: printSpec(spec, family, table) === printed[i],
      })),
    ),
)

export function printPage(): string {
  return `# Matches and targets

What nfwhy understands of iptables' extensions, under the names of \`-m\` and \`-j\`. This page is printed from the code by
\`test/docs/matches.test.ts\`, which tries every rule of \`fixtures/rules/iptables\`.

- **read, printed**: every rule in the table tests of this extension that iptables takes is read, and comes out as iptables-save
  prints it. Where iptables is installed, the tests ask it the same.
- **evaluated**: can be told for a packet of which everything is known that a kernel log line shows, with the host's addresses, routes and
  ipsets. \`partly\`: for some of its options. What cannot be told is *unknown*, never taken as matching or not.
  Connection tracking is not in a kernel log: \`ct state\`, \`ct status\` and \`ct direction\` are known where the
  journey implies them, and count as known here.

An unknown condition does no harm where a trace shows that the rule matched. It limits what is said of rules that the packet did
*not* match, and of those it never came to. An extension that is not listed is kept as text, told, and unknown.

## Matches

| match | options | read | printed | evaluated | what cannot be told |
| --- | --- | --- | --- | --- | --- |
${MATCHES.map(matchRow).join('\n')}

## Targets

What a target does in the model: whether it ends the chain, what it rewrites. *goes on* means that the next rule is looked at.

| target | options | read | printed | effect | what cannot be told |
| --- | --- | --- | --- | --- | --- |
${TARGETS.map(targetRow).join('\n')}
`
}

function matchRow(match: Match): string {
  const uses = USES.filter(({ spec, family }) => spec.matches.some((one) => findMatch(one.name, family) === match))
  const conditions = uses.flatMap((use) => conditionsOf(match, use).map((one) => evaluate(one, momentFor(use))))
  const open = conditions.flatMap((truth) => (typeof truth === 'boolean' ? [] : [truth.unknown]))
  const told = conditions.length - open.length
  const evaluated = conditions.length === 0 ? 'always holds' : open.length === 0 ? 'yes' : told > 0 ? 'partly' : 'no'
  return row(match, uses, evaluated, open)
}

function conditionsOf(match: Match, { spec, family, table }: Use): Condition[] {
  const own = spec.matches.filter(({ name }) => findMatch(name, family) === match)
  return own.flatMap(({ values }) => (values ? match.conditions(values, { family, spec, table }) : []))
}

function targetRow(target: Target): string {
  const uses = USES.filter(
    ({ spec, family }) => spec.target && !spec.target.chain && findTarget(spec.target.name, family) === target,
  )
  const statements = uses.flatMap(({ spec, family, table }) =>
    target.statements(spec.target!.values!, { family, spec, table }),
  )
  const endings = uses.map(({ spec, family, table }) => {
    const rule = {
      text: '',
      ruleNumber: 1,
      conditions: [],
      statements: target.statements(spec.target!.values!, { family, spec, table }),
    }
    return verdictOf(rule).ending
  })
  const effects = [...statements.flatMap(effectOf), ...(endings.includes('continue') ? ['goes on'] : [])]
  return row(
    target,
    uses,
    unique(effects).join(', '),
    statements.flatMap((one) => (one.kind === 'unknown' ? [one.reason] : [])),
  )
}

function row(extension: Match | Target, uses: readonly Use[], what: string, open: readonly string[]): string {
  const only = extension.family === 'ip' ? ' (IPv4)' : extension.family === 'ip6' ? ' (IPv6)' : ''
  const tables = extension.tables ? `, only in ${extension.tables.join(', ')}` : ''
  const options = Object.keys(extension.options).map((option) => `\`--${option}\``)
  const printed = uses.length > 0 && uses.every((use) => use.printed)
  const cells = [
    `\`${extension.name}\`${only}${tables}`,
    options.join(' '),
    uses.length > 0 ? 'yes' : 'no',
    printed ? 'yes' : 'no',
    what,
    openText(unique(open)),
  ]
  return `| ${cells.join(' | ')} |`.replace(/ {2,}/g, ' ')
}
