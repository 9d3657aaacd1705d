/** What is tried: the packet, what was changed, and what comes of it before and after. */
import { batch, effect, signal, untracked } from '@preact/signals'
import type { WarningWords } from '../../../reports/warning-words.ts'
import type { Change, Explanation, Made, PacketForms, Play, RulesetOf, TypedPacket } from '../../protocol.ts'
import { Refused } from '../engine.ts'
import { after, ask, explanation, openings, rulesets, tab } from '../state.ts'

/** The packet that is played; absent: none was given yet. */
export const packet = signal<PacketForms | undefined>(undefined)
export const changes = signal<readonly Change[]>([])
/** The changes that the last Undo or Reset found, to be made again. */
export const undone = signal<readonly Change[] | undefined>(undefined)
/** For each change. */
export const made = signal<readonly Made[]>([])
/** The model without any change. */
export const before = signal<Explanation | undefined>(undefined)
export const warnings = signal<readonly WarningWords[]>([])
/** Why the model does not give what was captured, where it does not. */
export const differs = signal<string | undefined>(undefined)
/** Milliseconds from the question to the new explanation. */
export const took = signal<number | undefined>(undefined)
/** What could not be done, and at which part of the page that is said. */
export const refused = signal<{ at: string; error: Refused } | undefined>(undefined)
/** Rules as they are once the changes are made. */
export const changedRules = signal<readonly RulesetOf[] | undefined>(undefined)
/** The exchange whose packet it is. */
export const captured = signal<Explanation | undefined>(undefined)

/** The model with the changes, in full: rules that did not match and all as text too. Asked for where it is looked at. */
export const whole = signal<Explanation | undefined>(undefined)

/** The machine whose rules are changed, while no captured packet is tried. */
const machine = signal<string | undefined>(undefined)

/** What is played belongs to the files that are open. */
effect(() => {
  void openings.value
  untracked(() =>
    batch(() => {
      packet.value = undefined
      changes.value = []
      undone.value = undefined
      made.value = []
      before.value = undefined
      warnings.value = []
      differs.value = undefined
      took.value = undefined
      refused.value = undefined
      changedRules.value = undefined
      captured.value = undefined
      whole.value = undefined
      machine.value = undefined
    }),
  )
})

const where = (): { machine?: string } => {
  const name = captured.value?.machine ?? machine.value
  // one machine alone need not be named: a capture may call it otherwise than its files do
  return name === undefined || rulesets.value.length < 2 ? {} : { machine: name }
}

/** Changes are made on this machine; those on another one are gone. */
export async function useMachine(name: string | undefined): Promise<void> {
  if (rulesets.value.length < 2 || name === ownMachine()) return
  batch(() => {
    machine.value = name
    // its packet met another machine's rules
    captured.value = undefined
    packet.value = undefined
    before.value = undefined
    after.value = undefined
    whole.value = undefined
  })
  await reset()
  undone.value = undefined
}

/** On which machine changes were made so far; the first, where none was named. */
const ownMachine = (): string | undefined => where().machine ?? rulesets.value[0]?.machine

let queue: Promise<unknown> = Promise.resolve()

/**
 * Runs what may be refused, and keeps what is said against it for that part of the page. One behind the other: each goes on from
 * what the one before has made.
 */
async function attempt(at: string, work: () => Promise<void>): Promise<boolean> {
  refused.value = undefined
  const mine = queue.then(work)
  queue = mine.catch(() => {})
  try {
    await mine
    return true
  } catch (error) {
    refused.value = { at, error: error instanceof Refused ? error : new Refused(String(error)) }
    return false
  }
}

/** The packet of the exchange that is looked at, where it is not being tried already. */
export async function useShown(): Promise<void> {
  const shown = explanation.value
  if (!shown || isTried(shown)) return
  await attempt('packet', async () => {
    // asked for twice meanwhile
    if (isTried(shown)) return
    const forms = await ask('packet', { packet: shown.packet })
    const isElsewhere = rulesets.value.length > 1 && ownMachine() !== shown.machine
    captured.value = shown
    if (isElsewhere) undone.value = undefined
    await play(isElsewhere ? [] : changes.value, forms)
  })
}

/** What is known of it by now may be more than it was: the packet, or what was typed in its place, is the same. */
const isTried = ({ row }: Explanation): boolean =>
  captured.value?.row.id === row.id && captured.value.row.isOne === row.isOne

