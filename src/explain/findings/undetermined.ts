import type { Conclusion } from '../../journey/outcome.ts'
import { notShownWords } from '../../rules/not-shown.ts'
import { type Context, type Detector, finding } from '../context.ts'
import { nameRef, refAt } from '../refs.ts'

/** Where nothing else says why: what is missing to know how the journey ended. */
const MISSING: Partial<Record<NonNullable<Conclusion['because']>, string>> = {
  'unknown-target': 'nfwhy does not know what its target does',
  'no-routes':
    "the capture does not show whether it was for this host: add the host's addresses and routes (ip -j addr, ip -j route show table all)",
  group: 'it is multicast, and host state does not show whether this host has joined the group (ip maddr show)',
  'unknown-policy': 'the beginning of the ruleset is missing, and with it the policy of this chain',
  fragment:
    'it is a fragment. The kernel reassembles fragments before INPUT, and the whole packet has trace lines of its own',
  'maybe-no-chain':
    'iptables-nft lists the next chain as empty even if it does not exist. Whether the packet traversed it is unknown (nft -a list ruleset shows it)',
  'frame-address':
    'the link addresses of this host are unknown, or the frame has none: it is for this host, or the bridge forwards it',
  'way-back':
    'the reverse path filter may have dropped it, since its route back is unknown: add the routes and routing rules (ip -j route show table all, ip -j rule)',
  'nat-unseen': 'conntrack NAT may have rewritten it, and no later chain was traced',
}

/** Of the tables that no listing shows, the one that decides or comes next. */
function notShown({ ended: { missing, step }, journey, world }: Context): string {
  const name = missing?.table.name ?? journey.steps[step]?.table
  const tables = (world.unlisted ?? []).filter((one) => one.family === journey.family)
  const next = tables.filter((one) => one.name === name)
  return notShownWords(next.length > 0 ? next : tables)
}

export const undetermined: Detector = {
  code: 'undetermined',
  detect(context) {
    const { because, step } = context.ended
    const missing = because === 'not-shown' ? notShown(context) : because && MISSING[because]
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
