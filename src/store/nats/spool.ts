/**
 * Messages that wait for a broker: a folder of bounded size, in which each process has a folder of its own. Whoever opens it
 * takes over the folders of processes that are gone.
 */
import { readdirSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { makeFolder } from '../folders.ts'
import { type Counts, NOTHING, rowsOf, sum } from './counts.ts'
import type { Message } from './message.ts'
import { type Spooled, SpoolFolder, sizeOnDisk } from './spool-folder.ts'

export class Spool {
  /** The first is written. */
  private readonly folders: SpoolFolder[]
  private readonly most: number
  /** In the order in which they came; rulesets, without which what names them is worth less, are the last to fall out. */
  private readonly rulesets: Spooled[] = []
  private readonly others: Spooled[] = []
  private size = 0
  /** How many messages wait, or are on their way. */
  waiting = 0
  /** What fell out since this was opened, and before, if the broker has not heard of it. */
  lost: Counts = NOTHING

  /** `most`: bytes on disk. Throws what the system throws. */
  constructor(root: string, most: number, self = ownName()) {
    this.most = most
    makeFolder(root)
    this.folders = [new SpoolFolder(join(root, `${self}.0`)), ...takenOver(root, self)]
    const found = this.folders.flatMap((folder) => folder.messages())
    for (const one of found.sort((a, b) => (a.name < b.name ? -1 : 1))) this.add(one)
    for (const { lost } of this.folders) this.lost = sum(this.lost, lost)
    this.makeRoom(0)
  }

  /** Bytes on disk. */
  get bytes(): number {
    return this.size
  }

  put(message: Message): void {
    const isRuleset = message.counts.rulesets > 0
    if (!this.makeRoom(sizeOnDisk(message.bytes.length), isRuleset)) {
      this.folders[0]!.loseUnwritten(message.counts)
      this.lost = sum(this.lost, message.counts)
    } else this.add(this.folders[0]!.put(message))
  }

  /** The oldest, with its bytes; it is on its way until it is removed or given back. Undefined: there is none. */
  take(): { spooled: Spooled; bytes: Uint8Array } | undefined {
    for (;;) {
      const spooled = this.rulesets.shift() ?? this.others.shift()
      if (!spooled) return undefined
      const bytes = spooled.folder.read(spooled)
      if (bytes) return { spooled, bytes }
      this.lose(spooled)
    }
  }

  /** The broker has it. */
  remove(spooled: Spooled): void {
    spooled.folder.remove(spooled)
    this.forget(spooled)
  }

  /** It was not sent. */
  giveBack(spooled: Spooled): void {
    this.listOf(spooled).unshift(spooled)
  }

  /** It can never be sent. */
  lose(spooled: Spooled): void {
    spooled.folder.lose(spooled)
    this.lost = sum(this.lost, spooled.counts)
    this.forget(spooled)
  }

  /** All that the broker is to hear of what fell out. `told` is called when it has heard. */
  *allLost(): Generator<{ id: string; counts: Counts; told(): void }> {
    for (const folder of this.folders)
      for (let next = folder.nextLost(); next; next = folder.nextLost())
        yield { ...next, told: () => folder.lostIsTold() }
  }

  /** Is there something that the broker has not heard of? */
  get hasUntold(): boolean {
    return this.folders.some(({ lost }) => rowsOf(lost) > 0)
  }

  /** What waits. */
  get held(): Counts {
    return [...this.rulesets, ...this.others].reduce((all, { counts }) => sum(all, counts), NOTHING)
  }

  close(): void {
    for (const folder of this.folders) folder.removeEmpty()
  }

  private add(spooled: Spooled): void {
    this.listOf(spooled).push(spooled)
    this.size += spooled.size
    this.waiting++
  }

  private forget({ size }: Spooled): void {
    this.size -= size
    this.waiting--
  }

  private listOf({ counts }: Spooled): Spooled[] {
    return counts.rulesets > 0 ? this.rulesets : this.others
  }

  /** The oldest fall out until so many bytes fit. False: they do not. What is on its way stays. */
  private makeRoom(bytes: number, isRuleset = true): boolean {
    while (this.size + bytes > this.most) {
      const oldest = this.others.shift() ?? (isRuleset ? this.rulesets.shift() : undefined)
      if (!oldest) return false
      this.lose(oldest)
    }
    return true
  }
}

/** Their folders are this process' own from now on; of several that try, one gets it. */
function takenOver(root: string, self: string): SpoolFolder[] {
  const taken: SpoolFolder[] = []
  for (const name of readdirSync(root)) {
    const owner = /^(\d+-\w+)\.\d+$/.exec(name)?.[1]
    if (owner === undefined || owner === self || lives(owner)) continue
    const own = join(root, `${self}.${taken.length + 1}`)
    try {
      renameSync(join(root, name), own)
    } catch {
      // another one was faster
      continue
    }
    taken.push(new SpoolFolder(own))
  }
  return taken
}

/** A number that a process had is given to another one later; when it began tells them apart. */
const ownName = (): string => `${process.pid}-${bornOf(process.pid)}`

function lives(owner: string): boolean {
  const [pid, born] = owner.split('-')
  try {
    process.kill(Number(pid), 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  return bornOf(Number(pid)) === born
}

/** Clock ticks from boot, with the boot; where there is no /proc the number alone has to do. */
function bornOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const [, ticks] = /^(?:\S+ ){19}(\d+)/.exec(stat.slice(stat.lastIndexOf(')') + 2)) ?? []
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').slice(0, 8)}${ticks}`
  } catch {
    return 'x'
  }
}