/** Rules and state of a trace that goes on are others by now. What can no longer be played is not shown either. */
export async function playAgain(): Promise<void> {
  const forms = packet.value
  if (!forms && changes.value.length === 0) return
  // what is shown stays until there is something newer
  states++
  if (await attempt('list', () => play(changes.value, packet.value))) return
  batch(() => {
    before.value = undefined
    after.value = undefined
    whole.value = undefined
    changedRules.value = undefined
  })
}

/** As it was typed, or put into the form. */
export const usePacket = (typed: TypedPacket): Promise<boolean> =>
  attempt('packet', async () => {
    const base = captured.value?.packet
    await play(changes.value, await ask('packet', base ? { ...typed, base } : typed))
  })

/** One change more. `at`: where it is said that it cannot be. */
export const change = (one: Change, at: string): Promise<boolean> =>
  attempt(at, async () => {
    await play([...changes.value, one], packet.value)
    undone.value = undefined
  })

/** A fix of the exchange that is looked at. */
export async function tryHere(one: Change): Promise<void> {
  await useShown()
  const isSame = (made: Change) =>
    'command' in one && 'command' in made ? made.command === one.command : JSON.stringify(made) === JSON.stringify(one)
  const isNew = !changes.value.some(isSame)
  if (isNew) await change(one, 'list')
  tab.value = 'try'
  // what is new stands at the top, and the button was far below
  requestAnimationFrame(() => {
    const panel = document.getElementById('panel')
    // the one that scrolls hangs on the width; scrollIntoView would move the whole page as well
    for (const box of document.querySelectorAll('main, .main'))
      if (panel) box.scrollTop += panel.getBoundingClientRect().top - box.getBoundingClientRect().top
  })
}

const takeBack = (left: (now: readonly Change[]) => readonly Change[]): Promise<boolean> =>
  attempt('list', async () => {
    const now = changes.value
    await play(left(now), packet.value)
    undone.value = now
  })

/** All but this one are made again. */
export const undo = (place: number): Promise<boolean> => takeBack((now) => now.filter((_, i) => i !== place))

export const reset = (): Promise<boolean> => takeBack(() => [])

export const redo = (): Promise<boolean> =>
  attempt('list', async () => {
    if (undone.value) await play(undone.value, packet.value)
    undone.value = undefined
  })

/** Is it the very packet that was captured? */
const isCaptured = (forms: PacketForms | undefined): boolean =>
  captured.value !== undefined && JSON.stringify(forms?.packet) === JSON.stringify(captured.value.packet)

let plays = 0
/** How often rules or state became others, and of which of them `before` is. */
let states = 0
let stateOfBefore = 0

async function play(next: readonly Change[], forms: PacketForms | undefined): Promise<void> {
  const mine = ++plays
  const state = states
  const from = performance.now()
  const machine = where()
  if (!forms) {
    const done = await ask('change', { changes: next, ...machine })
    if (mine === plays)
      batch(() => {
        changes.value = next
        made.value = done
        changedRules.value = undefined
      })
    return
  }
  const played = await ask('play', { ...playOf(forms, next), isBrief: true })
  const time = performance.now() - from
  const isSame = stateOfBefore === state && before.value !== undefined && packet.value === forms
  const unchanged =
    next.length === 0
      ? played.explanation
      : isSame
        ? before.value
        : (await ask('play', { ...playOf(forms, []), isBrief: true })).explanation
  if (mine !== plays) return
  stateOfBefore = state
  batch(() => {
    packet.value = forms
    changes.value = next
    made.value = played.made
    before.value = unchanged
    after.value = played.explanation
    warnings.value = played.warnings
    differs.value = played.differs
    took.value = time
    changedRules.value = undefined
    whole.value = undefined
  })
}

const playOf = (forms: PacketForms, of: readonly Change[]): Play => ({
  packet: forms.packet,
  changes: of,
  ...(isCaptured(forms) ? { journey: captured.value!.row.id } : {}),
  ...where(),
})

export async function loadWhole(): Promise<void> {
  const forms = packet.value
  if (!forms || whole.value) return
  const mine = plays
  const { explanation } = await ask('play', playOf(forms, changes.value))
  if (mine === plays) whole.value = explanation
}

/** Rules as they are with all changes; asked for where they are shown. */
export async function loadChangedRules(): Promise<void> {
  const of = changes.value
  if (of.length === 0 || changedRules.value) return
  const told = await ask('rulesets', { changes: of, ...where() })
  if (of === changes.value) changedRules.value = told
}
