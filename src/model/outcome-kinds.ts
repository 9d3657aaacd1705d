/** What kind of an outcome it is. */
import { isAnnouncement } from './announcement.ts'
import type { ExchangeStatus } from './exchange.ts'
import type { Finding, Fix, Journey, Outcome, Severity } from './journey.ts'

/** Is anything of this severity among them? */
export const has = (findings: readonly Finding[], severity: Severity): boolean =>
  findings.some((one) => one.severity === severity)

const STOPPED: readonly Outcome[] = ['dropped', 'rejected', 'vanished']
const PASSED: readonly Outcome[] = ['delivered', 'forwarded', 'sent']

export const isStopped = (outcome: Outcome): boolean => STOPPED.includes(outcome)
export const isPassed = (outcome: Outcome): boolean => PASSED.includes(outcome)

/** By a rule or a policy, not by routing. */
export const isStoppedByRule = (outcome: Outcome | ExchangeStatus | undefined): boolean =>
  outcome === 'dropped' || outcome === 'rejected'

/** By an interface; of what this host sent itself that may be lo. */
export const hasLeft = (outcome: Outcome): boolean => outcome === 'forwarded' || outcome === 'sent'

/** Did the fix do what it is for, when it was tried? */
export const helps = (fix: Pick<Fix, 'after' | 'but' | 'stops'>): boolean =>
  fix.stops ? fix.after !== undefined && isStopped(fix.after) : getsThrough(fix)

/** What nothing stopped of what hosts tell each other of groups and neighbours: nobody asks about it. */
export const isMereAnnouncement = ({
  outcome,
  packet,
  findings,
}: Pick<Journey, 'outcome' | 'packet' | 'findings'>): boolean =>
  !isStoppedByRule(outcome) && isAnnouncement(packet) && !findings.some(({ code }) => code === NOT_ANSWERED)

/** A solicitation that the host put away itself, as it does with what a rule drops. */
const NOT_ANSWERED = 'neighbour-discovery-dropped'

/** The kernel put away what this host has no use for. */
export const isUnwanted = ({ outcome, packet }: Pick<Journey, 'outcome' | 'packet'>): boolean =>
  outcome === 'vanished' && isAnnouncement(packet)

/** Nothing stopped it, or a rule took it to serve it itself, as synproxy does. */
export const isServed = (outcome: Outcome): boolean => isPassed(outcome) || outcome === 'stolen'

/** Did the packet and its reply get through with the fix, when it was tried? */
export const getsThrough = ({ after, but }: Pick<Fix, 'after' | 'but'>): boolean =>
  after !== undefined && isServed(after) && but === undefined

/** That it vanished is concluded from a line that is missing, and nothing says why: lines of a log get lost. */
export const isThoughtVanished = ({
  outcome,
  basis,
  findings,
}: Pick<Journey<unknown>, 'outcome' | 'basis' | 'findings'>): boolean =>
  outcome === 'vanished' && basis !== 'observed' && findings.every(({ severity }) => severity === 'note')
