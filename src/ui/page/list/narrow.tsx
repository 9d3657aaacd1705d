/** What is listed: a filter in the command line's language, the outcomes, and when exchanges began. */
import { useEffect, useState } from 'preact/hooks'
import type { FacetKind, Facet as FacetOf, Mark, TimeLine } from '../../protocol.ts'
import { facets, filter, filterBy, filterProblem, listed, toggleFacet } from '../state.ts'
import { SIGNS } from './list.tsx'

export function Filter() {
  const [text, setText] = useState(filter.value)
  useEffect(() => setText(filter.value), [filter.value])
  const wrong = filterProblem.value
  return (
    <form
      class="filter"
      onSubmit={(event) => {
        event.preventDefault()
        void filterBy(text.trim())
      }}
    >
      <label for="filter">Filter</label>
      <input
        id="filter"
        type="text"
        value={text}
        placeholder="tcp dst port 80"
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        list="filter-words"
        aria-invalid={wrong !== undefined}
        aria-describedby={wrong ? 'filter-problem' : undefined}
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <datalist id="filter-words">
        {WORDS.map((word) => (
          <option key={word} value={text.replace(/\S*$/, '') + word} />
        ))}
      </datalist>
      {filter.value !== '' && (
        <button type="button" onClick={() => void filterBy('')}>
          Clear
        </button>
      )}
      {wrong && (
        <pre id="filter-problem" class="wrong" role="alert">
          {wrong.message}
          {wrong.hint === undefined ? '' : `\n${wrong.hint}`}
        </pre>
      )}
    </form>
  )
}

/** Words that filters are made of; parse.ts in src/filter knows them all. */
const WORDS = [
  'tcp',
  'udp',
  'icmp',
  'icmp6',
  'host',
  'src host',
  'dst host',
  'port',
  'src port',
  'dst port',
  'net',
].concat(['syn', 'in', 'out', 'mark', 'ip', 'ip6', 'and', 'or', 'not'])

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
  const most = Math.max(...sums)
  return (
    <svg class="times" viewBox={`0 0 ${sums.length} ${HEIGHT}`} preserveAspectRatio="none" role="img">
      <title>{titleOf(times)}</title>
      {MARKS.map((mark) => (
        <path key={mark} class={mark} d={barsOf(bins, mark, most)} />
      ))}
    </svg>
  )
}

function titleOf({ first, last }: TimeLine): string {
  const seconds = (last - first) / 1e6
  return `When exchanges began: within ${seconds < 10 ? seconds.toFixed(2) : Math.round(seconds)} seconds`
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
