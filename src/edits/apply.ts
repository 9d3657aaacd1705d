/** What an Edit makes of a World. */
import type { Edit } from '../model/edit.ts'
import type { World } from '../model/world.ts'
import { editConntrack } from './conntrack/apply.ts'
import { Draft } from './draft.ts'
import { ipEdits, ipsetEdits, iptablesEdits, nftEdits } from './later.ts'
import { EditProblem, Misplaced } from './problem.ts'
import { editSysctl } from './sysctl/apply.ts'

export type EditResult = { world: World } | { error: string; misplaced?: true }

/**
 * The World after the edit, or why the tool or the kernel would refuse it. The World given stays as it is; tables, chains,
 * rules and lists that the edit does not touch are the same objects in both.
 */
export function applyEdit(world: World, edit: Edit): EditResult {
  const editor = new Editor(world)
  const error = editor.apply(edit)
  return error === undefined ? { world: editor.world } : { error, ...(editor.isMisplaced ? { misplaced: true } : {}) }
}

/** One after the other; where one is refused, the reason. */
export function applyEdits(world: World, edits: readonly Edit[]): EditResult {
  let at = world
  for (const edit of edits) {
    const applied = applyEdit(at, edit)
    if ('error' in applied) return applied
    at = applied.world
  }
  return { world: at }
}

/** Many edits, one after the other; what is copied, is copied once for all. */
export class Editor {
  private readonly draft: Draft
  private readonly meter: Meter | undefined
  /** The last edit was refused for where its rule would be reached from. */
  isMisplaced = false

  /** `meter`: takes the steps that edits take, and may end them by what it throws. */
  constructor(world: World, meter?: Meter) {
    this.draft = new Draft(world)
    this.meter = meter
  }

  /** As it is by now; not to be kept while edits follow. */
  get world(): World {
    this.draft.number()
    return this.draft.world
  }

  /** Why it is refused, and then nothing has changed. */
  apply(edit: Edit): string | undefined {
    try {
      change(edit, this.draft)
    } catch (problem) {
      this.isMisplaced = problem instanceof Misplaced
      if (problem instanceof EditProblem) return problem.message
      throw problem
    } finally {
      const { tables, sets } = this.draft.world
      this.draft.work += tables.length + sets.length
      const steps = Math.floor(this.draft.work / LOOKED_AT)
      this.draft.work -= steps * LOOKED_AT
      if (steps > 0) this.meter?.step(steps)
    }
    return undefined
  }
}

/** So many rules are looked at while a script takes one step of its own. */
const LOOKED_AT = 32

interface Meter {
  step(count: number): void
}

function change(edit: Edit, draft: Draft): void {
  switch (edit.kind) {
    case 'rule':
      iptablesEdits.loaded.editRule(edit, draft)
      break
    case 'chain':
      iptablesEdits.loaded.editChain(edit, draft)
      break
    case 'ipset':
      ipsetEdits.loaded.editSet(edit, draft)
      break
    case 'sysctl':
      editSysctl(edit, draft)
      break
    case 'route':
      ipEdits.loaded.editRoute(edit, draft)
      break
    case 'routing-rule':
      ipEdits.loaded.editRoutingRule(edit, draft)
      break
    case 'address':
      ipEdits.loaded.editAddress(edit, draft)
      break
    case 'neighbour':
      ipEdits.loaded.editNeighbour(edit, draft)
      break
    case 'bridge-port':
      ipEdits.loaded.editBridgePort(edit, draft)
      break
    case 'conntrack':
      editConntrack(edit, draft)
      break
    case 'nft':
      nftEdits.loaded.editNft(edit, draft)
      break
    case 'nft-comment':
      nftEdits.loaded.editByComment(edit, draft)
  }
}
