/** What is listed, as a file: the same that the command line writes of the same inputs. */
import { Analysis, type Input, namedInput } from '../../analysis/analysis.ts'
import type { ClosedJourney } from '../../analysis/closed-journey.ts'
import { Groups } from '../../analysis/groups.ts'
import { correlatorOf } from '../../analysis/hosts.ts'
import { openInputs, type UsedFile } from '../../analysis/inputs/open.ts'
import { makeSelection, type Selection } from '../../analysis/select.ts'
import { concat } from '../../model/concat.ts'
import { latin1 } from '../../model/latin1.ts'
import { UserError } from '../../model/user-error.ts'
import { DEFAULT_FORM_OPTIONS } from '../../reports/form.ts'
import { FORMS } from '../../reports/index.ts'
import { openReport, type Sink } from '../../reports/journeys.ts'
import { openPcapng } from '../../reports/pcapng/index.ts'
import { tellAll } from '../../reports/tell-all.ts'
import type { ExportForm, Wanted } from '../protocol.ts'
import { fillReport } from '../report/fill.ts'
import { heldFiles } from '../report/held-files.ts'
import { reportData } from '../report/report-data.ts'
import type { Narrowed } from './rows.ts'

export interface Exported {
  files: readonly Input[]
  /** More is still to come of them. */
  isUnderWay: boolean
  wanted: Wanted
  /** What is listed, where facets leave some out. */
  shown: Narrowed | undefined
}

/** Throws UserError. */
export async function exportAs(form: ExportForm, of: Exported): Promise<Uint8Array> {
  return form === 'html' ? exportPage(of) : exportReport(form, of)
}

async function exportReport(form: Exclude<ExportForm, 'html'>, { files, isUnderWay, wanted, shown }: Exported) {
  const inputs = await openInputs(files.map(namedInput), [])
  const out = new Parts()
  const telling = {
    terminal: { ...DEFAULT_FORM_OPTIONS, hosts: inputs.machines.length > 1 },
    out,
    selection: narrowed(makeSelection(selectOf(wanted)), shown),
    correlator: correlatorOf(inputs.machines),
  }
  const report = form === 'pcapng' ? openPcapng(telling) : openReport({ ...telling, form: FORMS[form], live: false })
  await tellAll(inputs, report, { isUnderWay, warns: true })
  return out.bytes
}

const selectOf = ({ filter }: Wanted) => (filter === '' ? {} : { filter })

/** A request goes with its exchange; other journeys with their group, which are made once more, in the same order. */
function narrowed(selection: Selection, shown: Narrowed | undefined): Selection {
  if (!shown) return selection
  const groups = new Groups(selection.journey)
  const packet = (closed: ClosedJourney): boolean => {
    if (!selection.packet(closed)) return false
    const folded = groups.add(closed)
    if (!folded) return false
    const id = String(closed.id)
    if (shown.requests.has(id)) return true
    return !shown.otherRequests.has(id) && shown.firsts.has(folded.group.journey.id)
  }
  return { ...selection, packet }
}

class Parts implements Sink {
  private readonly parts: Uint8Array[] = []
  private readonly encoder = new TextEncoder()

  write(text: string | Uint8Array): void {
    this.parts.push(typeof text === 'string' ? this.encoder.encode(text) : text.slice())
  }

  flush(): void {}

  get bytes(): Uint8Array {
    return concat(this.parts)
  }
}

/** As `explain -o report.html`. */
async function exportPage({ files, isUnderWay, wanted }: Exported): Promise<Uint8Array> {
  const used: UsedFile[] = []
  const inputs = await openInputs(files.map(namedInput), [], undefined, (file) => used.push(file))
  const analysis = new Analysis(inputs, { unmatched: true, isUnderWay })
  const listing = await analysis.listing(selectOf(wanted))
  const { filter, ...facets } = wanted
  const isWhole = filter === '' && Object.values(facets).every((one) => one.length === 0)
  const data = reportData(analysis, listing, await heldFiles(used, { captures: isWhole }), facets)
  return new TextEncoder().encode(fillReport(await shell(), await packed(JSON.stringify(data))))
}

/** It lies beside the worker. */
async function shell(): Promise<string> {
  const { href } = (globalThis as unknown as { location: { href: string } }).location
  const response = await fetch(new URL('report.html', href)).catch(() => undefined)
  if (!response?.ok) throw new UserError('The page of the report cannot be had: the server does not answer any more.')
  return response.text()
}

async function packed(text: string): Promise<string> {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream('gzip'))
  return btoa(latin1(new Uint8Array(await new Response(stream).arrayBuffer())))
}
