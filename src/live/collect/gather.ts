/** One machine's answers to the sections, over whatever leads to it. */
import { type Place, startScript, untilEnded } from '../place.ts'
import { LiveProblem } from '../problem.ts'
import { ABOUT, ABSENT, type Frame, FrameReader, NOTES, REFUSED, type Section, sectionScript } from '../script/index.ts'

/** How it went with one section. `missing`: there is nothing to ask. `cut`: only its beginning is there. */
export type Word = 'collected' | 'cut' | 'empty' | 'missing' | 'refused' | 'failed'

export interface Answer {
  section: Section
  word: Word
  bytes: Uint8Array
  status: number
  /** What it complained of, in one line. */
  remark: string
}

export interface Gathered {
  place: Place
  /** As the machine names itself, and what else it says of itself, a line each (`uid 0`). */
  host: string
  about: string
  answers: Answer[]
  /** Where the script did not come to its end: why. */
  broken?: string
}

/** Seconds after which a place that says nothing more is given up; each command has a limit of its own. */
const SILENCE = 90

/** Looks, and changes nothing. `most`: seconds that all of it may take. Throws LiveProblem where the place cannot be reached at all, or an end is asked for. */
export async function gather(
  place: Place,
  sections: readonly Section[],
  most = Number.POSITIVE_INFINITY,
  ending?: AbortSignal,
): Promise<Gathered> {
  const nonce = crypto.randomUUID().replaceAll('-', '')
  const gathered: Gathered = { place, host: '', about: '', answers: [] }
  const byId = new Map(sections.map((section) => [section.id, section]))
  const reader = new FrameReader(nonce, (frame) => {
    const section = byId.get(frame.id)
    if (section) gathered.answers.push(answerOf(section, frame))
    else if (frame.id === ABOUT) {
      gathered.about = new TextDecoder().decode(frame.bytes)
      gathered.host = /^host (\S+)/m.exec(gathered.about)?.[1] ?? ''
    }
  })
  const running = startScript(place, sectionScript(sections, { form: 'framed', nonce }))
  running.stdin.end()
  /** Seconds that were too long. */
  let late: number | undefined
  let timer: NodeJS.Timeout | undefined
  const until = Date.now() + most * 1000
  const wait = () => {
    clearTimeout(timer)
    const left = Math.min(SILENCE * 1000, until - Date.now())
    timer = setTimeout(() => {
      late = left < SILENCE * 1000 ? most : SILENCE
      running.kill()
    }, left)
  }
  wait()
  running.stdout.on('data', (bytes: Uint8Array) => {
    wait()
    reader.push(bytes)
  })
  const status = await untilEnded(running, ending).finally(() => clearTimeout(timer))
  const { complete, cut } = reader.end()
  const errors = running.errors().trim()
  if (gathered.about === '') {
    const why =
      late !== undefined
        ? `did not answer within ${late} s`
        : `no shell answered there (exit status ${status ?? 'none'})`
    throw new LiveProblem(`${place.name}: ${why}.`, errors || undefined)
  }
  if (!complete) {
    const where = cut ? `while it printed ${cut.file} (${cut.bytes} bytes of it had come)` : 'between two files'
    const brokenBy =
      late === undefined
        ? 'the connection broke'
        : late === SILENCE
          ? `nothing came for ${late} s`
          : `it took more than ${late} s`
    gathered.broken = `${brokenBy} ${where}${errors && `: ${errors}`}`
  }
  return gathered
}

function answerOf(section: Section, { bytes, status, stderr }: Frame): Answer {
  // iptables-nft says so of each table, and of iptables-legacy's, which are asked for as well
  const said = stderr.split('\n').filter((line) => !line.startsWith('# Warning: '))
  const remark = said.slice(0, 20).join(' ').trim()
  return { section, bytes, status, remark, word: wordFor(status, bytes.length, remark) }
}

/** The same rule as in the folder's script (../script/script.ts). */
function wordFor(status: number, bytes: number, remark: string): Word {
  if (status === ABSENT) return 'missing'
  if (status === REFUSED) return 'refused'
  if (status !== 0) return 'failed'
  if (bytes === 0) return remark === '' ? 'empty' : 'missing'
  return /(?:^|\s)cut:/.test(remark) ? 'cut' : 'collected'
}

export const isNote = ({ section }: Answer): boolean => section.file === NOTES
