/**
 * SARIF 2.1.0 (OASIS), as code scanning and editors read it: what was found, at the line of the rule that decided. Each kind of failed packet has
 * its results; what passed has none.
 */
import { isFailing } from '../../analysis/exchange-counts.ts'
import { printCommand } from '../../model/command.ts'
import type { Diagnostic } from '../../model/diagnostic.ts'
import type { Finding, PrintedFix, RuleRef } from '../../model/journey.ts'
import { ONLY_LOOKS } from '../../model/only-looks.ts'
import { allPrintable } from '../../model/printable.ts'
import type { World } from '../../model/world.ts'
import { decidedOf } from '../decided-words.ts'
import { wordOf } from '../exchange-words.ts'
import type { Form, Group } from '../form.ts'
import { NOTICES, ruleName, triedWords } from '../journey-words.ts'
import { UNICODE as MARKS } from '../marks.ts'
import { addressWords, kindWords } from '../packet-words.ts'
import { printedGroup } from '../printed-group.ts'
import { placeOf } from './places.ts'

const SCHEMA = 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json'

/** A finding that is told of each failed packet which has none of its own. */
const FAILED = 'failed'

const LEVELS = { error: 'error', warning: 'warning', note: 'note' } as const

/** `version`: nfwhy's own. */
export const sarif = (version: string): Form => ({
  describe: 'SARIF 2.1.0',
  ending: '.sarif',
  folds: true,
  open() {
    const results: object[] = []
    const rules = new Map<string, number>()
    const ruleIndex = (code: string): number => {
      if (!rules.has(code)) rules.set(code, rules.size)
      return rules.get(code)!
    }
    return {
      begin: () => '',
      journey(of) {
        const { world } = of
        const group = allPrintable(printedGroup(of))
        for (const { code, level, message, at, also, fix } of problemsOf(group)) {
          const locations = at ? [location(at, world)] : []
          results.push({
            ruleId: code,
            ruleIndex: ruleIndex(code),
            level,
            message: { text: `${packetWords(group)}: ${[message, ...fixWords(fix)].join(' ')}` },
            locations,
            ...(also.length === 0 ? {} : { relatedLocations: also.map((one) => location(one, world)) }),
            occurrenceCount: group.count,
            partialFingerprints: { 'nfwhy/1': [code, wordOf(group), at ? ruleName(at) : ''].join(' ') },
            properties: {
              packet: group.journey.packet,
              ...(group.journey.host === undefined ? {} : { host: group.journey.host }),
              fixes: fix.flatMap(({ command, undo }) =>
                command ? [{ command: printCommand(command), ...(undo ? { undo: printCommand(undo) } : {}) }] : [],
              ),
            },
          })
        }
        return ''
      },
      end: ({ warnings }) =>
        `${JSON.stringify(
          {
            $schema: SCHEMA,
            version: '2.1.0',
            runs: [
              {
                tool: { driver: { name: 'nfwhy', version, rules: [...rules.keys()].map((id) => ({ id })) } },
                columnKind: 'utf16CodeUnits',
                invocations: [
                  { executionSuccessful: true, toolExecutionNotifications: allPrintable(warnings).map(notification) },
                ],
                results,
              },
            ],
          },
          undefined,
          1,
        )}\n`,
    }
  },
})

interface Problem {
  code: string
  level: (typeof LEVELS)[keyof typeof LEVELS]
  message: string
  /** The rule to look at. */
  at: RuleRef | undefined
  also: readonly RuleRef[]
  fix: readonly PrintedFix[]
}

function problemsOf(group: Group<PrintedFix>): Problem[] {
  const { journey } = group
  const found = journey.findings
    .filter(({ severity, code }) => severity !== 'note' && !NOTICES.has(code))
    .map((one) => ofFinding(one, group))
  if (found.length > 0 || !isFailing(group)) return found
  const message = journey.findings[0]?.message ?? ''
  return [
    { code: FAILED, level: 'error', message, at: culpritOf(group), also: [], fix: journey.findings[0]?.fix ?? [] },
  ]
}

function ofFinding(finding: Finding<PrintedFix>, group: Group<PrintedFix>): Problem {
  const { code, severity, message, rules, fix } = finding
  const [at = culpritOf(group), ...also] = rules
  return { code, level: LEVELS[severity], message, at, also, fix }
}

function culpritOf({ journey, exchanges }: Group<PrintedFix>): RuleRef | undefined {
  return journey.culprit ?? exchanges?.worst.culprit ?? journey.cause[0]?.rule
}

/** `DROPPED by filter INPUT rule 3, tcp 192.0.2.1:4000 → 192.0.2.2:80 SYN`. */
function packetWords(group: Group<PrintedFix>): string {
  const { packet, family } = group.journey
  const decided = decidedOf(group)
  const by = decided && 'ref' in decided ? ` by ${ruleName(decided.ref)}` : ''
  const words = [packet.protocol ?? family, ...addressWords(group, MARKS), ...kindWords(packet, MARKS)]
  return `${wordOf(group)}${by}, ${words.join(' ')}`
}

/** The first that is a command, with what trying it gave. */
function fixWords(fix: readonly PrintedFix[]): string[] {
  const best = fix.find(({ command, unverified }) => command !== undefined && unverified !== ONLY_LOOKS)
  if (!best?.command) return []
  const tried = triedWords(best)
  return [`Fix${tried === undefined ? '' : ` (${tried})`}: ${printCommand(best.command)}`]
}

/** The rule, with the line of the file that holds it, where one does. */
function location(ref: RuleRef, world: World | undefined): object {
  const { line, file } = (world && placeOf(ref, world)) ?? {}
  return {
    ...(file === undefined
      ? {}
      : {
          physicalLocation: {
            artifactLocation: { uri: uriOf(file) },
            ...(line === undefined ? {} : { region: { startLine: line } }),
          },
        }),
    logicalLocations: [{ fullyQualifiedName: `${ref.family} ${ruleName(ref)}`, kind: 'member' }],
  }
}

/** A relative reference stays one: it is found below whatever the reader has for its root. */
const uriOf = (file: string): string => {
  const path = file.split('/').map(encodeURIComponent).join('/')
  return file.startsWith('/') ? `file://${path}` : path
}

const notification = ({ input, line, code, message }: Diagnostic): object => ({
  level: 'warning',
  descriptor: { id: code },
  message: { text: message },
  locations: [
    {
      physicalLocation: {
        artifactLocation: { uri: uriOf(input) },
        ...(line === undefined ? {} : { region: { startLine: line } }),
      },
    },
  ],
})
