/** What is listed: the outcomes, and when exchanges began. */
import type { FacetKind, Facet as FacetOf, Mark, TimeLine } from '../../protocol.ts'
import { facets, listed, toggleFacet } from '../state.ts'
import { SIGNS } from './list.tsx'

export function Facets() {
  const all = listed.value?.facets
  if (!all) return null
  return (
    <>
      <Facet kind="words" title="Outcomes" of={all.words} />
      {all.machines.length > 1 && <Facet kind="machines" title="Machines" of={all.machines} />}
      {all.decided.length > 1 && (
        <details class="decided">
          <summary>By what decided ({all.decided.length})</summary>
          <Facet kind="decided" title="What decided" of={all.decided} />
        </details>
      )}
    </>
  )
}

function Facet({ kind, title, of }: { kind: FacetKind; title: string; of: readonly FacetOf[] }) {
  const wanted = facets.value[kind]
  return (
    <fieldset class="facets">
      <legend>{title}</legend>
      {of.map(({ name, mark, count }) => (
        <button
          type="button"
          key={name}
          class={`facet ${mark}`}
          aria-pressed={wanted.includes(name)}
          onClick={() => void toggleFacet(kind, name)}
        >
          {SIGNS[mark]} {count.toLocaleString('en')} {kind === 'words' ? name.toLowerCase() : name}
        </button>
      ))}
    </fieldset>
  )
}

const MARKS: readonly Mark[] = ['good', 'look', 'unsure', 'bad']
const HEIGHT = 36

export function Times() {
  const times = listed.value?.times
  if (!times) return null
  const { bins } = times
  const sums = bins.bad.map((_, i) => MARKS.reduce((sum, mark) => sum + bins[mark][i]!, 0))
  // one or two moments tell nothing of the course
  if (sums.filter((one) => one > 0).length < 3) return null
  const most = Math.max(...sums)
  return (
    <>
      <svg class="times" viewBox={`0 0 ${sums.length} ${HEIGHT}`} preserveAspectRatio="none" role="img">
        <title>{titleOf(times)}</title>
        {MARKS.map((mark) => (
          <path key={mark} class={mark} d={barsOf(bins, mark, most)} />
        ))}
      </svg>
      <p class="times-label">
        <span>first</span>
        <span>last: {secondsOf(times)} later</span>
      </p>
    </>
  )
}

const titleOf = (times: TimeLine): string => `When exchanges began: within ${secondsOf(times)}`

function secondsOf({ first, last }: TimeLine): string {
  const seconds = (last - first) / 1e6
  return `${seconds < 10 ? seconds.toFixed(2) : Math.round(seconds)} seconds`
}

/** One bar for each part of the time, on top of those of the marks before. */
function barsOf(bins: TimeLine['bins'], mark: Mark, most: number): string {
  const below = MARKS.slice(0, MARKS.indexOf(mark))
  return bins[mark]
    .map((count, i) => {
      if (count === 0) return ''
      const height = (number: number) => (number / most) * HEIGHT
      const from = HEIGHT - height(below.reduce((sum, one) => sum + bins[one][i]!, 0))
      // one of a thousand is to be seen as well
      const tall = Math.max(2, height(count))
      return `M${i} ${from}v${-tall}h0.8v${tall}z`
    })
    .join('')
}
