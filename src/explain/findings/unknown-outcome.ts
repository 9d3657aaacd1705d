/** Findings that say why nothing can be said: no ruleset, or not the one in force. */
import { type Detector, finding } from '../context.ts'

export const noRuleset: Detector = {
  code: 'no-ruleset',
  detect({ world, journey, evidence }) {
    if (world.tables.some((table) => table.family === journey.family || table.family === 'inet')) return []
    if (evidence.lossless !== undefined)
      return [
        finding(
          'no-ruleset',
          'note',
          'Without the ruleset a trace does not say which rules did not match, nor which chains there are: add the output of nft -a list ruleset.',
        ),
      ]
    if (journey.family === 'arp' || journey.family === 'bridge') return []
    const tool = journey.family === 'ip6' ? 'ip6tables-save' : 'iptables-save'
    return [
      finding(
        'no-ruleset',
        'warning',
        `Without the ruleset a trace does not say what its rules do: add the output of ${tool}.`,
      ),
    ]
  },
}

export const rulesetMismatch: Detector = {
  code: 'ruleset-mismatch',
  detect({ evidence }) {
    const steps = evidence.arrivals.flatMap((arrival, i) => (arrival.mismatch ? [i + 1] : []))
    if (steps.length === 0) return []
    const first = evidence.arrivals[steps[0]! - 1]!.mismatch
    return [
      finding('ruleset-mismatch', 'warning', `The ruleset is not the one that was in force: ${first}.`, {
        steps,
        fix: [
          {
            description: 'take the ruleset while tracing, with the TRACE rule still in place: iptables-save -c',
            unverified: 'it is about the input, not about the rules',
          },
        ],
      }),
    ]
  },
}
