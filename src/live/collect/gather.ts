/** One machine's answers to the sections, over whatever leads to it. */
import { COLLECT, type Limits, sizeWords } from '../limits.ts'
import { LiveProblem } from '../problem.ts'
import { ABOUT, ABSENT, type Frame, FrameReader, NOTES, REFUSED, type Section, sectionScript } from '../script/index.ts'
import { startScript, type TraceHost, untilEnded, whyNoShell } from '../trace-host.ts'

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
  place: TraceHost
  /** As the machine names itself, and what else it says of itself, a line each (`uid 0`). */
  host: string
  about: string
  answers: Answer[]
  /** Where the script did not come to its end, or not everything that was asked came: why. */
  broken?: string
  /** Sections that nobody had asked for, or that came again; they are left out. */
  unasked: number
}

/** Of what a machine says of itself so much is kept: bytes. */
const MOST_ABOUT = 4000

/** Looks, and changes nothing. Throws LiveProblem where the place cannot be reached at all, or an end is asked for. */
export async function gather(
  place: TraceHost,
  sections: readonly Section[],
  limits: Limits = COLLECT,
  ending?: AbortSignal,
): Promise<Gathered> {
  const nonce = crypto.randomUUID().replaceAll('-', '')
  const gathered: Gathered = { place, host: '', about: '', answers: [], unasked: 0 }
  const wanted = new Map(sections.map((section) => [section.id, section]))
  const take = (frame: Frame): void => {
    const section = wanted.get(frame.id)
    if (section?.file === frame.file) {
      wanted.delete(frame.id)
      gathered.answers.push(answerOf(section, frame, limits.section))
    } else if (frame.id === ABOUT && gathered.about === '') {
      gathered.about = linesOf(frame.bytes)
      gathered.host = /^host (\S+)/m.exec(gathered.about)?.[1] ?? ''
    } else gathered.unasked++
  }
  const reader = new FrameReader(nonce, take, (id, file) =>
    wanted.get(id)?.file === file ? limits.section : id === ABOUT ? MOST_ABOUT : 0,
  )
  const { stopped, status, complaints } = await readFrames(place, sections, nonce, reader, limits, ending)
  const { complete, cut, full } = reader.end()
  if (full) take(full)
  if (gathered.about === '') {
    const why = stopped ?? `no shell answered there (exit status ${status ?? 'none'})`
    throw new LiveProblem(`${place.name}: ${why}.`, whyNoShell(place, complaints))
  }
  if (!complete) {
    // a name of ours, not of theirs
    const file = cut && sections.find(({ id }) => id === cut.id)?.file
    const where = cut
      ? `in the middle of ${file ?? 'data that nfwhy did not request'} (${cut.bytes} bytes received)`
      : 'between two files'
    const said = complaints === undefined ? '' : `: ${oneLine(complaints)}`
    gathered.broken = `${stopped ?? 'the connection broke'} ${where}${said}`
  } else if (wanted.size > 0)
    gathered.broken = `the host sent no data for ${[...wanted.values()].map(({ id }) => id).join(', ')}`
  return gathered
}

interface Ended {
  /** Which limit it went beyond, in words. */
  stopped?: string
  status: number | undefined
  complaints: string | undefined
}

/** Until it has come to its end, or to one of the limits. */
async function readFrames(
  place: TraceHost,
  sections: readonly Section[],
  nonce: string,
  reader: FrameReader,
  limits: Limits,
  ending: AbortSignal | undefined,
): Promise<Ended> {
  const running = startScript(place, sectionScript(sections, { form: 'framed', nonce }))
  running.stdin.end()
  let stopped: string | undefined
  const stop = (why?: string) => {
    stopped ??= why
    running.stdout.pause()
    void running.abandon()
  }
  const late = setTimeout(() => stop(`the time limit of ${limits.seconds} s was reached`), limits.seconds * 1000)
  let silent: NodeJS.Timeout | undefined
  const wait = () => {
    clearTimeout(silent)
    silent = setTimeout(() => stop(`no data came for ${limits.silence} s`), limits.silence * 1000)
  }
  // nothing more will come: it may end by itself
  const over = () => {
    clearTimeout(silent)
    silent = setTimeout(stop, limits.ending * 1000)
  }
  wait()
  let bytes = 0
  running.stdout.on('end', over).on('data', (piece: Uint8Array) => {
    if (stopped !== undefined || reader.done) return
    wait()
    bytes += piece.length
    reader.push(piece)
    if (reader.done) over()
    else if (bytes > limits.bytes) stop(`stopped after ${sizeWords(limits.bytes)}`)
    else if (reader.begun > limits.sections) stop(`stopped after ${limits.sections} sections`)
  })
  const status = await untilEnded(running, ending).finally(() => {
    clearTimeout(late)
    clearTimeout(silent)
  })
  return { ...(stopped === undefined ? {} : { stopped }), status, complaints: running.complaints() }
}

const linesOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes).replaceAll('\r\n', '\n')

const oneLine = (text: string): string => text.split(/\s*\n\s*/).join(' ')

function answerOf(section: Section, { bytes, dropped, status, stderr }: Frame, most: number): Answer {
  // iptables-nft says so of each table, and of iptables-legacy's, which are asked for as well
  const said = stderr.split('\n').filter((line) => !line.startsWith('# Warning: '))
  const remark = said.slice(0, 20).join(' ').trim()
  if (dropped > 0) {
    const why = `cut: stopped after ${sizeWords(most)}; ${dropped} more bytes were left out`
    return { section, bytes: wholeLines(bytes), status, remark: remark ? `${why}: ${remark}` : why, word: 'cut' }
  }
  return { section, bytes, status, remark, word: wordFor(status, bytes.length, remark) }
}

const wholeLines = (bytes: Uint8Array): Uint8Array => bytes.subarray(0, bytes.lastIndexOf(10) + 1)

/** The same rule as in the folder's script (../script/script.ts). */
function wordFor(status: number, bytes: number, remark: string): Word {
  if (status === ABSENT) return 'missing'
  if (status === REFUSED) return 'refused'
  if (status !== 0) return 'failed'
  if (bytes === 0) return remark === '' ? 'empty' : 'missing'
  return /(?:^|\s)cut:/.test(remark) ? 'cut' : 'collected'
}

export const isNote = ({ section }: Answer): boolean => section.file === NOTES

/** It is there, and was not read, or not in full. */
export const isUnread = ({ word }: Answer): boolean => word === 'refused' || word === 'failed' || word === 'cut'
