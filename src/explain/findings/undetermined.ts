import type { Conclusion } from '../../journey/outcome.ts'
import { type Detector, finding } from '../context.ts'
import { nameRef, refAt } from '../refs.ts'

/** Where nothing else says why: what is missing to know how the journey ended. */
const MISSING: Partial<Record<NonNullable<Conclusion['because']>, string>> = {
  'unknown-target': 'what its target does is not understood',
  'no-routes':
    "whether the packet was for this host or another is not known: add the host's addresses and routes (ip -j addr, ip -j route show table all)",
  group: 'it is for a group, and whether somebody on this host has joined that is not known (ip maddr show)',
  'unknown-policy': "the ruleset's text does not say what the chain's policy is: its beginning is missing",
  fragment:
    'it is a fragment, and a host puts those of a packet for itself together before INPUT; the whole packet goes on from there with lines of its own',
  'maybe-no-chain':
    'iptables-nft lists the chain that comes next, empty, also where nobody has made it: whether the packet had to meet it is not known (nft -a list ruleset tells)',
  'nat-unseen': "the flow's connection may have rewritten the packet behind it, and no later chain shows it",
}

export const undetermined: Detector = {
  code: 'undetermined',
  detect(context) {
    const { because, step } = context.ended
    const missing = because === undefined ? undefined : MISSING[because]
    if (missing === undefined) return []
    const last = refAt(context, step)
    // what machines tell their neighbours all the time
    const isUsual = because === 'group'
    return [
      finding(
        'undetermined',
        isUsual ? 'note' : 'warning',
        `Path unknown after ${last ? nameRef(last) : 'its last line'}: ${missing}.`,
        {
          steps: [step + 1],
          rules: last ? [last] : [],
        },
      ),
    ]
  },
}
